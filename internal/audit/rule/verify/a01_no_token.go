package verify

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a01 = &engine.Rule{
	ID: "A01", Title: "The form is accepted without the captcha", Severity: engine.Critical, Fix: fix.CheckOnServer, Needs: engine.Baseline, Shots: 10, Root: 1,
	Why:  "The captcha is checked in the browser alone. A bot posts the form itself and never sees it.",
	Refs: engine.Refs{CWE: 602, ASVS: "2.2.2", OAT: "OAT-009, OAT-019", WSTG: "ATHN-03"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if p.Refused.Effects == 0 {
			return engine.Passed("A submission without %s was refused with %d, without an effect.", strings.Join(p.Filler.TokenFields, " and "), p.Refused.Answer.Status)
		}
		if n, _ := refusedLater(ctx, p); n > 0 {
			return engine.Omitted("A12 tells it more exactly")
		}
		if p.Refused.Calls > 0 {
			if said, _ := ignoring(ctx, p); said.Err == nil && said.Effects > 0 {
				return engine.Omitted("the app asks the verifier and is told no, so that A04 or A06 tell it more exactly")
			}
		}
		return engine.Failed(p.Refused, "The app did it for a submission without %s.", strings.Join(p.Filler.TokenFields, " and "))
	},
}
