package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
)

// A limit counts what the app's answer says, wherever it says it, and the answer passes
// through unchanged.
func TestALimitCountsWhatTheAnswerCosts(t *testing.T) {
	header := gateway.Cost{Header: "X-Cost"}
	member := gateway.Cost{JSON: []string{"usage", "total_tokens"}}
	long := strings.Repeat("x", 100<<10)
	for _, row := range []struct {
		name       string
		cost       gateway.Cost
		said, kind string
		body       string
		passed     int // of 100 permits, of which 40 are reserved for each
	}{
		{"in a header", header, "25", "text/plain", "done", 3},
		{"as a fraction, which is rounded up", header, "24.1", "text/plain", "done", 3},
		{"nothing: what was reserved stays taken", header, "", "text/plain", "done", 2},
		{"no number: what was reserved stays taken", header, "many", "text/plain", "done", 2},
		{"less than nothing: what was reserved stays taken", header, "-5", "text/plain", "done", 2},
		{"in JSON", member, "", "application/json; charset=utf-8", `{"text":"total_tokens","usage":{"total_tokens":25}}`, 3},
		{"in a problem", member, "", "application/problem+json", `{"usage":{"total_tokens":25}}`, 3},
		{"in the last event", member, "", "text/event-stream", "data: {\"usage\":{\"total_tokens\":1}}\n\ndata: {\"usage\":{\"total_tokens\":25}}\n\ndata: [DONE]\n\n", 3},
		{"in the last line, without its end", member, "", "application/x-ndjson", "{\"text\":1}\n{\"usage\":{\"total_tokens\":25}}", 3},
		{"behind a line that is too long", member, "", "application/x-ndjson", `{"text":"` + long + "\"}\n{\"usage\":{\"total_tokens\":25}}\n", 3},
		{"in a body that is too long: what was reserved stays taken", member, "", "application/json", `{"text":"` + strings.Repeat(long, 11) + `","usage":{"total_tokens":25}}`, 2},
		{"in JSON that is none: what was reserved stays taken", member, "", "application/json", `{"usage":{"total_tokens":25}`, 2},
		{"in JSON of another form: what was reserved stays taken", member, "", "application/json", `{"usage":25,"total_tokens":25}`, 2},
		{"in text: what was reserved stays taken", member, "", "text/plain", `{"usage":{"total_tokens":25}}`, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
				s.Forms[0].Limits = []palisade.Limit{{Rate: 100, Per: 1000 * time.Hour, By: palisade.ByIP, Reserve: 40}}
				s.Forms[0].Cost = row.cost
			})
			page := w.app
			w.app = func(rw http.ResponseWriter, r *http.Request) {
				if r.Method != "POST" {
					page(rw, r)
					return
				}
				if coding := r.Header.Get("Accept-Encoding"); row.cost.JSON != nil && coding != "" {
					t.Errorf("the app is asked for %q, which could not be read", coding)
				}
				rw.Header().Set("Content-Type", row.kind)
				if row.said != "" {
					rw.Header().Set("X-Cost", row.said)
				}
				for _, piece := range strings.SplitAfter(row.body, "tot") { // a piece ends anywhere
					io.WriteString(rw, piece)
					rw.(http.Flusher).Flush()
				}
			}
			n := 0
			for ; n < 20; n++ {
				v := w.solve(w.get("/signup").body)
				w.wait(5 * time.Second)
				a := w.post("/signup", v, func(r *http.Request) { r.Header.Set("Accept-Encoding", "gzip") })
				if a.status == 429 {
					break
				}
				if a.body != row.body {
					t.Fatalf("status %d, the answer arrives as %d bytes, not %d", a.status, len(a.body), len(row.body))
				}
			}
			if n != row.passed {
				t.Errorf("%d passed, want %d; then %s", n, row.passed, w.reason())
			}
		})
	}
}

// A stream that says its cost as it goes is charged for, although the visitor hangs up.
func TestAStreamThatBreaksOffIsChargedFor(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms[0].Limits = []palisade.Limit{{Rate: 100, Per: 1000 * time.Hour, By: palisade.ByIP, Reserve: 1}}
		s.Forms[0].Cost = gateway.Cost{JSON: []string{"tokens"}}
	})
	page := w.app
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" {
			page(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(rw, "data: {\"tokens\":100}\n\n")
		rw.(http.Flusher).Flush()
		panic(http.ErrAbortHandler) // the connection breaks
	}
	v := w.solve(w.get("/signup").body)
	w.wait(5 * time.Second)
	r, _ := http.NewRequest("POST", w.url+"/signup", strings.NewReader(v.Encode()))
	r.Header = http.Header{"Content-Type": {urlencoded}, "User-Agent": {agent}, "Origin": {w.url}, "Sec-Fetch-Site": {"same-origin"}, "Accept": {"text/html"}}
	if resp, err := transport.RoundTrip(r); err == nil {
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	v = w.solve(w.get("/signup").body)
	w.wait(5 * time.Second)
	if a := w.post("/signup", v); a.status != 429 {
		t.Errorf("status %d because %s", a.status, w.reason())
	}
}
