package audit

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
)

var c07 = &Rule{
	ID: "C07", Title: "The secret follows a redirect", Severity: Low, Fix: failClosed, Needs: Baseline | Verifier, After: afterVerify, Shots: 1,
	Why:  "A redirect of the verifier's takes the app, and its secret, to another server.",
	Refs: Refs{CWE: 201, ASVS: "13.2.4"},
	check: func(ctx context.Context, p *Probe) Result {
		o := p.try(ctx, faulty("a submission while the verifier redirects", captchatest.Redirect))
		if o.Err != nil {
			return unclear("%v", o.Err)
		}
		for _, c := range p.middle.calls() {
			if c.Service == "redirected" {
				return fail(o, "The app followed a redirect of the verifier's to another path, with %d fields.", len(c.Form))
			}
		}
		if o.Effects > 0 {
			return fail(o, "The app did it for an answer that was a redirect.")
		}
		return pass("A redirect was not followed.")
	},
}
