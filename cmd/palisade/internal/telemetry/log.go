// Package telemetry reports the gateway's decisions to operators: as JSON lines, sampled in
// a flood, and as metrics for Prometheus.
package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/palisade-dev/palisade"
)

// Sampler is a [slog.Handler] that passes on the first records of each kind of decision in a
// second, and counts the rest. The first record of the next second has the number of the
// omitted ones. Kinds differ in form, outcome and reason. Records without a decision always
// pass.
type Sampler struct {
	slog.Handler
	most  int // per second and kind; 0: all
	clock func() time.Time
	kinds *kinds
}

type kinds struct {
	mu    sync.Mutex
	count map[kind]*tally
}

type kind struct {
	form    string
	outcome palisade.Outcome
	reason  palisade.Reason
}

type tally struct {
	second  int64
	passed  int
	skipped int
}

// NewSampler returns a Sampler in front of next.
func NewSampler(next slog.Handler, most int) *Sampler {
	return &Sampler{Handler: next, most: most, clock: time.Now, kinds: &kinds{count: make(map[kind]*tally)}}
}

// Handle passes a record on, or counts it.
func (s *Sampler) Handle(ctx context.Context, record slog.Record) error {
	d, found := decisionIn(record)
	if !found || s.most == 0 {
		return s.Handler.Handle(ctx, record)
	}
	pass, skipped := s.kinds.take(kind{d.Form, d.Would, d.Reason}, s.clock().Unix(), s.most)
	if !pass {
		return nil
	}
	if skipped > 0 {
		record = record.Clone()
		record.AddAttrs(slog.Int("left_out", skipped))
	}
	return s.Handler.Handle(ctx, record)
}

func decisionIn(record slog.Record) (d palisade.Decision, found bool) {
	record.Attrs(func(a slog.Attr) bool {
		if a.Key == "decision" {
			d, found = a.Value.Any().(palisade.Decision)
		}
		return !found
	})
	return d, found
}

// take counts one record. Forms and reasons are few, so there are few kinds.
func (k *kinds) take(what kind, second int64, most int) (pass bool, skipped int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	t := k.count[what]
	if t == nil {
		t = &tally{}
		k.count[what] = t
	}
	if t.second != second {
		skipped = t.skipped
		*t = tally{second: second}
	}
	if t.passed >= most {
		t.skipped++
		return false, 0
	}
	t.passed++
	return true, skipped
}

// WithAttrs returns a Sampler that shares the counts of this one.
func (s *Sampler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *s
	c.Handler = s.Handler.WithAttrs(attrs)
	return &c
}

// WithGroup returns a Sampler that shares the counts of this one.
func (s *Sampler) WithGroup(name string) slog.Handler {
	c := *s
	c.Handler = s.Handler.WithGroup(name)
	return &c
}
