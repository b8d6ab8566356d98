//go:build linux

package bench

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/palisade-dev/palisade/bench/internal/rig"
)

var profiles = flag.String("profile", "", "folder for CPU profiles of the guarding process, one for each benchmark")

// stage is the app with both proxies in front of it.
type stage struct{ plain, guarded *proxy }

// proxy is a child process.
type proxy struct {
	t            testing.TB
	url, control string
	transport    *http.Transport
}

func newStage(t testing.TB) *stage {
	app := child(t, appRole)
	upstream := upstreamVariable + "=" + app.url
	return &stage{child(t, plainRole, upstream), child(t, guardedRole, upstream)}
}

func child(t testing.TB, role string, env ...string) *proxy {
	t.Helper()
	line, stop, err := rig.Self(role, env...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	front, control, _ := strings.Cut(line, " ")
	p := &proxy{t, "http://" + front, "http://" + control,
		&http.Transport{DisableCompression: true, MaxIdleConnsPerHost: workers, MaxIdleConns: workers}}
	t.Cleanup(p.transport.CloseIdleConnections)
	return p
}

// ask calls an endpoint that controls the process.
func (p *proxy) ask(path string) []byte {
	p.t.Helper()
	resp, err := http.Get(p.control + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		p.t.Fatal(path, resp.Status, err, string(body))
	}
	return body
}

func (p *proxy) number(path string) int64 {
	p.t.Helper()
	n, err := strconv.ParseInt(string(p.ask(path)), 10, 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return n
}

// request is the n-th request of a round.
type request struct {
	method, path, body string
	addr               string            // of the visitor; "" for a new one
	header             map[string]string // further ones
	zipped             bool
	status             int // required status of the answer
}

func (p *proxy) send(q request) ([]byte, error) {
	r, err := http.NewRequest(q.method, p.url+q.path, strings.NewReader(q.body))
	if err != nil {
		return nil, err
	}
	if q.addr == "" {
		q.addr = rig.Addr()
	}
	rig.Browse(r, q.addr)
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	if q.zipped {
		r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	}
	resp, err := p.transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != q.status {
		err = fmt.Errorf("%s %s: %s, want %d\n%.600s", q.method, q.path, resp.Status, q.status, body)
	}
	return body, err
}

// workers is the number of clients at once. There is always work to do, because a process
// that waits and wakes for each request would measure the scheduler.
const workers = 8

// round sends count requests and returns the process's time for each, in microseconds.
func (p *proxy) round(count int, what func(n int) request) float64 {
	p.t.Helper()
	before := p.number("/cpu")
	var group sync.WaitGroup
	var next atomic.Int64
	failed := make(chan error, workers)
	for range workers {
		group.Go(func() {
			for n := next.Add(1) - 1; n < int64(count); n = next.Add(1) - 1 {
				if _, err := p.send(what(int(n))); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	group.Wait()
	select {
	case err := <-failed:
		p.t.Fatal(err)
	default:
	}
	return float64(p.number("/cpu")-before) / 1e3 / float64(count)
}

// pairs is the number of comparisons of the proxies. It is large enough that disturbed
// rounds do not move the median.
const pairs = 15

// compare measures rounds of count requests through both proxies. The reach is the guard's
// target; compare reports if the guard misses it.
func (s *stage) compare(b *testing.B, count int, reach reach, what func(n int) request) {
	s.plain.round(count/2+1, what) // until connections are open and pools are filled
	s.guarded.round(count/2+1, what)
	if *profiles != "" {
		s.guarded.ask("/profile/start")
		defer s.saveProfile(b)
	}
	var plain, guarded, ratios, added []float64
	for b.Loop() {
		for n := range pairs {
			var p, g float64
			if n%2 == 0 { // so that neither is always the first after a pause
				p, g = s.plain.round(count, what), s.guarded.round(count, what)
			} else {
				g, p = s.guarded.round(count, what), s.plain.round(count, what)
			}
			plain, guarded = append(plain, p), append(guarded, g)
			ratios, added = append(ratios, g/p), append(added, g-p)
		}
	}
	b.ReportMetric(0, "ns/op") // the total of all rounds means nothing
	b.ReportMetric(median(plain), "plain-µs")
	b.ReportMetric(median(guarded), "guarded-µs")
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(median(added), "added-µs")
	reach.check(b, median(ratios), median(added))
}

// reach is the upper limit for a benchmark; 0 means no limit.
type reach struct{ ratio, added float64 }

func (r reach) check(b *testing.B, ratio, added float64) {
	if r.ratio > 0 && ratio > r.ratio {
		b.Logf("not reached: ratio %.2f, to be at most %.2f", ratio, r.ratio)
	}
	if r.added > 0 && added > r.added {
		b.Logf("not reached: %.0f µs added, to be at most %.0f", added, r.added)
	}
}

func (s *stage) saveProfile(b *testing.B) {
	name := strings.NewReplacer("/", "-").Replace(strings.TrimPrefix(b.Name(), "Benchmark")) + ".pprof"
	if err := os.WriteFile(filepath.Join(*profiles, name), s.guarded.ask("/profile/stop"), 0o600); err != nil {
		b.Error(err)
	}
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// prepare opens the page of a form and fills it count times, each for a visitor
// of its own.
func (s *stage) prepare(b *testing.B, page, action string, count int) func(n int) request {
	list := make([]request, count)
	var group sync.WaitGroup
	for part := range 2 {
		group.Go(func() {
			for n := part; n < count; n += 2 {
				addr := fmt.Sprintf("203.0.%d.1", n)
				markup, err := s.guarded.send(request{method: http.MethodGet, path: page, addr: addr, status: http.StatusOK})
				if err != nil {
					b.Error(err)
					return
				}
				body, err := rig.Fill(context.Background(), markup)
				if err != nil {
					b.Error(err)
					return
				}
				list[n] = request{method: http.MethodPost, path: action, body: body, addr: addr, status: http.StatusSeeOther}
			}
		})
	}
	group.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return func(n int) request { return list[n%count] }
}
