package audit

import (
	"context"
	"strings"
)

var a05 = &Rule{
	ID: "A05", Title: "The verifier is never asked", Severity: Critical, Fix: checkOnServer, Needs: Baseline | Verifier, Shots: 1,
	Why:  "The app takes any text for a token, and asks nobody whether it is one.",
	Refs: Refs{CWE: 602, ASVS: "2.2.2", OAT: "OAT-009"},
	check: func(ctx context.Context, p *Probe) Result {
		o := p.try(ctx, withToken("a token that nobody issued", "0.pAlIsAdE-"+strings.Repeat("dW5hc2tlZA", 12)+p.canary()))
		switch {
		case o.Err != nil:
			return unclear("%v", o.Err)
		case o.Effects > 0 && o.Calls == 0:
			return fail(o, "The app did it for a token that nobody issued, and did not ask the verifier.")
		case p.done.Calls == 0:
			return fail(p.done, "The app took a valid token without asking the verifier: it cannot know that it was one.")
		}
		return pass("The app asked the verifier %d times for a valid submission.", p.done.Calls)
	},
}
