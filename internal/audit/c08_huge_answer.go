package audit

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/captchatest"
)

var c08 = &Rule{
	ID: "C08", Title: "An answer of any length is read", Severity: Low, Fix: failClosed, Needs: Baseline | Verifier, After: afterVerify, Shots: 1,
	Why:  "Answers have less than a kilobyte. Ten megabytes for each submission fill the memory.",
	Refs: Refs{CWE: 770, ASVS: "15.2.2"},
	check: func(ctx context.Context, p *Probe) Result {
		const what = "a submission while the verifier's answer has ten megabytes"
		if captchatest.Siteverify(p.service) {
			return p.mustRefuse(ctx, scripted(what, p.answering(`"success":true,"padding":"`+strings.Repeat("x", 10<<20)+`"`)))
		}
		return p.mustRefuse(ctx, faulty(what, captchatest.HugeBody))
	},
}
