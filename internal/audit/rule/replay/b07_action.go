package replay

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b07 = &engine.Rule{
	ID: "B07", Title: "A token that was made for another form is accepted", Severity: engine.Low, Fix: fix.Bind, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 2,
	Why:  "Tokens of the cheapest form, such as a newsletter's, open the others.",
	Refs: engine.Refs{CWE: 345, ASVS: "9.2.2"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		switch {
		case !tells(p.Service, "action"):
			return engine.Omitted("%s does not tell for which form a token was made", p.Service)
		case p.Middle.Action == "":
			return engine.Omitted("the page's widget has no action; give each form one (data-action), and name it here with -captcha-action")
		}
		return p.MustRefuse(ctx,
			solved("a token that was made for the action newsletter", func(s *captchatest.Solution) { s.Action = "newsletter" }, nil),
			solved("a token of which the service does not tell the action", nil, func(m *engine.Middle) { m.Server.Fail(m.Service, captchatest.NoAction, -1) }),
		)
	},
}
