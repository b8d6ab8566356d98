package audit

import "context"

var b12 = &Rule{
	ID: "B12", Title: "One solved captcha clears a visitor without limit", Severity: Medium, Fix: clearance, Needs: Baseline, Shots: 12,
	Why:  "A bot solves once and then sends what it likes.",
	Refs: Refs{CWE: 799, ASVS: "2.4.1", OAT: "OAT-017"},
	check: func(ctx context.Context, p *Probe) Result {
		const many = 8
		_, own, err := p.clear(ctx)
		switch {
		case err != nil:
			return unclear("%v", err)
		case own.Effects == 0:
			return pass("There is no clearance: after a valid submission the next one needs a token again.")
		}
		last := own
		for n := 2; n <= many; n++ {
			o := p.try(ctx, Attempt{What: "one more submission without a token", visit: own.visit})
			if o.Err != nil {
				return unclear("%v", o.Err)
			}
			if o.Effects == 0 {
				return pass("A clearance was used up after %d submissions.", n-1)
			}
			last = o
		}
		return fail(last, "After one solved captcha the same visitor made %d submissions without a token, and no end was seen.", many)
	},
}
