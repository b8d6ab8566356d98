package audit

import (
	"context"
	"strings"
)

var a01 = &Rule{
	ID: "A01", Title: "The form is accepted without the captcha", Severity: Critical, Fix: checkOnServer, Needs: Baseline, Shots: 10,
	Why:  "The captcha is checked in the browser alone. A bot posts the form itself and never sees it.",
	Refs: Refs{CWE: 602, ASVS: "2.2.2", OAT: "OAT-009, OAT-019", WSTG: "ATHN-03"},
	check: func(ctx context.Context, p *Probe) Result {
		if p.refused.Effects == 0 {
			return pass("A submission without %s was refused with %d, without an effect.", strings.Join(p.tokenFields, " and "), p.refused.Answer.Status)
		}
		if n, _ := p.refusedLater(ctx); n > 0 {
			return leftOut("A12 tells it more exactly")
		}
		if p.refused.Calls > 0 {
			if said, _ := p.ignoring(ctx); said.Err == nil && said.Effects > 0 {
				return leftOut("the app asks the verifier and is told no, so that A04 or A06 tell it more exactly")
			}
		}
		return fail(p.refused, "The app did it for a submission without %s.", strings.Join(p.tokenFields, " and "))
	},
}
