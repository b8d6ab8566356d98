package audit

import (
	"context"
	"errors"

	"github.com/palisade-dev/palisade/captchatest"
)

var c11 = &Rule{
	ID: "C11", Title: "A verifier that fails is asked again and again", Severity: Low, Fix: failClosed, Needs: Baseline | Verifier, After: []string{"A05"}, Shots: 1,
	Why:  "Retries multiply the load of a service that has too much already, and the time that a visitor waits.",
	Refs: Refs{CWE: 799, ASVS: "13.1.3"},
	check: func(ctx context.Context, p *Probe) Result {
		const most = 3
		o := p.try(ctx, faulty("a submission while the verifier answers 500", captchatest.Status500))
		if o.Err != nil && !errors.Is(o.Err, errSilent) {
			return unclear("%v", o.Err)
		}
		calls := p.middle.calls()
		keys := map[string]bool{}
		for _, c := range calls {
			keys[c.Form.Get("idempotency_key")] = true
		}
		switch {
		case len(calls) > most:
			return fail(o, "For one submission a verifier that answers 500 was asked %d times.", len(calls))
		case len(calls) > 1 && len(keys) > 1:
			return fail(o, "Each of %d retries had another idempotency_key, so that the service must take them for different tokens' uses.", len(calls))
		}
		return pass("A verifier that answers 500 was asked %d times for one submission.", len(calls))
	},
}
