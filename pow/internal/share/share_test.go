package share_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/palisade-dev/palisade/pow/internal/share"
)

// counts are the results of pieces of work that take a second each.
type counts struct {
	running, most, done, busy, other atomic.Int64
}

// start runs n pieces of work, each in its own goroutine.
func (c *counts) start(s *share.Share, n int) {
	for range n {
		go func() {
			switch err := s.Do(context.Background(), c.work); {
			case err == nil:
				c.done.Add(1)
			case errors.Is(err, share.ErrBusy):
				c.busy.Add(1)
			default:
				c.other.Add(1)
			}
		}()
	}
}

func (c *counts) work() {
	if n := c.running.Add(1); n > c.most.Load() {
		c.most.Store(n)
	}
	time.Sleep(time.Second)
	c.running.Add(-1)
}

func (c *counts) expect(t *testing.T, most, done, busy int64) {
	t.Helper()
	if c.most.Load() != most || c.done.Load() != done || c.busy.Load() != busy || c.other.Load() != 0 {
		t.Errorf("most at once %d, done %d, busy %d, other %d; want %d, %d, %d, 0",
			c.most.Load(), c.done.Load(), c.busy.Load(), c.other.Load(), most, done, busy)
	}
}

func TestNoMoreRunAtOnceThanThereArePlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c counts
		c.start(share.New(3, time.Hour), 10)
		time.Sleep(5 * time.Second)
		c.expect(t, 3, 10, 0)
	})
}

func TestNobodyWaitsLongerThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c counts
		c.start(share.New(1, 2500*time.Millisecond), 10)
		time.Sleep(time.Minute)
		c.expect(t, 1, 3, 7) // those that start after 0, 1 and 2 seconds
	})
}

func TestTheQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share.New(1, time.Hour)
		var full counts
		full.start(s, 1+1024+5)
		synctest.Wait()
		if busy := full.busy.Load(); busy != 5 {
			t.Errorf("%d were turned away at once, want 5", busy)
		}
		time.Sleep(1025 * time.Second)
		synctest.Wait()
		full.expect(t, 1, 1025, 5)
		full.start(s, 2)
		time.Sleep(3 * time.Second)
		full.expect(t, 1, 1027, 5) // a caller that left the queue is not counted in it
	})
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share.New(1, time.Hour)
		var c counts
		c.start(s, 1)
		synctest.Wait()
		reason := errors.New("gone")
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Millisecond, reason)
		defer cancel()
		for range 2 { // once while waiting, once before
			if err := s.Do(ctx, func() { t.Error("ran") }); !errors.Is(err, reason) {
				t.Errorf("err = %v", err)
			}
		}
		time.Sleep(2 * time.Second)
	})
}

func TestAPlaceIsFreeAgainAfterAPanic(t *testing.T) {
	s := share.New(1, time.Nanosecond)
	func() {
		defer func() { recover() }()
		s.Do(context.Background(), func() { panic("work") })
	}()
	if err := s.Do(context.Background(), func() {}); err != nil {
		t.Error(err)
	}
}

func TestZeroPlacesMeansHalfTheProcessors(t *testing.T) {
	want := int64(max(1, runtime.GOMAXPROCS(0)/2))
	synctest.Test(t, func(t *testing.T) {
		var c counts
		c.start(share.New(0, time.Hour), 10)
		time.Sleep(time.Minute)
		c.expect(t, want, 10, 0)
	})
}
