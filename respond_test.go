package palisade_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// A person who is asked or refused sees whose page it is, and a way back.
func TestARefusalNamesTheSiteAndLeadsBack(t *testing.T) {
	for _, row := range []struct {
		name, site, host, referer string
		anyHost                   bool
		names, leads              string
	}{
		{"to the page that the form was on", "example.com", "example.com", "https://example.com/thread?id=5", false, "example.com", "/thread?id=5"},
		{"to a page of the site under another of its hosts", "example.com", "example.com", "https://www.example.com/signup", false, "example.com", "/signup"},
		{"to a page of the site behind a proxy that changes the host", "example.com", "10.0.0.7:8080", "https://example.com/signup", false, "example.com", "/signup"},
		{"to the first page, from another site", "example.com", "example.com", "https://evil.example/signup", false, "example.com", "/"},
		{"to the first page, where nothing says more", "localhost:8080", "localhost:8080", "", false, "localhost:8080", "/"},
		{"with any host, to a page of the request's", "localhost", "shop.example", "https://shop.example/signup", true, "shop.example", "/signup"},
		{"with any host, without a name where the request's host is none", "localhost", `a"><b>`, "", true, "", "/"},
	} {
		t.Run(row.name, func(t *testing.T) {
			one := palisade.Limit{Rate: 1, Per: time.Hour}
			s := newSite(t, func(c *palisade.Config, f *palisade.FormConfig) {
				c.Site, c.AnyHost, f.Ceiling = row.site, row.anyHost, one
				if !row.anyHost {
					c.Hosts = []string{"www.example.com"}
				}
			})
			from := []func(*http.Request){header("Referer", row.referer), func(r *http.Request) { r.Host = row.host; r.Header.Del("Origin") }}
			first, second := typed(s.load()), typed(s.load())
			s.wait(20 * time.Second)
			asked := s.post(nil, from...)
			s.post(first, from...)
			limited := s.post(second, from...)
			for status, w := range map[int]*httptest.ResponseRecorder{http.StatusForbidden: asked, http.StatusTooManyRequests: limited} {
				if w.Code != status {
					t.Fatalf("status %d because %s, want %d", w.Code, s.last().Reason, status)
				}
				page := w.Body.String()
				if strings.Contains(page, `<p class="site"`) != (row.names != "") || !strings.Contains(page, row.names) {
					t.Errorf("%d does not name %q:\n%s", status, row.names, page)
				}
				if !strings.Contains(page, `<a href="`+row.leads+`">`) || strings.Contains(page, "evil") {
					t.Errorf("%d does not lead to %q:\n%s", status, row.leads, page)
				}
			}
		})
	}
}

// A script gets an answer for scripts, also if it says that it accepts HTML: it would put
// our page into its own.
func TestWhoGetsAPageAndWhoAProblem(t *testing.T) {
	for name, test := range map[string]struct {
		mode, accept string
		page         bool
	}{
		"a navigation":                             {"navigate", "text/html,*/*;q=0.8", true},
		"a navigation that accepts anything":       {"navigate", "*/*", true},
		"a script that accepts HTML, as htmx does": {"cors", "text/html, */*", false},
		"a script of the same origin":              {"same-origin", "text/html", false},
		"a beacon":                                 {"no-cors", "*/*", false},
		"an old browser":                           {"", "text/html", true},
		"a program that accepts JSON":              {"", "application/json", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			w := s.post(typed(values{}), header("Accept", test.accept), func(r *http.Request) {
				if test.mode != "" {
					r.Header.Set("Sec-Fetch-Mode", test.mode)
				}
			})
			if got := strings.HasPrefix(w.Header().Get("Content-Type"), "text/html"); w.Code != 403 || got != test.page {
				t.Errorf("%d, a page: %v, want %v", w.Code, got, test.page)
			}
		})
	}
}
