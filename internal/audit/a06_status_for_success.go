package audit

import "context"

var a06 = &Rule{
	ID: "A06", Title: "The status of the verifier's answer is taken for its verdict", Severity: Critical, Fix: heedAnswer, Needs: Baseline | Verifier, Shots: 3,
	Why:  "The services say no with status 200. An app that looks at the status alone takes every token.",
	Refs: Refs{CWE: 253, ASVS: "16.5.3", OAT: "OAT-009", WSTG: "ATHN-03"},
	check: func(ctx context.Context, p *Probe) Result {
		said, status := p.ignoring(ctx)
		switch {
		case said.Err != nil:
			return unclear("%v", said.Err)
		case said.Effects > 0 && said.Calls > 0 && status != nil && status.Effects == 0:
			return fail(said, "The app did it when the verifier answered 200 with success false, and refused when it answered 400.")
		}
		return pass("An answer 200 with success false was taken for what it says.")
	},
}
