package audit

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
)

var b08 = &Rule{
	ID: "B08", Title: "The score is not looked at", Severity: High, Fix: heedAnswer, Needs: Baseline | Verifier, After: afterVerify, Shots: 2,
	Why:  "With a service that gives scores, success only says that the token is real. A score of 0 is a bot's.",
	Refs: Refs{CWE: 1023, ASVS: "9.2.2"},
	check: func(ctx context.Context, p *Probe) Result {
		if !tells(p.service, "score") {
			return leftOut("%s gives no score", p.service)
		}
		zero := 0.0
		return p.mustRefuse(ctx,
			solved("a token with the score 0", func(s *captchatest.Solution) { s.Score = &zero }, nil),
			solved("a token without a score", nil, func(m *middle) { m.server.Fail(m.service, captchatest.NoScore, -1) }),
		)
	},
}
