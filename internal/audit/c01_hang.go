package audit

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
)

var c01 = &Rule{
	ID: "C01", Title: "A verifier that does not answer holds the app up", Severity: Medium, Fix: failClosed, Needs: Baseline | Verifier, After: afterVerify, Shots: 1,
	Why:  "Each submission then keeps a worker busy. A few dozen take the whole site down, and a service that is down does so by itself.",
	Refs: Refs{CWE: 400, ASVS: "13.1.3, 13.2.6, 16.5.2", OAT: "OAT-015"},
	check: func(ctx context.Context, p *Probe) Result {
		found := p.silence(ctx)
		o := found.outcome
		switch {
		case errors.Is(o.Err, errSilent):
			return fail(o, "The app did not answer for %s while the verifier was silent: it has no limit of its own.", p.spec.Patience)
		case o.Err != nil:
			return unclear("%v", o.Err)
		case o.Effects > 0:
			r := fail(o, "The app did it without an answer of the verifier.")
			r.Severity = High
			r.Title = "While the verifier does not answer everybody is let through"
			r.Why = "An attacker waits for an outage, or brings one about, and needs no captcha any more."
			return r
		}
		return pass("The app gave up after %s and refused with %d.", found.took.Round(100*time.Millisecond), o.Answer.Status)
	},
}

// silenceFound is what the app does while the verifier is silent, and after.
type silenceFound struct {
	outcome *Outcome
	took    time.Duration
	late    int // effects when the verifier said yes at last
	err     error
}

// silence makes a valid submission that the verifier answers only once the app has
// answered without it, once.
func (p *Probe) silence(ctx context.Context) *silenceFound {
	if p.silent != nil {
		return p.silent
	}
	found := &silenceFound{}
	began := time.Now()
	found.outcome = p.try(ctx, scripted("a valid token, with a verifier that does not answer", func(m *middle) {
		m.server.Gather(m.service, math.MaxInt, time.Hour)
	}))
	found.took = time.Since(began)
	if found.outcome.Err == nil {
		var before int
		if before, found.err = p.mark(ctx); found.err == nil {
			p.middle.reset() // which lets go what was gathered
			found.late, found.err = p.since(ctx, before, []string{found.outcome.Shot.Canary}, 800*time.Millisecond)
		}
	}
	if ctx.Err() == nil {
		p.silent = found
	}
	return found
}

// faulty is a valid submission while something goes wrong at the verifier.
func faulty(what string, fault captchatest.Fault) Attempt {
	return scripted(what, func(m *middle) { m.server.Fail(m.service, fault, -1) })
}

func scripted(what string, script func(*middle)) Attempt {
	return Attempt{What: what, Valid: true, Tidy: true, before: script}
}
