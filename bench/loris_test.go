//go:build linux

package bench

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/bench/internal/rig"
)

// A slow client holds a connection, and is to hold nothing that others need. What
// is tested is palisade serve, whose timeouts and bounds are what protects.
func TestSlowClientsDoNotHoldUpOthers(t *testing.T) {
	const (
		slow    = 500
		timeout = 4 * time.Second // of heads, in the configuration
	)
	dir := t.TempDir()
	binary, err := rig.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	app := child(t, appRole)
	config := filepath.Join(dir, "palisade.yaml")
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
admin: 127.0.0.1:0
trust: ["127.0.0.1"] # each request is another visitor's, see rig.Addr
limits: {read_timeout: %s}
sites:
  - host: "*"
    upstream: %s
    forms:
      - {route: POST /signup, min_fill: 0s, limits: []}
`, timeout, app.url)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := rig.Serve(binary, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Stop(); err != nil {
			t.Error(err)
		}
	})
	var group sync.WaitGroup
	began := time.Now()
	ended := make([]time.Duration, slow) // how long each was let go on, once the group is done
	for n := range slow {
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		group.Go(func() {
			opened := time.Now()
			for _, c := range []byte("GET /small HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + strings.Repeat("z", 1000)) {
				if _, err := conn.Write([]byte{c}); err != nil {
					break
				}
				time.Sleep(time.Second)
				if time.Since(opened) > 5*timeout {
					break
				}
			}
			ended[n] = time.Since(opened)
		})
	}
	t.Logf("%d slow connections opened in %s", slow, time.Since(began))
	p := &proxy{t: t, url: g.URL, transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	var slowest time.Duration
	for opened := time.Now(); time.Since(opened) < timeout/2; {
		for _, q := range []request{
			{method: http.MethodGet, path: "/small", status: http.StatusOK},
			{method: http.MethodGet, path: "/page", status: http.StatusOK},
			{method: http.MethodPost, path: "/signup", body: "user=bot", status: http.StatusForbidden},
		} {
			asked := time.Now()
			if _, err := p.send(q); err != nil {
				t.Fatal(err)
			}
			slowest = max(slowest, time.Since(asked))
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("slowest answer beside them: %s", slowest)
	if slowest > 2*time.Second { // it takes milliseconds; the machine may be busy
		t.Errorf("a request took %s beside slow connections", slowest)
	}
	group.Wait()
	for n, d := range ended {
		if d > 4*timeout {
			t.Fatalf("slow connection %d was let go on for %s, and for longer if it wished", n, d)
		}
	}
}
