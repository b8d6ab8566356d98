package palisade

import (
	"context"
	"hash/maphash"
	"net/http"
	"sync"
	"time"
)

// recent remembers the answers to the latest accepted submissions of a form, so
// that a double click is answered like the click before it instead of being
// sent twice or challenged. It keeps status and Location, never a body.
//
// It is a courtesy of one process. That nothing is accepted twice is the store's
// promise, not this one's.
type recent struct {
	mu      sync.Mutex
	answers map[answerKey]*answer
	order   []*answer // oldest first
}

const (
	recentLife = 60 * time.Second
	recentSize = 1024

	// duplicateWait is for how long a second click waits for the answer to the
	// first. After that it is told that the submission was received.
	duplicateWait = 10 * time.Second
)

// answerKey is one ticket with one body for one target: other data under a spent
// ticket, or the same for somewhere else, is not a double click.
type answerKey struct {
	nonce          [nonceSize]byte
	digest, target uint64
}

// answer is what a submission was answered with, once done is closed.
type answer struct {
	key      answerKey
	began    time.Time
	done     chan struct{}
	once     sync.Once
	dropped  bool // it was not accepted after all
	status   int
	location string
}

func newRecent() *recent { return &recent{answers: make(map[answerKey]*answer)} }

func (a *attempt) answerKey() answerKey {
	var target maphash.Hash
	target.SetSeed(digestSeed)
	for _, part := range [...]string{a.req.Method, a.req.URL.Path, a.req.URL.RawQuery} {
		target.WriteString(part)
		target.WriteByte(0)
	}
	return answerKey{nonce: a.ticket.nonce, digest: a.body.digest, target: target.Sum64()}
}

// begin notes a submission whose ticket was just claimed.
func (r *recent) begin(a *attempt) *answer {
	n := &answer{key: a.answerKey(), began: a.now, done: make(chan struct{})}
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.order) > 0 && (len(r.order) >= recentSize || a.now.Sub(r.order[0].began) > recentLife) {
		delete(r.answers, r.order[0].key)
		r.order = r.order[1:]
	}
	r.answers[n.key] = n
	r.order = append(r.order, n)
	return n
}

// find returns the answer to the same submission sent before, or nil.
func (r *recent) find(a *attempt) *answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.answers[a.answerKey()]
	if n == nil || a.now.Sub(n.began) > recentLife {
		return nil
	}
	return n
}

// drop forgets a submission that was not accepted.
func (r *recent) drop(n *answer) {
	r.mu.Lock()
	delete(r.answers, n.key)
	r.mu.Unlock()
	n.once.Do(func() { n.dropped = true; close(n.done) })
}

// close ends an accepted submission; whoever waits is answered.
func (n *answer) close() {
	if n != nil {
		n.once.Do(func() { close(n.done) })
	}
}

// wait returns once the first click was answered, or it takes too long.
// accepted is false when the first click was refused in the end.
func (n *answer) wait(ctx context.Context) (accepted bool, status int, location string) {
	timer := time.NewTimer(duplicateWait)
	defer timer.Stop()
	select {
	case <-n.done:
		return !n.dropped, n.status, n.location
	case <-timer.C:
	case <-ctx.Done():
	}
	return true, 0, ""
}

// record returns a writer that notes status and Location on their way out.
func (n *answer) record(w http.ResponseWriter) http.ResponseWriter {
	if n == nil { // an exempt attempt has no ticket to be known by
		return w
	}
	return &recorder{ResponseWriter: w, answer: n}
}

type recorder struct {
	http.ResponseWriter
	answer *answer
}

func (r *recorder) WriteHeader(status int) {
	if r.answer.status == 0 && status >= 200 {
		r.answer.status = status
		r.answer.location = r.Header().Get("Location")
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.answer.status == 0 {
		r.answer.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Flush serves handlers that look for http.Flusher.
func (r *recorder) Flush() { _ = http.NewResponseController(r.ResponseWriter).Flush() }

// Unwrap serves http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
