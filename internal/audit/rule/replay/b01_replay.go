package replay

import (
	"cmp"
	"context"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b01 = &engine.Rule{
	ID: "B01", Title: "A token can be used twice", Severity: engine.High, Fix: fix.Once, Needs: engine.Baseline | engine.Fresh, After: engine.AfterVerify, Shots: 4,
	Why:  "One solved captcha, for a tenth of a cent, pays for as many submissions as a bot likes.",
	Refs: engine.Refs{CWE: 294, ASVS: "2.3.1, 9.2.1", OAT: "OAT-009", WSTG: "ATHN-03, BUSL-05"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		first, second := twice(ctx, p, nil)
		switch {
		case first.Err != nil || second == nil || second.Err != nil:
			return engine.Undecided("%v", cmp.Or(first.Err, errOf(second), engine.ErrFirst))
		case second.Effects > 0:
			return engine.Failed(second, "The app did it again for a token that was used.")
		case p.Middle == nil:
			return engine.Passed("The second use of a token was refused with %d.", second.Answer.Status)
		}
		// The service refuses a second use. To see whether the app also refuses by itself,
		// the service accepts it here.
		_, careless := twice(ctx, p, func(m *engine.Middle) { m.Server.Fail(m.Service, captchatest.Reusable, -1) })
		if careless != nil && careless.Err == nil && careless.Effects > 0 {
			r := engine.Failed(careless, "When the service said yes to a token a second time, the app did it again.")
			r.Severity = engine.Low
			r.Title = "Only the service sees to it that a token is used once"
			r.Why = "The service does so as a rule. Behind a verdict that is kept, a retry, or a stand-in during an outage nobody does, and one solved captcha pays for many submissions."
			return r
		}
		return engine.Passed("The second use of a token was refused with %d.", second.Answer.Status)
	},
}
