// Package duplicate remembers the answers to the latest accepted submissions of a form. A
// double click then gets the answer of the click before it, and is neither sent twice nor
// challenged. It keeps status and Location, never a body.
//
// An app may answer 307 or 308, for example to add a slash to the path. Then it did nothing
// with the submission, and the browser sends the same bytes to the new target. Recent knows
// this target, and lets the submission pass there once, although its ticket is spent. Another
// process does not know it, and asks for a new ticket. So no ticket counts twice anywhere.
//
// It is a courtesy of one process. That nothing is accepted twice is the store's promise,
// not this one's.
package duplicate

import (
	"context"
	"hash/maphash"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Recent holds the latest answers of one form. Make one with [New].
type Recent struct {
	mu      sync.Mutex
	answers map[Key]*Answer
	onward  map[Key]*Answer // by the submission that a redirect of the answer leads to
	order   []*Answer       // oldest first
}

const (
	life = 60 * time.Second
	size = 1024

	longestTarget = 4 << 10 // bounds the memory for redirects

	// duplicateWait is for how long a second click waits for the answer to the first.
	// After that it is told that the submission was received.
	duplicateWait = 10 * time.Second
)

// Key is one ticket with one body for one target: other data under a spent ticket, or the
// same for somewhere else, is not a double click.
type Key struct {
	nonce          [12]byte
	digest, target uint64
}

// seed keeps the keys of this process from being guessed.
var seed = maphash.MakeSeed()

// KeyOf returns the key of a request for u whose ticket and body are known by a nonce and a
// digest.
func KeyOf(nonce [12]byte, digest uint64, method string, u *url.URL) Key {
	return Key{nonce: nonce, digest: digest, target: targetOf(method, u)}
}

func targetOf(method string, u *url.URL) uint64 {
	var target maphash.Hash
	target.SetSeed(seed)
	for _, part := range [...]string{method, u.EscapedPath(), u.RawQuery} {
		target.WriteString(part)
		target.WriteByte(0)
	}
	return target.Sum64()
}

// Answer is the answer to a submission. It is known once done is closed.
type Answer struct {
	key      Key
	next     Key    // of the submission that the answer leads to, or zero
	sent     string // target of the request that the answer redirects, as it was sent
	last     bool   // a redirect led here, so the next one counts for nothing
	followed bool   // the submission that the answer leads to has come
	began    time.Time
	taken    any // what the caller keeps for the submission that the answer leads to
	done     chan struct{}
	once     sync.Once
	dropped  bool // it was not accepted after all
	status   int
	location string
}

// New returns an empty Recent.
func New() *Recent { return &Recent{answers: make(map[Key]*Answer), onward: make(map[Key]*Answer)} }

// Len returns how many answers are held.
func (r *Recent) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(len(r.order), len(r.answers))
}

// Begin notes a submission whose ticket was just claimed.
func (r *Recent) Begin(key Key, now time.Time) *Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.begin(key, now)
}

func (r *Recent) begin(key Key, now time.Time) *Answer {
	n := &Answer{key: key, began: now, done: make(chan struct{})}
	for len(r.order) > 0 && (len(r.order) >= size || now.Sub(r.order[0].began) > life) {
		delete(r.answers, r.order[0].key)
		delete(r.onward, r.order[0].next)
		r.order = r.order[1:]
	}
	r.answers[n.key] = n
	r.order = append(r.order, n)
	return n
}

// Follow begins a submission to which the answer to the same submission has led, or
// returns nil. It does so once.
func (r *Recent) Follow(key Key, now time.Time) *Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	from := r.onward[key]
	if from == nil || from.followed || now.Sub(from.began) > life {
		return nil
	}
	from.followed = true
	n := r.begin(key, now)
	n.last, n.taken = true, from.taken
	return n
}

// Sent returns the target to which a submission with a ticket was sent before an answer led
// it to u. ok is false if no answer did.
func (r *Recent) Sent(nonce [12]byte, method string, u *url.URL, now time.Time) (target string, ok bool) {
	here := targetOf(method, u)
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, n := range r.onward {
		if key.nonce == nonce && key.target == here && now.Sub(n.began) <= life {
			return n.sent, true
		}
	}
	return "", false
}

// expect notes that the answer to a request leads the browser to u.
func (r *Recent) expect(n *Answer, from *http.Request, u *url.URL) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n.last || r.answers[n.key] != n || len(from.RequestURI) > longestTarget {
		return
	}
	n.next, n.sent = n.key, strings.Clone(from.RequestURI)
	n.next.target = targetOf(from.Method, u)
	r.onward[n.next] = n
}

// Find returns the answer to the same submission sent before, or nil.
func (r *Recent) Find(key Key, now time.Time) *Answer {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.answers[key]
	if n == nil || now.Sub(n.began) > life {
		return nil
	}
	return n
}

// Drop forgets a submission that was not accepted.
func (r *Recent) Drop(n *Answer) {
	r.mu.Lock()
	delete(r.answers, n.key)
	delete(r.onward, n.next)
	r.mu.Unlock()
	n.once.Do(func() { n.dropped = true; close(n.done) })
}

// Close ends an accepted submission. Clients that wait in Wait go on.
func (n *Answer) Close() {
	if n != nil {
		n.once.Do(func() { close(n.done) })
	}
}

// Take notes what the submission took. Its answer may lead to another target, and the
// submission there then has it, see Taken.
func (n *Answer) Take(what any) { n.taken = what }

// Taken returns what was noted for the submission, or for the one that led here.
func (n *Answer) Taken() any { return n.taken }

// Wait returns once the first click was answered, or it takes too long.
// accepted is false when the first click was refused in the end.
func (n *Answer) Wait(ctx context.Context) (accepted bool, status int, location string) {
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

// Note notes status and Location of an answer. The caller does so before the answer is sent,
// because the browser may be quick. onward returns where a redirect that keeps method and
// body leads, or nil if it leads away from the site.
func (r *Recent) Note(n *Answer, from *http.Request, status int, location string, onward func(location string) *url.URL) {
	if n == nil { // an exempt attempt has no ticket to be known by
		return
	}
	n.status, n.location = status, location
	if location == "" || status != http.StatusTemporaryRedirect && status != http.StatusPermanentRedirect {
		return
	}
	if u := onward(location); u != nil {
		r.expect(n, from, u)
	}
}
