package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/internal/gateway"
)

// preflight asks the app, which answers with the given headers.
func (w *world) preflight(origin string, headers ...string) {
	w.app = func(rw http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			rw.Header().Add(headers[i], headers[i+1])
		}
		rw.WriteHeader(http.StatusNoContent)
	}
	w.send("OPTIONS", "/signup", "", "", header("Origin", origin), header("Access-Control-Request-Method", "POST"), host("shop.example"))
}

func TestRefusalsThatAnotherOriginMayRead(t *testing.T) {
	const allow, with = "Access-Control-Allow-Origin", "Access-Control-Allow-Credentials"
	for _, test := range []struct {
		name   string
		before func(*world)
		origin string
		want   string // Access-Control-Allow-Origin
		with   string // credentials
	}{
		{"an origin that nobody allowed", nil, "https://evil.example", "", ""},
		{"an origin of the configuration", nil, "https://partner.example", "https://partner.example", "true"},
		{"the same host over HTTP", nil, "http://partner.example", "", ""},
		{"another host of the site", nil, "https://www.shop.example", "https://www.shop.example", "true"},
		{"no origin that can be named", nil, "null", "", ""},
		{"an origin that the app allowed", func(w *world) { w.preflight("https://a.example", allow, "https://a.example") }, "https://a.example", "https://a.example", ""},
		{"an origin that the app allowed with credentials", func(w *world) { w.preflight("https://a.example", allow, "https://a.example", with, "true") }, "https://a.example", "https://a.example", "true"},
		{"an origin beside the one that the app allowed", func(w *world) { w.preflight("https://a.example", allow, "https://a.example") }, "https://b.example", "", ""},
		{"an answer that allows another origin than the asking one", func(w *world) { w.preflight("https://b.example", allow, "https://a.example") }, "https://a.example", "", ""},
		{"any origin", func(w *world) { w.preflight("https://a.example", allow, "*", with, "true") }, "https://b.example", "*", ""},
		{"any origin, and this one with credentials", func(w *world) {
			w.preflight("https://a.example", allow, "https://a.example", with, "true")
			w.preflight("https://b.example", allow, "*")
		}, "https://a.example", "https://a.example", "true"},
		{"an answer with two origins", func(w *world) { w.preflight("https://a.example", allow, "https://a.example", allow, "*") }, "https://a.example", "", ""},
		{"the app allows a sandbox", func(w *world) { w.preflight("null", allow, "null") }, "null", "", ""},
		{"long ago", func(w *world) { w.preflight("https://a.example", allow, "https://a.example"); w.wait(11 * time.Minute) }, "https://a.example", "", ""},
		{"64 others since then", func(w *world) {
			w.preflight("https://a.example", allow, "https://a.example")
			for i := range 64 {
				origin := fmt.Sprintf("https://b%d.example", i)
				w.preflight(origin, allow, origin)
			}
		}, "https://a.example", "", ""},
		{"an answer that is no preflight's", func(w *world) {
			w.page("", allow, "*")
			w.get("/font", header("Origin", "https://a.example"), host("shop.example"))
		}, "https://a.example", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
				s.Host, s.AnyHost, s.Hosts, s.Origins = "shop.example", false, []string{"www.shop.example"}, []string{"https://partner.example"}
			})
			if test.before != nil {
				test.before(w)
			}
			for _, path := range []string{"/signup", "//odd"} { // refused by the library, and by the gateway
				got := w.send("POST", path, "application/json", "{}", header("Origin", test.origin), header("Accept", "application/json"), host("shop.example"))
				h := got.header
				if got.status/100 != 4 || h.Get(allow) != test.want || h.Get(with) != test.with {
					t.Errorf("%s: %d, allowed %q, credentials %q", path, got.status, h.Get(allow), h.Get(with))
				}
				if test.want != "" && (h.Get("Access-Control-Expose-Headers") != "Retry-After" || !strings.Contains(strings.Join(h["Vary"], ","), "Origin")) {
					t.Errorf("%s: %v", path, h)
				}
			}
		})
	}
}

// The app's own answer keeps the headers that the app gave it.
func TestAnswersOfTheAppKeepTheirHeaders(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Hosts = []string{"x.example"}
		s.Origins = []string{"https://partner.example"}
		s.Forms[0].Monitor = true
	})
	w.app = func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Access-Control-Allow-Origin", "https://partner.example")
		io.WriteString(rw, "ok")
	}
	h := w.send("POST", "/signup", "application/json", "{}", header("Origin", "https://partner.example")).header
	if got := h["Access-Control-Allow-Origin"]; len(got) != 1 || h.Get("Vary") != "" || h.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("%v", h)
	}
}

func TestOriginsThatAreMistakes(t *testing.T) {
	for _, origin := range []string{"", "*", "null", "app.example", "https://app.example/", "https://App.example", "https://app.example:443", "https://a@app.example", "ftp://app.example"} {
		_, err := gateway.New(gateway.Config{Sites: []gateway.Site{{Host: "localhost", Origins: []string{origin}}}})
		if err == nil || !strings.Contains(err.Error(), "Origins") {
			t.Errorf("%q: %v", origin, err)
		}
	}
}
