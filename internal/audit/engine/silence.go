package engine

import (
	"context"
	"math"
	"time"
)

// SilenceFound is what the app does while the verifier is silent, and after.
type SilenceFound struct {
	Outcome *Outcome
	Took    time.Duration
	Late    int // effects when the verifier said yes at last
	Err     error
}

// Silence makes a valid submission that the verifier answers only once the app has
// answered without it, once.
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
			p.Middle.Reset() // which lets go what was gathered
			found.Late, found.Err = p.Effects.Since(ctx, before, []string{found.Outcome.Shot.Canary}, 800*time.Millisecond)
		}
	}
	if ctx.Err() == nil {
		p.silent = found
	}
	return found
}
