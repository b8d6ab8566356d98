// Package share bounds the share of the machine for derivations: how many run at
// once, how many wait, and for how long.
package share

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"time"
)

// ErrBusy reports that no place became free in time, or that too many callers
// already wait. It is an outage, not a verdict.
var ErrBusy = errors.New("pow: too many derivations at once")

// queuePerPlace bounds the number of waiting callers. With a derivation of 0.15 ms, a
// place serves some thousand within a second, so a longer queue would only time out.
const queuePerPlace = 1024

// Share is a bounded number of places. The zero value has none; use New.
type Share struct {
	places  chan struct{}
	waiting atomic.Int64
	most    int64
	wait    time.Duration
}

// New returns a Share with the given number of places; 0 means half of GOMAXPROCS, at
// least one. No caller waits longer than wait for a place.
func New(places int, wait time.Duration) *Share {
	if places == 0 {
		places = max(1, runtime.GOMAXPROCS(0)/2)
	}
	return &Share{
		places: make(chan struct{}, places),
		most:   int64(places) * queuePerPlace,
		wait:   wait,
	}
}

// Do runs work in one place. An error means that work did not run: ErrBusy, or the
// reason why ctx ended.
func (s *Share) Do(ctx context.Context, work func()) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer func() { <-s.places }()
	work()
	return nil
}

func (s *Share) enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case s.places <- struct{}{}:
		return nil
	default:
	}
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > s.most {
		return ErrBusy
	}
	late := time.NewTimer(s.wait)
	defer late.Stop()
	select {
	case s.places <- struct{}{}:
		return nil
	case <-late.C:
		return ErrBusy
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
