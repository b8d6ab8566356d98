package verify

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a04 = &engine.Rule{
	ID: "A04", Title: "The verifier's answer is ignored", Severity: engine.Critical, Fix: fix.HeedAnswer, Needs: engine.Baseline | engine.Verifier, Shots: 3, Root: 3,
	Why:  "The app asks, is told no, and goes on: the captcha costs a request and stops nobody.",
	Refs: engine.Refs{CWE: 252, ASVS: "16.5.3", OAT: "OAT-009"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		said, status := ignoring(ctx, p)
		switch {
		case said.Err != nil:
			return engine.Undecided("%v", said.Err)
		case said.Effects > 0 && said.Calls > 0 && (status == nil || status.Effects > 0):
			return engine.Failed(said, "The verifier answered 200 with success false, and the app did it all the same.")
		}
		return engine.Passed("The verifier answered success false, and the app refused.")
	},
}
