package audit

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
)

var c06 = &Rule{
	ID: "C06", Title: "An answer that says success in another spelling, or twice, is taken", Severity: Low, Fix: heedAnswer, Needs: Baseline | Verifier, After: append([]string{"C05"}, afterVerify...), Shots: 3,
	Why:  "Some readers of JSON match names in any case, and the last of two wins: an answer that says false is read as true.",
	Refs: Refs{CWE: 436, ASVS: "15.3.5"},
	check: func(ctx context.Context, p *Probe) Result {
		if !captchatest.Siteverify(p.service) {
			return p.mustRefuse(ctx, faulty("an answer whose success is written in another case", captchatest.SuccessCase))
		}
		return p.mustRefuse(ctx,
			scripted(`an answer with "Success": true`, p.answering(`"Success":true`)),
			scripted(`an answer with "success": false and "Success": true`, p.answering(`"success":false,"Success":true`)),
			scripted(`an answer with "success": true and then "success": false`, p.answering(`"success":true,"success":false`)),
		)
	},
}
