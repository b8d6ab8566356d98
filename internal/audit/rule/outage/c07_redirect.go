package outage

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c07 = &engine.Rule{
	ID: "C07", Title: "The secret follows a redirect", Severity: engine.Low, Fix: fix.FailClosed, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 1,
	Why:  "A redirect of the verifier's takes the app, and its secret, to another server.",
	Refs: engine.Refs{CWE: 201, ASVS: "13.2.4"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		o := p.Try(ctx, engine.Faulty("a submission while the verifier redirects", captchatest.Redirect))
		if o.Err != nil {
			return engine.Undecided("%v", o.Err)
		}
		for _, c := range p.Middle.Calls() {
			if c.Service == "redirected" {
				return engine.Failed(o, "The app followed a redirect of the verifier's to another path, with %d fields.", len(c.Form))
			}
		}
		if o.Effects > 0 {
			return engine.Failed(o, "The app did it for an answer that was a redirect.")
		}
		return engine.Passed("A redirect was not followed.")
	},
}
