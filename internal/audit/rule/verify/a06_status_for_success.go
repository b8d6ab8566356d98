package verify

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a06 = &engine.Rule{
	ID: "A06", Title: "The status of the verifier's answer is taken for its verdict", Severity: engine.Critical, Fix: fix.HeedAnswer, Needs: engine.Baseline | engine.Verifier, Shots: 3, Root: 4,
	Why:  "The services say no with status 200. An app that looks at the status alone takes every token.",
	Refs: engine.Refs{CWE: 253, ASVS: "16.5.3", OAT: "OAT-009", WSTG: "ATHN-03"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		said, status := ignoring(ctx, p)
		switch {
		case said.Err != nil:
			return engine.Undecided("%v", said.Err)
		case said.Effects > 0 && said.Calls > 0 && status != nil && status.Effects == 0:
			return engine.Failed(said, "The app did it when the verifier answered 200 with success false, and refused when it answered 400.")
		}
		return engine.Passed("An answer 200 with success false was taken for what it says.")
	},
}
