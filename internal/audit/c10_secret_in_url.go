package audit

import "context"

var c10 = &Rule{
	ID: "C10", Title: "The secret is sent in a URL", Severity: Medium, Fix: strictToken, Needs: Baseline | Verifier, After: []string{"A05"}, Shots: 1,
	Why:  "URLs stand in the logs of every proxy on the way.",
	Refs: Refs{CWE: 598, ASVS: "14.2.1"},
	check: func(ctx context.Context, p *Probe) Result {
		o := p.accepted(ctx, "a valid submission", nil)
		if o.Err != nil {
			return unclear("%v", o.Err)
		}
		for _, c := range p.middle.calls() {
			if c.Query.Has("secret") {
				return fail(o, "The app asked the verifier with %s and the secret in the URL.", c.Method)
			}
		}
		return pass("The secret was sent in the body.")
	},
}
