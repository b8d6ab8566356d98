package outage

import (
	"context"
	"errors"
	"time"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c01 = &engine.Rule{
	ID: "C01", Title: "A verifier that does not answer holds the app up", Severity: engine.Medium, Fix: fix.FailClosed, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 1,
	Why:  "Each submission then keeps a worker busy. A few dozen take the whole site down, and a service that is down does so by itself.",
	Refs: engine.Refs{CWE: 400, ASVS: "13.1.3, 13.2.6, 16.5.2", OAT: "OAT-015"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		found := p.Silence(ctx)
		o := found.Outcome
		switch {
		case errors.Is(o.Err, engine.ErrSilent):
			return engine.Failed(o, "The app did not answer for %s while the verifier was silent: it has no limit of its own.", p.Spec.Patience)
		case o.Err != nil:
			return engine.Undecided("%v", o.Err)
		case o.Effects > 0:
			r := engine.Failed(o, "The app did it without an answer of the verifier.")
			r.Severity = engine.High
			r.Title = "While the verifier does not answer everybody is let through"
			r.Why = "An attacker waits for an outage, or brings one about, and needs no captcha any more."
			return r
		}
		return engine.Passed("The app gave up after %s and refused with %d.", found.Took.Round(100*time.Millisecond), o.Answer.Status)
	},
}
