package gateway_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/internal/gateway"
)

// An app closes a connection that has been idle for a while, for example after 2 s, in the
// moment in which the next submission is on its way. Nobody knows then whether the app has
// processed it, so the gateway closes such a connection before the app does.
func TestASubmissionTakesNoConnectionThatTheAppMayBeClosing(t *testing.T) {
	var reads, writes atomic.Value // the connection of the last such request
	closed := make(chan string, 10)
	app := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, in *http.Request) {
		if in.Method == "GET" {
			reads.Store(in.RemoteAddr)
		} else {
			writes.Store(in.RemoteAddr)
		}
	}))
	app.Config.ConnState = func(c net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			closed <- c.RemoteAddr().String()
		}
	}
	app.Start()
	defer app.Close()
	world := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Upstream, _ = url.Parse(app.URL) })
	world.get("/")
	reading := reads.Load()
	world.send("POST", "/else", urlencoded, "a=1")
	select {
	case c := <-closed:
		if c != writes.Load() {
			t.Errorf("the connection for reading was closed")
		}
	case <-time.After(30 * time.Second):
		t.Error("the connection for writing is still open after 30 s")
	}
	world.get("/")
	if reads.Load() != reading {
		t.Errorf("a request that reads has another connection than before")
	}
}
