package audit

import (
	"context"
	"slices"
)

var b16 = &Rule{
	ID: "B16", Title: "A token can add parameters to what the verifier is asked", Severity: High, Fix: strictToken, Needs: Baseline | Verifier, After: []string{"A05"}, Shots: 2,
	Why:  "The request to the verifier is put together from text. A visitor who sends &secret=… with the token has the app ask about a site of their own.",
	Refs: Refs{CWE: 88, ASVS: "1.2.2", WSTG: "INPV-04"},
	check: func(ctx context.Context, p *Probe) Result {
		const token = "palisade-probe&secret=injected&response=injected#x"
		o := p.try(ctx, withToken("a token with & and = in it", token))
		if o.Err != nil {
			return unclear("%v", o.Err)
		}
		for _, c := range p.middle.calls() {
			for name, values := range c.Form {
				if slices.Contains(values, "injected") {
					return fail(o, "The verifier was asked with %s=injected, which stood inside of the token.", name)
				}
			}
		}
		return pass("What stood inside of the token added nothing to the %d calls of the verifier.", o.Calls)
	},
}
