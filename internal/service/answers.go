package service

import (
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"
)

// answers remembers the answers to calls with an idempotency key (Turnstile's). A client
// that lost its answer may ask again.
type answers struct {
	mu    sync.Mutex
	said  map[[sha256.Size]byte]*answer
	order [][sha256.Size]byte // oldest first
}

type answer struct {
	done    chan struct{}
	outcome outcome
	until   time.Time
}

// maxAnswers bounds the memory. The oldest answers are dropped; a repeated call then gets
// "already used".
const maxAnswers = 10_000

func newAnswers() *answers { return &answers{said: map[[sha256.Size]byte]*answer{}} }

// once runs ask for the first of all calls with a key, and gives its answer to the others.
// It does not remember an outage, because the client asks again for a new result.
func (a *answers) once(key string, now time.Time, ask func() outcome) outcome {
	sum := sha256.Sum256([]byte(key))
	a.mu.Lock()
	if old := a.said[sum]; old != nil && now.Before(old.until) {
		a.mu.Unlock()
		<-old.done
		return old.outcome
	}
	mine := &answer{done: make(chan struct{}), until: now.Add(tokenLife)}
	a.said[sum] = mine
	if a.order = append(a.order, sum); len(a.order) > maxAnswers {
		delete(a.said, a.order[0])
		a.order = a.order[1:]
	}
	a.mu.Unlock()
	mine.outcome = outcome{why: unavailable} // in case ask panics
	defer close(mine.done)
	mine.outcome = ask()
	if mine.outcome.why == unavailable {
		a.mu.Lock()
		if a.said[sum] == mine {
			delete(a.said, sum)
		}
		a.mu.Unlock()
	}
	return mine.outcome
}

// eventID names a verification, for support.
func eventID(v *outcome) string {
	sum := sha256.Sum256([]byte(v.claims.text() + v.issued.String()))
	return "ev_" + hex.EncodeToString(sum[:8])
}
