package outage

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c06 = &engine.Rule{
	ID: "C06", Title: "An answer that says success in another spelling, or twice, is taken", Severity: engine.Low, Fix: fix.HeedAnswer, Needs: engine.Baseline | engine.Verifier, After: append([]string{"C05"}, engine.AfterVerify...), Shots: 3,
	Why:  "Some readers of JSON match names in any case, and the last of two wins: an answer that says false is read as true.",
	Refs: engine.Refs{CWE: 436, ASVS: "15.3.5"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if !captchatest.Siteverify(p.Service) {
			return p.MustRefuse(ctx, engine.Faulty("an answer whose success is written in another case", captchatest.SuccessCase))
		}
		return p.MustRefuse(ctx,
			engine.Scripted(`an answer with "Success": true`, answering(p, `"Success":true`)),
			engine.Scripted(`an answer with "success": false and "Success": true`, answering(p, `"success":false,"Success":true`)),
			engine.Scripted(`an answer with "success": true and then "success": false`, answering(p, `"success":true,"success":false`)),
		)
	},
}
