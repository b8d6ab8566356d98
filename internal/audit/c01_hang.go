package audit

import (
	"context"
	"errors"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
)

var c01 = &Rule{
	ID: "C01", Title: "A verifier that does not answer holds the app up", Severity: Medium, Fix: failClosed, Needs: Baseline | Verifier, After: afterVerify, Shots: 1,
	Why:  "Each submission then keeps a worker busy. A few dozen take the whole site down, and a service that is down does so by itself.",
	Refs: Refs{CWE: 400, ASVS: "13.1.3, 13.2.6, 16.5.2", OAT: "OAT-015"},
	check: func(ctx context.Context, p *Probe) Result {
		began := time.Now()
		o := p.try(ctx, faulty("a valid token, with a verifier that does not answer", captchatest.Hang))
		switch {
		case errors.Is(o.Err, errSilent):
			o.Err = nil
			return fail(o, "The app did not answer for %s while the verifier was silent: it has no limit of its own.", p.spec.Patience)
		case o.Err != nil:
			return unclear("%v", o.Err)
		case o.Effects > 0:
			r := fail(o, "The app did it without an answer of the verifier.")
			r.Severity = High
			return r
		}
		return pass("The app gave up after %s and refused with %d.", time.Since(began).Round(100*time.Millisecond), o.Answer.Status)
	},
}

// faulty is a valid submission while something goes wrong at the verifier.
func faulty(what string, fault captchatest.Fault) Attempt {
	return scripted(what, func(m *middle) { m.server.Fail(m.service, fault, -1) })
}

func scripted(what string, script func(*middle)) Attempt {
	return Attempt{What: what, Valid: true, Tidy: true, before: script}
}
