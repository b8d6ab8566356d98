package audit

import (
	"context"
	"strings"
)

var a04 = &Rule{
	ID: "A04", Title: "The verifier's answer is ignored", Severity: Critical, Fix: heedAnswer, Needs: Baseline | Verifier, Shots: 3,
	Why:  "The app asks, is told no, and goes on: the captcha costs a request and stops nobody.",
	Refs: Refs{CWE: 252, ASVS: "16.5.3", OAT: "OAT-009"},
	check: func(ctx context.Context, p *Probe) Result {
		said, status := p.ignoring(ctx)
		switch {
		case said.Err != nil:
			return unclear("%v", said.Err)
		case said.Effects > 0 && said.Calls > 0 && (status == nil || status.Effects > 0):
			return fail(said, "The verifier answered 200 with success false, and the app did it all the same.")
		}
		return pass("The verifier answered success false, and the app refused.")
	},
}

// ignoring sends a token that the verifier refuses, with 200 and then with 400.
func (p *Probe) ignoring(ctx context.Context) (said, status *Outcome) {
	a := withToken("a token that the verifier refused", "0.pAlIsAdE-"+strings.Repeat("cmVmdXNlZA", 12)+p.canary())
	if said = p.try(ctx, a); said.Err != nil || said.Effects == 0 {
		return said, nil
	}
	a = withToken("a token that the verifier refused with status 400", "0.pAlIsAdE-"+strings.Repeat("cmVmdXNlZA", 12)+p.canary())
	a.before = func(m *middle) {
		m.server.Answer(m.service, 400, `{"success":false,"error-codes":["invalid-input-response"]}`, -1)
	}
	if status = p.try(ctx, a); status.Err != nil {
		status = nil
	}
	return said, status
}
