package outage

import (
	"context"
	"errors"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c11 = &engine.Rule{
	ID: "C11", Title: "A verifier that fails is asked again and again", Severity: engine.Low, Fix: fix.FailClosed, Needs: engine.Baseline | engine.Verifier, After: []string{"A05"}, Shots: 1,
	Why:  "Retries multiply the load of a service that has too much already, and the time that a visitor waits.",
	Refs: engine.Refs{CWE: 799, ASVS: "13.1.3"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		const most = 3
		o := p.Try(ctx, engine.Faulty("a submission while the verifier answers 500", captchatest.Status500))
		if o.Err != nil && !errors.Is(o.Err, engine.ErrSilent) {
			return engine.Undecided("%v", o.Err)
		}
		calls := p.Middle.Calls()
		keys := map[string]bool{}
		for _, c := range calls {
			keys[c.Form.Get("idempotency_key")] = true
		}
		switch {
		case len(calls) > most:
			return engine.Failed(o, "For one submission a verifier that answers 500 was asked %d times.", len(calls))
		case len(calls) > 1 && len(keys) > 1:
			return engine.Failed(o, "Each of %d retries had another idempotency_key, so that the service must take them for different tokens' uses.", len(calls))
		}
		return engine.Passed("A verifier that answers 500 was asked %d times for one submission.", len(calls))
	},
}
