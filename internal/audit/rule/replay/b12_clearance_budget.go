package replay

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b12 = &engine.Rule{
	ID: "B12", Title: "One solved captcha clears a visitor without limit", Severity: engine.Medium, Fix: fix.Clearance, Needs: engine.Baseline, Shots: 12,
	Why:  "A bot solves once and then sends what it likes.",
	Refs: engine.Refs{CWE: 799, ASVS: "2.4.1", OAT: "OAT-017"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		const many = 8
		_, own, err := p.Clear(ctx)
		switch {
		case err != nil:
			return engine.Undecided("%v", err)
		case own.Effects == 0:
			return engine.Passed("There is no clearance: after a valid submission the next one needs a token again.")
		}
		last := own
		for n := 2; n <= many; n++ {
			o := p.Try(ctx, engine.Attempt{What: "one more submission without a token", Visit: own.Visit})
			if o.Err != nil {
				return engine.Undecided("%v", o.Err)
			}
			if o.Effects == 0 {
				return engine.Passed("A clearance was used up after %d submissions.", n-1)
			}
			last = o
		}
		return engine.Failed(last, "After one solved captcha the same visitor made %d submissions without a token, and no end was seen.", many)
	},
}
