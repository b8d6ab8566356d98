package palisade_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/signal"
)

// Servers for development change their ports. What the client says of itself widens
// nothing.
func TestAnyPortOfALoopbackHostIsTheSite(t *testing.T) {
	for _, row := range []struct {
		name, site, host, origin string
		anyHost                  bool
		status                   int
	}{
		{"the port of the site", "localhost:8080", "localhost:8080", "http://localhost:8080", false, 303},
		{"another port", "localhost:8080", "localhost:8080", "http://localhost:5173", false, 303},
		{"a name without a port", "127.0.0.1", "127.0.0.1:8080", "http://127.0.0.1:8080", false, 303},
		{"an IPv6 address", "[::1]:8080", "[::1]:8080", "http://[::1]:3000", false, 303},
		{"a name below localhost", "shop.localhost", "shop.localhost", "http://shop.localhost:3000", false, 303},
		{"a name beside it", "shop.localhost", "shop.localhost", "http://mail.localhost:3000", false, 403},
		{"another loopback address", "127.0.0.1", "127.0.0.1", "http://127.0.0.2:3000", false, 403},
		{"a host of the internet", "example.com", "example.com", "https://example.com:8443", false, 403},
		{"a loopback host that the client names", "example.com", "localhost:8080", "http://localhost:5173", true, 403},
		{"a loopback host of any port that the client names", "example.com", "localhost:*", "http://localhost:5173", true, 403},
		{"a placeholder for any host", "localhost", "shop.example", "http://localhost:5173", true, 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, func(c *palisade.Config, _ *palisade.FormConfig) { c.Site, c.AnyHost = row.site, row.anyHost })
			v := typed(s.load())
			s.wait(20 * time.Second)
			w := s.post(v, header("Origin", row.origin), func(r *http.Request) { r.Host = row.host; r.Header.Del("Sec-Fetch-Site") })
			if w.Code != row.status {
				t.Errorf("status %d because %s, want %d", w.Code, s.last().Reason, row.status)
			}
		})
	}
}

// A wrong host in the configuration refuses everybody; the log says what to mend.
func TestTheLogSaysWhichOriginWasRefused(t *testing.T) {
	s := newSite(t, func(c *palisade.Config, _ *palisade.FormConfig) { c.Hosts = []string{"www.example.com"} })
	w := s.post(typed(s.load()), header("Origin", "http://localhost:8080"))
	s.expect(w, 403, signal.ReasonCrossSite, 0)
	s.mu.Lock()
	log := s.log.String()
	s.mu.Unlock()
	for _, want := range []string{"http://localhost:8080", "example.com, www.example.com"} {
		if !strings.Contains(log, want) || strings.Contains(w.Body.String(), want) {
			t.Errorf("%q is not in the log, or in the answer:\n%s", want, log)
		}
	}
}
