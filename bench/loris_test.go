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
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/bench/internal/rig"
)

// A slow client holds a connection, but must not hold resources that others need. The test
// runs palisade serve, because its timeouts and bounds give the protection.
func TestSlowClientsDoNotHoldUpOthers(t *testing.T) {
	const (
		slow    = 500
		timeout = 8 * time.Second // of heads, in the configuration; long enough to open all connections
		endless = 3 * time.Minute
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
	var open atomic.Int64
	open.Store(slow)
	letGo := make([]bool, slow) // send endlessly, once the group is done
	for n := range slow {
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		group.Go(func() {
			defer open.Add(-1)
			opened := time.Now()
			for _, c := range []byte("GET /small HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + strings.Repeat("z", 1000)) {
				if _, err := conn.Write([]byte{c}); err != nil {
					return
				}
				time.Sleep(time.Second)
				if time.Since(opened) > endless {
					break
				}
			}
			letGo[n] = true
		})
	}
	t.Logf("%d slow connections opened in %s", slow, time.Since(began))
	p := &proxy{t: t, url: g.URL, transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	var slowest time.Duration
	rounds := 0 // rounds answered before the first slow connection ended
	for opened := time.Now(); time.Since(opened) < timeout/4; {
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
		if open.Load() == slow {
			rounds++
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("slowest answer beside them: %s, %d rounds", slowest, rounds)
	if rounds == 0 {
		t.Error("no request was answered before the first slow connection ended")
	}
	group.Wait()
	for n, on := range letGo {
		if on {
			t.Fatalf("slow connection %d was let go on for %s, and for longer if it wished", n, endless)
		}
	}
}
