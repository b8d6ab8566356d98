package replay

import (
	"context"
	"slices"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b16 = &engine.Rule{
	ID: "B16", Title: "A token can add parameters to what the verifier is asked", Severity: engine.High, Fix: fix.StrictToken, Needs: engine.Baseline | engine.Verifier, After: []string{"A05"}, Shots: 2,
	Why:  "The request to the verifier is put together from text. A visitor who sends &secret=… with the token has the app ask about a site of their own.",
	Refs: engine.Refs{CWE: 88, ASVS: "1.2.2", WSTG: "INPV-04"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		const token = "palisade-probe&secret=injected&response=injected#x"
		o := p.Try(ctx, engine.WithToken("a token with & and = in it", token))
		if o.Err != nil {
			return engine.Undecided("%v", o.Err)
		}
		for _, c := range p.Middle.Calls() {
			for name, values := range c.Form {
				if slices.Contains(values, "injected") {
					return engine.Failed(o, "The verifier was asked with %s=injected, which stood inside of the token.", name)
				}
			}
		}
		return engine.Passed("What stood inside of the token added nothing to the %d calls of the verifier.", o.Calls)
	},
}
