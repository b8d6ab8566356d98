package signal_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/signal"
)

func TestOrigin(t *testing.T) {
	hosts := []string{"example.com", "localhost:8080", "[::1]:8080", "shop.example:443", "dev.localhost:*", "[::2]:*"}
	rows := []struct {
		name            string
		fetchSite, from []string
		want            signal.Reason
	}{
		{"the site's own page", []string{"same-origin"}, []string{"https://example.com"}, ""},
		{"the site's own page, in capitals", []string{"same-origin"}, []string{"https://EXAMPLE.com"}, ""},
		{"the site's own page on plain HTTP", nil, []string{"http://localhost:8080"}, ""},
		{"an IPv6 literal", nil, []string{"http://[::1]:8080"}, ""},
		{"a default port that the browser leaves out", nil, []string{"https://shop.example"}, ""},
		{"a page without referrer", []string{"same-origin"}, []string{"null"}, ""},
		{"typed into the address bar", []string{"none"}, nil, ""},
		{"an old browser without Origin", []string{"same-origin"}, nil, ""},
		{"any port of a host for development", nil, []string{"http://dev.localhost:5173"}, ""},
		{"no port of it", nil, []string{"http://dev.localhost"}, ""},
		{"any port of an IPv6 address", nil, []string{"http://[::2]:5173"}, ""},
		{"a host below it", nil, []string{"http://x.dev.localhost:5173"}, signal.ReasonCrossSite},
		{"the star itself", nil, []string{"http://dev.localhost:*"}, signal.ReasonCrossSite},
		{"another site", []string{"cross-site"}, []string{"https://evil.example"}, signal.ReasonCrossSite},
		{"another site that hides its origin", []string{"cross-site"}, []string{"null"}, signal.ReasonCrossSite},
		{"another site on a browser without Sec-Fetch-Site", nil, []string{"https://evil.example"}, signal.ReasonCrossSite},
		{"a sandbox on a browser without Sec-Fetch-Site", nil, []string{"null"}, signal.ReasonCrossSite},
		{"an origin that is not ours though the browser says same-origin", []string{"same-origin"}, []string{"https://evil.example"}, signal.ReasonCrossSite},
		{"a sibling host that is not ours", []string{"same-site"}, []string{"https://blog.example.com"}, signal.ReasonCrossSite},
		{"a sibling host of ours", []string{"same-site"}, []string{"https://example.com"}, ""},
		{"a sibling host without Origin", []string{"same-site"}, nil, signal.ReasonCrossSite},
		{"another port", nil, []string{"http://localhost:9090"}, signal.ReasonCrossSite},
		{"our name as a prefix", nil, []string{"https://example.com.evil.example"}, signal.ReasonCrossSite},
		{"our name as user info", nil, []string{"https://example.com@evil.example"}, signal.ReasonCrossSite},
		{"an origin with a path", nil, []string{"https://example.com/"}, signal.ReasonCrossSite},
		{"an origin of an extension", nil, []string{"chrome-extension://example.com"}, signal.ReasonCrossSite},
		{"an empty origin", nil, []string{""}, signal.ReasonCrossSite},
		{"a made-up value", []string{"friendly"}, nil, signal.ReasonCrossSite},
		{"two origins", nil, []string{"https://example.com", "https://evil.example"}, signal.ReasonOriginAmbiguous},
		{"two values of Sec-Fetch-Site", []string{"same-origin", "cross-site"}, nil, signal.ReasonOriginAmbiguous},
		{"neither header", nil, nil, signal.ReasonNoOrigin},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h := http.Header{}
			if row.fetchSite != nil {
				h["Sec-Fetch-Site"] = row.fetchSite
			}
			if row.from != nil {
				h["Origin"] = row.from
			}
			f, found := signal.Origin(h, hosts)
			if f.Reason != row.want || found != (row.want != "") {
				t.Fatalf("got %+v, want %q", f, row.want)
			}
			if hard := row.want != "" && row.want != signal.ReasonNoOrigin; f.Hard != hard {
				t.Errorf("hard is %v", f.Hard)
			}
		})
	}
}

// The law: an Origin that is not exactly one of ours never passes, and no other header
// changes that.
func FuzzOrigin(f *testing.F) {
	f.Add("same-origin", "https://example.com")
	f.Add("none", "https://example.com:443")
	f.Add("", "http://example.com:80")
	f.Add("same-site", "null")
	f.Fuzz(func(t *testing.T, fetchSite, origin string) {
		h := http.Header{"Origin": {origin}}
		if fetchSite != "" {
			h["Sec-Fetch-Site"] = []string{fetchSite}
		}
		if _, found := signal.Origin(h, []string{"example.com"}); found || origin == "null" && fetchSite == "same-origin" || origin == "null" && fetchSite == "none" {
			return
		}
		switch strings.ToLower(origin) {
		case "https://example.com", "http://example.com", "https://example.com:443", "http://example.com:80":
		default:
			t.Fatalf("Sec-Fetch-Site %q with Origin %q passes", fetchSite, origin)
		}
	})
}
