package outage

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c10 = &engine.Rule{
	ID: "C10", Title: "The secret is sent in a URL", Severity: engine.Medium, Fix: fix.StrictToken, Needs: engine.Baseline | engine.Verifier, After: []string{"A05"}, Shots: 1,
	Why:  "URLs stand in the logs of every proxy on the way.",
	Refs: engine.Refs{CWE: 598, ASVS: "14.2.1"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		o := p.SendValid(ctx, "a valid submission", nil)
		if o.Err != nil {
			return engine.Undecided("%v", o.Err)
		}
		for _, c := range p.Middle.Calls() {
			if c.Query.Has("secret") {
				return engine.Failed(o, "The app asked the verifier with %s and the secret in the URL.", c.Method)
			}
		}
		return engine.Passed("The secret was sent in the body.")
	},
}
