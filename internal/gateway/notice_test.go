package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/internal/gateway"
)

// What the gateway refuses by itself has the site's name and a way back too.
func TestANoticeNamesTheSiteAndLeadsBack(t *testing.T) {
	named := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Host, s.Hosts, s.AnyHost = "example.com", []string{"www.example.com"}, false
	})
	unnamed := newWorld(t)
	for _, row := range []struct {
		name          string
		w             *world
		host, referer string
		status        int
		site, link    string
	}{
		{"a site with a name", named, "example.com", "https://example.com/shop?id=5", 405, "example.com", "/shop?id=5"},
		{"a site under another of its hosts", named, "www.example.com", "https://www.example.com/shop", 405, "example.com", "/shop"},
		{"from another site", named, "example.com", "https://evil.example/shop", 405, "example.com", "/"},
		{"a site that nobody named", unnamed, "shop.example", "https://shop.example/shop", 405, "shop.example", "/shop"},
		{"an address without a site", named, "other.example", "https://other.example/shop", 421, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			a := row.w.send("TRACE", "/", "", "", header("Referer", row.referer), func(r *http.Request) { r.Host = row.host })
			if a.status != row.status {
				t.Fatalf("status %d, want %d", a.status, row.status)
			}
			for part, want := range map[string]bool{
				`<p class="site" dir="ltr">` + row.site + "</p>": row.site != "",
				`<a href="` + row.link + `">`:                    row.link != "",
			} {
				if strings.Contains(a.body, part) != want {
					t.Errorf("%s: want %v in\n%s", part, want, a.body)
				}
			}
		})
	}
}
