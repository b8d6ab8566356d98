//go:build linux

package bench

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/palisade-dev/palisade/bench/internal/rig"
	"github.com/palisade-dev/palisade/pow"
)

const actor = "203.0.113.9" // the address of the session

// BenchmarkAction is a script's request with a session.
func BenchmarkAction(b *testing.B) {
	s := newStage(b)
	q := request{
		method: http.MethodPost, path: "/act", addr: actor, body: `{"text":"a draft that saves itself, of about a hundred bytes, which is what such requests often have"}`,
		header: map[string]string{"Cookie": s.guarded.session(b), "Content-Type": "application/json", "Sec-Fetch-Mode": "cors"}, status: http.StatusSeeOther,
	}
	s.compare(b, 1000, reach{added: 15}, func(int) request { return q })
}

// BenchmarkUpload is the memory of the guarding process while 100 MB pass with a session,
// beyond what it has before.
func BenchmarkUpload(b *testing.B) {
	p := newStage(b).guarded
	cookie := p.session(b)
	const size, steps = 100 << 20, 20
	upload := func() (most int64) {
		body := &paced{left: size, step: size / steps, at: func() { most = max(most, p.number("/rss")) }}
		r, err := http.NewRequest(http.MethodPost, p.url+"/act", body)
		if err != nil {
			b.Fatal(err)
		}
		rig.Browse(r, actor)
		for name, value := range map[string]string{"Cookie": cookie, "Content-Type": "application/octet-stream", "Sec-Fetch-Mode": "cors"} {
			r.Header.Set(name, value)
		}
		r.ContentLength = size
		resp, err := p.transport.RoundTrip(r)
		if err != nil {
			b.Fatal(err)
		}
		defer resp.Body.Close()
		if text, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusSeeOther {
			b.Fatalf("%s\n%.300s", resp.Status, text)
		}
		return most
	}
	upload() // until connections are open and pools are filled
	var more float64
	for b.Loop() {
		before := p.number("/rss/returned")
		more = max(more, float64(upload()-before)/(1<<20))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(more, "more-MiB")
	if more > 5 {
		b.Logf("not reached: %.1f MiB, to be at most 5", more)
	}
}

// paced is a body that calls at after each step of bytes.
type paced struct {
	left, step int
	at         func()
}

func (p *paced) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := min(len(b), p.left)
	if before := p.left / p.step; before != (p.left-n)/p.step {
		p.at()
	}
	p.left -= n
	return n, nil
}

// session opens a session as the page's script does, and returns its cookie.
func (p *proxy) session(t testing.TB) string {
	t.Helper()
	text, err := p.send(request{method: http.MethodGet, path: "/.palisade/ticket?form=act&script=1", addr: actor, status: http.StatusOK})
	if err != nil {
		t.Fatal(err)
	}
	var offer struct {
		Ticket    string
		Challenge json.RawMessage
	}
	if err := json.Unmarshal(text, &offer); err != nil {
		t.Fatal(err)
	}
	proof, err := pow.Solve(context.Background(), offer.Challenge)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := http.NewRequest(http.MethodPost, p.url+"/.palisade/session?form=act", nil)
	rig.Browse(r, actor)
	r.Header.Del("Content-Type")
	r.Header.Set("Palisade-Ticket", offer.Ticket)
	r.Header.Set("Palisade-Proof", proof)
	resp, err := p.transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(resp.Body)
	if len(resp.Cookies()) == 0 {
		t.Fatalf("no session: %s %s", resp.Status, said)
	}
	c := resp.Cookies()[0]
	return c.Name + "=" + c.Value
}
