package verify

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a05 = &engine.Rule{
	ID: "A05", Title: "The verifier is never asked", Severity: engine.Critical, Fix: fix.CheckOnServer, Needs: engine.Baseline | engine.Verifier, Shots: 1,
	Why:  "The app takes any text for a token, and asks nobody whether it is one.",
	Refs: engine.Refs{CWE: 602, ASVS: "2.2.2", OAT: "OAT-009"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		o := p.Try(ctx, engine.WithToken("a token that nobody issued", "0.pAlIsAdE-"+strings.Repeat("dW5hc2tlZA", 12)+p.Filler.Canary()))
		switch {
		case o.Err != nil:
			return engine.Undecided("%v", o.Err)
		case o.Effects > 0 && o.Calls == 0:
			return engine.Failed(o, "The app did it for a token that nobody issued, and did not ask the verifier.")
		case p.Accepted.Calls == 0:
			return engine.Failed(p.Accepted, "The app took a valid token without asking the verifier: it cannot know that it was one.")
		}
		return engine.Passed("The app asked the verifier %d times for a valid submission.", p.Accepted.Calls)
	},
}
