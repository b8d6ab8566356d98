package server

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
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
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, "app.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket := func(name string) func(*config.Config) {
		return func(c *config.Config) {
			c.Sites[0].Upstream = &url.URL{Scheme: "unix", Path: filepath.Join(dir, name), OmitHost: true}
		}
	}
	for name, row := range map[string]struct {
		change func(*config.Config)
		status int
		told   string // the app that the answer names
	}{
		"the app answers": {func(*config.Config) {}, 200, ""},
		"one of two apps is down": {func(c *config.Config) {
			other := c.Sites[0]
			other.Host, other.Upstream = "other.example", down
			c.Sites = append(slices.Clone(c.Sites), other)
		}, 200, down.String()},
		"the app is down":             {func(c *config.Config) { c.Sites[0].Upstream = down }, 503, down.String()},
		"the app answers on a socket": {socket("app.sock"), 200, ""},
		"nobody is at the socket":     {socket("none.sock"), 503, "unix:" + filepath.Join(dir, "none.sock")},
	} {
		s := started(t, func(http.ResponseWriter, *http.Request) {}, row.change)
		w := httptest.NewRecorder()
		s.adminHandler().ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		want := ""
		if row.told != "" {
			want = "the app at " + row.told + " does not answer"
		}
		if w.Code != row.status || !strings.Contains(w.Body.String(), want) || want == "" && w.Body.String() != "ok\n" {
			t.Errorf("%s: status %d, %q", name, w.Code, w.Body)
		}
	}
}
