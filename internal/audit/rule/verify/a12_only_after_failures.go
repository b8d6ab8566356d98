package verify

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a12 = &engine.Rule{
	ID: "A12", Title: "The captcha is asked for only later, and who begins anew is let through", Severity: engine.Critical, Fix: fix.EveryWay, Needs: engine.Baseline, Shots: 16, Root: 2,
	Why:  "The count that brings the captcha hangs on a cookie or an address, and both are the attacker's to choose.",
	Refs: engine.Refs{CWE: 807, ASVS: "6.3.1", OAT: "OAT-008", WSTG: "ATHN-03"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if p.Refused.Effects > 0 {
			n, o := refusedLater(ctx, p)
			switch {
			case o != nil && o.Err != nil:
				return engine.Undecided("%v", o.Err)
			case n > 0:
				return engine.Failed(p.Refused, "The app did it %d times without a token and then asked for one; a new visitor is not asked.", n)
			}
			return engine.Omitted("A01 tells it more exactly")
		}
		return p.MustRefuse(ctx,
			engine.Attempt{What: "a submission without cookies", Change: func(s *engine.Shot) { s.Cookies = nil }},
			engine.Attempt{What: "a submission that claims another address in X-Forwarded-For", Change: func(s *engine.Shot) {
				s.Set("X-Forwarded-For", "203.0.113.77")
			}},
		)
	},
}
