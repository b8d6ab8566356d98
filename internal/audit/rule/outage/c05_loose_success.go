package outage

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c05 = &engine.Rule{
	ID: "C05", Title: "Something that is not true is taken for success", Severity: engine.Low, Fix: fix.HeedAnswer, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 7,
	Why:  "In many languages the text \"false\" is true. Only the boolean true is a success.",
	Refs: engine.Refs{CWE: 697, ASVS: "15.3.5"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		attempts := []engine.Attempt{engine.Faulty("an answer whose success is the text \"true\"", captchatest.SuccessString)}
		if captchatest.Siteverify(p.Service) {
			for _, value := range []string{`"false"`, `1`, `null`, `[]`, `{}`} {
				attempts = append(attempts, engine.Scripted("an answer whose success is "+value, answering(p, `"success":`+value)))
			}
			attempts = append(attempts, engine.Scripted("an answer that is a list", func(m *engine.Middle) { m.Server.Answer(m.Service, 200, `[{"success":true}]`, -1) }))
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
