package gateway_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
)

// BenchmarkAnonymous measures the cost of a request from an unknown client: CPU time, and
// bytes of the answer. Each request comes from an address of its own unless its name says
// otherwise. The baseline is an open request of the same run.
func BenchmarkAnonymous(b *testing.B) {
	w := newWorld(b, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms[0].MaxBody = 16 << 20
		s.Forms[0].Limits = nil
	})
	w.app = func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) }
	ticket, made := madeUp(b, w)
	members := func(n, size int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`"m%d":"%s"`, i, strings.Repeat("x", size))
		}
		return "{" + strings.Join(list, ",") + "}"
	}
	for _, bench := range []struct {
		name, method, target, kind, body string
		same                             bool // all requests come from one address
	}{
		{"open page, the baseline", "GET", "/x", "", "", false},
		{"ticket", "GET", "/.palisade/ticket?form=signup", "", "", false},
		{"ticket, always from one address", "GET", "/.palisade/ticket?form=signup", "", "", true},
		{"challenge of a ticket, always from one address", "GET", "/.palisade/challenge?form=signup&ticket=" + ticket, "", "", true},
		{"no ticket", "POST", "/signup", urlencoded, "user=bot", false},
		{"no ticket, always from one address", "POST", "/signup", urlencoded, "user=bot", true},
		{"no ticket, JSON", "POST", "/signup", "application/json", `{"user":"bot"}`, false},
		{"made-up proof, always from one address", "POST", "/signup", urlencoded, made, true},
		{"odd path of 29 KB", "POST", "/" + strings.Repeat("%252e%252e/;.a//", 1800), urlencoded, "user=bot", false},
		{"plain path of 29 KB", "POST", strings.Repeat("/a1%20b2", 3600), urlencoded, "user=bot", false},
		{"1000 JSON members in 16 KB", "POST", "/signup", "application/json", members(1000, 6), false},
		{"9 MB of JSON", "POST", "/signup", "application/json", members(900, 10_000), false},
		{"9 MB of a form", "POST", "/signup", urlencoded, "user=" + strings.Repeat("x", 9<<20), false},
	} {
		b.Run(bench.name, func(b *testing.B) {
			sent, n := 0, 0
			for b.Loop() {
				r := httptest.NewRequest(bench.method, "/", strings.NewReader(bench.body))
				r.RequestURI = bench.target
				r.URL.Path, r.URL.RawQuery, _ = strings.Cut(bench.target, "?")
				r.RemoteAddr = "192.0.2.1:1"
				if n++; !bench.same {
					r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", n>>16&255, n>>8&255, n&255)
				}
				r.Host = "localhost"
				if bench.kind != "" {
					r.Header.Set("Content-Type", bench.kind)
				}
				rec := httptest.NewRecorder()
				w.handler.ServeHTTP(rec, r)
				sent += rec.Body.Len()
			}
			b.ReportMetric(float64(sent)/float64(n), "B-sent/op")
		})
	}
}

// madeUp returns a ticket, and a submission with an invented proof.
func madeUp(b *testing.B, w *world) (ticket, body string) {
	b.Helper()
	var o palisade.Offer
	if err := json.Unmarshal([]byte(w.get("/.palisade/ticket?form=signup").body), &o); err != nil {
		b.Fatal(err)
	}
	proof := fmt.Sprintf(`{"challenge":%s,"solution":{"counter":1,"derivedKey":"00%062x","time":1}}`, html.UnescapeString(string(o.Challenge)), 1)
	body = "user=bot&palisade-ticket=" + o.Ticket + "&palisade-proof=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(base64.StdEncoding.EncodeToString([]byte(proof)))
	for _, d := range o.Decoys {
		body += "&" + d.Name + "=" + d.Value
	}
	return o.Ticket, body
}
