// Package storetest contains the laws of a store.Store. The test of every implementation
// should run them:
//
//	func open(t *testing.T) storetest.Harness {
//		return storetest.Harness{Store: mystore.New()}
//	}
//
//	func TestLaws(t *testing.T)        { storetest.Run(t, open) }
//	func TestConcurrency(t *testing.T) { storetest.RunConcurrency(t, open) }
//
// Each law is a subtest with its own store. Its name is the promise, and a failure says
// how the store broke it. The suite's own test breaks a store in many ways and checks
// that the right law fails.
//
// A law that cannot be checked on a store is left out, see [Harness].
package storetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
)

// Harness is one empty store under test. Only Store is required.
type Harness struct {
	Store store.Store

	// Now returns the time of a store that has its own clock, and Advance moves that
	// clock on. The laws advance it by up to a day in all, in steps from a nanosecond to
	// hours. Nil: the store uses Trip.Now. Set both or none.
	Now     func() time.Time
	Advance func(time.Duration)
	// Slack is how much the store's own clock may run on during a law, including its
	// rounding; at most 10 s. Zero: every time is exact.
	Slack time.Duration

	// Restart returns a store that lost its memory at this moment. Nil: the store
	// outlives its process, and forgets nothing.
	Restart func(now time.Time) store.Store

	// Fill is a number of claims that exceeds the room of each pool. Choose the store's
	// bounds so that it is a few thousand. Zero: a test cannot reach the bounds of the
	// store.
	Fill int

	// Patience is the time limit for trips that should not wait for each other.
	// Default one minute: a longer time means a deadlock and not a slow machine.
	Patience time.Duration
}

// T is the part of *testing.T that a law needs; the suite's own test passes another T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any) // does not return
}

// Law is one promise of store.Store.
type Law struct {
	Name string
	// needs reports whether the law can be checked on a store; nil: on every store.
	needs func(Harness) bool
	check func(T, *bench)
}

// Applies reports whether the law can be checked with such a harness.
func (l Law) Applies(h Harness) bool { return l.needs == nil || l.needs(h) }

// Check checks the law on an empty store.
func (l Law) Check(t T, h Harness) { l.check(t, newBench(h)) }

// Run checks the laws that need only one caller at a time.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	t.Helper()
	run(t, Laws(), open)
}

// RunConcurrency checks the laws that can fail only with many callers at once.
func RunConcurrency(t *testing.T, open func(t *testing.T) Harness) {
	t.Helper()
	run(t, ConcurrencyLaws(), open)
}

func run(t *testing.T, laws []Law, open func(*testing.T) Harness) {
	t.Helper()
	probe := open(t)
	for _, law := range laws {
		if law.Applies(probe) {
			t.Run(law.Name, func(t *testing.T) { law.Check(t, open(t)) })
		}
	}
}

// bench is a store with the time and the keys of one law.
type bench struct {
	Harness
	clock time.Time // of trips, if the store has no clock
	keys  uint64
}

func newBench(h Harness) *bench {
	if h.Patience == 0 {
		h.Patience = time.Minute
	}
	return &bench{Harness: h, clock: time.Now().UTC()}
}

func (b *bench) now() time.Time {
	if b.Now != nil {
		return b.Now()
	}
	return b.clock
}

func (b *bench) pass(d time.Duration) {
	if b.Advance != nil {
		b.Advance(d)
	}
	b.clock = b.clock.Add(d)
}

// passJustNot lets almost d pass, and passRest the rest of it.
func (b *bench) passJustNot(d time.Duration) { b.pass(d - 1 - b.Slack) }
func (b *bench) passRest()                   { b.pass(1 + 2*b.Slack) }

// key returns a key that the law has not used yet.
func (b *bench) key() (k store.Key) {
	b.keys++
	binary.BigEndian.PutUint64(k[:], b.keys*0x9E3779B97F4A7C15)
	binary.BigEndian.PutUint64(k[8:], b.keys)
	return k
}

// claim returns a claim of the pool Signed, issued now and live for an hour.
func (b *bench) claim(k store.Key) store.Claim { return b.claimFor(k, time.Hour) }

func (b *bench) claimFor(k store.Key, life time.Duration) store.Claim {
	now := b.now()
	return store.Claim{Key: k, Issued: now, Expires: now.Add(life)}
}

// hourly returns a limit with the given burst and then one permit an hour.
func hourly(k store.Key, burst int) store.Take {
	return store.Take{Key: k, Every: time.Hour, Burst: burst}
}

func claims(c ...store.Claim) []store.Claim { return c }

func unverified(c store.Claim) store.Claim {
	c.Pool = store.Unverified
	return c
}

func (b *bench) trip(claims []store.Claim, takes ...store.Take) store.Trip {
	return store.Trip{Now: b.now(), Claims: claims, Takes: takes}
}

func (b *bench) spend(t T, claims []store.Claim, takes ...store.Take) store.Result {
	t.Helper()
	result, err := b.Store.Spend(context.Background(), b.trip(claims, takes...))
	if err != nil {
		t.Fatalf("an error where there is no outage: %v", err)
	}
	return result
}

// want spends and compares the status; what describes the trip.
func (b *bench) want(t T, status store.Status, what string, claims []store.Claim, takes ...store.Take) store.Result {
	t.Helper()
	result := b.spend(t, claims, takes...)
	if result.Status != status {
		t.Errorf("%s: %s, want %s", what, show(result), name(status))
	}
	return result
}

// wantWait compares a wait, within the slack of the store's clock.
func (b *bench) wantWait(t T, what string, result store.Result, want time.Duration) {
	t.Helper()
	if result.Wait < want-b.Slack || result.Wait > want+b.Slack {
		t.Errorf("%s: wait %v, want %v", what, result.Wait, want)
	}
}

func name(s store.Status) string {
	names := [...]string{"no answer", "granted", "spent", "forgotten", "limited"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("status %d", s)
}

func show(r store.Result) string {
	switch r.Status {
	case store.Granted:
		return name(r.Status)
	case store.Limited:
		return fmt.Sprintf("limited by Takes[%d], wait %v", r.Index, r.Wait)
	}
	return fmt.Sprintf("%s by Claims[%d]", name(r.Status), r.Index)
}
