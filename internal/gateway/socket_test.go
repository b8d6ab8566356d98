package gateway_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/internal/gateway"
)

// onSocket starts an app on a Unix socket. It returns the socket and the number of
// connections that the app accepted.
func onSocket(t *testing.T, app http.HandlerFunc) (socket string, opened *atomic.Int64) {
	t.Helper()
	socket, opened = filepath.Join(t.TempDir(), "app.sock"), new(atomic.Int64)
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(app)
	server.Listener.Close()
	server.Listener = l
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return socket, opened
}

func toSocket(socket string) func(*gateway.Config, *gateway.Site) {
	return func(_ *gateway.Config, s *gateway.Site) { s.Upstream = &url.URL{Scheme: "unix", Path: socket} }
}

func TestAppOnASocket(t *testing.T) {
	hosts := make(chan string, 100)
	bodies := make(chan string, 1)
	socket, opened := onSocket(t, func(w http.ResponseWriter, r *http.Request) {
		hosts <- r.Host
		if r.Method == "POST" {
			body, _ := io.ReadAll(r.Body)
			bodies <- string(body) + " to " + r.RequestURI
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, signupPage)
	})
	w := newWorld(t, toSocket(socket))
	page := w.get("/signup?a=1;b", host("shop.example"))
	if got := <-hosts; page.status != 200 || got != "shop.example" {
		t.Errorf("status %d, the app got the host %q", page.status, got)
	}
	for range 5 {
		w.get("/x", host("shop.example"))
	}
	if n := opened.Load(); n != 1 {
		t.Errorf("%d connections for requests one after another, want 1", n)
	}
	page = w.get("/signup")
	v := w.solve(page.body)
	v.Set("user", "ann")
	w.wait(10 * time.Second)
	if a := w.post("/signup?x", v); a.status != 200 {
		t.Fatalf("status %d, %s", a.status, w.reason())
	}
	if got := <-bodies; got != "user=ann to /signup?x" {
		t.Errorf("the app got %q", got)
	}
}

func TestAppOnASocketIsDown(t *testing.T) {
	w := newWorld(t, toSocket(filepath.Join(t.TempDir(), "none.sock")))
	if a := w.get("/"); a.status != http.StatusBadGateway {
		t.Errorf("status %d", a.status)
	}
}

func TestWrongUpstreams(t *testing.T) {
	for _, upstream := range []*url.URL{
		nil, {Scheme: "unix"}, {Scheme: "unix", Host: "app", Path: "/app.sock"}, {Scheme: "ftp", Host: "app"}, {Scheme: "http", Host: "app", Path: "/x"}, {Scheme: "https"},
	} {
		_, err := gateway.New(gateway.Config{Sites: []gateway.Site{{Host: "localhost", Upstream: upstream}}})
		if err == nil {
			t.Errorf("%v is accepted", upstream)
		}
	}
}
