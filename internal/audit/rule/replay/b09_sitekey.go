package replay

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b09 = &engine.Rule{
	ID: "B09", Title: "A token of another site of the same account is accepted", Severity: engine.Low, Fix: fix.Bind, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 1,
	Why:  "The service takes every token of the account unless it is told the site key. A forgotten test site then opens this one.",
	Refs: engine.Refs{CWE: 345, ASVS: "9.2.3, 9.2.4"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if p.Service != captchatest.HCaptcha && p.Service != captchatest.FriendlyV2 {
			return engine.Omitted("tokens of %s are bound to the secret already", p.Service)
		}
		return p.MustRefuse(ctx, engine.Attempt{What: "a token of another site key", Token: func(m *engine.Middle) string {
			return m.Server.Solve(m.Service, "another-sitekey", captchatest.Solution{Hostname: m.Hostname, Action: m.Action})
		}})
	},
}
