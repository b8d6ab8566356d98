package replay

import (
	"context"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b05 = &engine.Rule{
	ID: "B05", Title: "The age of a token is not looked at", Severity: engine.Low, Fix: fix.Bind, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 1,
	Why:  "Tokens that were solved in advance, in stock at the solving services, are as good as fresh ones.",
	Refs: engine.Refs{CWE: 613, ASVS: "9.2.1"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if !tells(p.Service, "age") {
			return engine.Omitted("%s does not tell when a token was made", p.Service)
		}
		return p.MustRefuse(ctx, solved("a token that was made 40 minutes ago", func(s *captchatest.Solution) { s.Issued = time.Now().Add(-40 * time.Minute) },
			func(m *engine.Middle) {
				m.Server.SetClock(func() time.Time { return time.Now().Add(-40 * time.Minute) })
			}))
	},
}
