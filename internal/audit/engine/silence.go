package engine

import (
	"context"
	"math"
	"time"
)

// SilenceFound is the number of effects while the verifier was silent, and afterwards.
type SilenceFound struct {
	Outcome *Outcome
	Took    time.Duration
	Late    int // effects after the verifier said yes at last
	Err     error
}

// Silence makes a valid submission, and the verifier answers only after the app has
// answered. It runs once, and all rules share the result.
func (p *Probe) Silence(ctx context.Context) *SilenceFound {
	if p.silent != nil {
		return p.silent
	}
	found := &SilenceFound{}
	began := time.Now()
	found.Outcome = p.Try(ctx, Scripted("a valid token, with a verifier that does not answer", func(m *Middle) {
		m.Server.Gather(m.Service, math.MaxInt, time.Hour)
	}))
	found.Took = time.Since(began)
	if found.Outcome.Err == nil {
		var before int
		if before, found.Err = p.Effects.Mark(ctx); found.Err == nil {
			p.Middle.Reset() // which releases the verifier's held answers
			found.Late, found.Err = p.Effects.Since(ctx, before, []string{found.Outcome.Shot.Canary}, 800*time.Millisecond)
		}
	}
	if ctx.Err() == nil {
		p.silent = found
	}
	return found
}
