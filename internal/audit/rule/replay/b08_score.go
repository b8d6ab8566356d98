package replay

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b08 = &engine.Rule{
	ID: "B08", Title: "The score is not looked at", Severity: engine.High, Fix: fix.HeedAnswer, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 2,
	Why:  "With a service that gives scores, success only says that the token is real. A score of 0 is a bot's.",
	Refs: engine.Refs{CWE: 1023, ASVS: "9.2.2"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if !tells(p.Service, "score") {
			return engine.Omitted("%s gives no score", p.Service)
		}
		zero := 0.0
		return p.MustRefuse(ctx,
			solved("a token with the score 0", func(s *captchatest.Solution) { s.Score = &zero }, nil),
			solved("a token without a score", nil, func(m *engine.Middle) { m.Server.Fail(m.Service, captchatest.NoScore, -1) }),
		)
	},
}
