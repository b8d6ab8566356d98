package audit

import "context"

var a12 = &Rule{
	ID: "A12", Title: "The captcha is asked for only later, and who begins anew is let through", Severity: Critical, Fix: everyWay, Needs: Baseline, Shots: 16,
	Why:  "The count that brings the captcha hangs on a cookie or an address, and both are the attacker's to choose.",
	Refs: Refs{CWE: 807, ASVS: "6.3.1", OAT: "OAT-008", WSTG: "ATHN-03"},
	check: func(ctx context.Context, p *Probe) Result {
		if p.refused.Effects > 0 {
			n, o := p.refusedLater(ctx)
			switch {
			case o != nil && o.Err != nil:
				return unclear("%v", o.Err)
			case n > 0:
				return fail(p.refused, "The app did it %d times without a token and then asked for one; a new visitor is not asked.", n)
			}
			return leftOut("A01 tells it more exactly")
		}
		return p.mustRefuse(ctx,
			Attempt{What: "a submission without cookies", Change: func(s *Shot) { s.Cookies = nil }},
			Attempt{What: "a submission that claims another address in X-Forwarded-For", Change: func(s *Shot) {
				s.Set("X-Forwarded-For", "203.0.113.77")
			}},
		)
	},
}

// refusedLater sends the form again and again for one visitor, without a token. It
// returns after how many it was refused; 0 if it never was.
func (p *Probe) refusedLater(ctx context.Context) (int, *Outcome) {
	pg := p.refused.visit
	for n := 1; n <= 6; n++ {
		o := p.try(ctx, Attempt{What: "a submission without a token", visit: pg})
		if o.Err != nil {
			return 0, o
		}
		if takeCookies(pg.cookies, o.Answer); o.Effects == 0 {
			return n, o
		}
	}
	return 0, nil
}
