package server

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/cmd/palisade/internal/config"
)

// If one site's app is down, the other sites stay in service.
func TestReadyWhileAnAppCanBeReached(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	down, err := url.Parse(gone.URL)
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	for name, row := range map[string]struct {
		change func(*config.Config)
		status int
		told   bool
	}{
		"the app answers": {func(*config.Config) {}, 200, false},
		"one of two apps is down": {func(c *config.Config) {
			other := c.Sites[0]
			other.Host, other.Upstream = "other.example", down
			c.Sites = append(slices.Clone(c.Sites), other)
		}, 200, true},
		"the app is down": {func(c *config.Config) { c.Sites[0].Upstream = down }, 503, true},
	} {
		s := started(t, func(http.ResponseWriter, *http.Request) {}, row.change)
		w := httptest.NewRecorder()
		s.adminHandler().ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		if told := strings.Contains(w.Body.String(), "the app at "+down.String()+" does not answer"); w.Code != row.status || told != row.told {
			t.Errorf("%s: status %d, %q", name, w.Code, w.Body)
		}
	}
}
