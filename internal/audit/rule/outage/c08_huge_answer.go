package outage

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c08 = &engine.Rule{
	ID: "C08", Title: "An answer of any length is read", Severity: engine.Low, Fix: fix.FailClosed, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 1,
	Why:  "Answers have less than a kilobyte. Ten megabytes for each submission fill the memory.",
	Refs: engine.Refs{CWE: 770, ASVS: "15.2.2"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		const what = "a submission while the verifier's answer has ten megabytes"
		if captchatest.Siteverify(p.Service) {
			return p.MustRefuse(ctx, engine.Scripted(what, answering(p, `"success":true,"padding":"`+strings.Repeat("x", 10<<20)+`"`)))
		}
		return p.MustRefuse(ctx, engine.Faulty(what, captchatest.HugeBody))
	},
}
