package audit

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
)

var b07 = &Rule{
	ID: "B07", Title: "A token that was made for another form is accepted", Severity: Low, Fix: bind, Needs: Baseline | Verifier, After: afterVerify, Shots: 2,
	Why:  "Tokens of the cheapest form, such as a newsletter's, open the others.",
	Refs: Refs{CWE: 345, ASVS: "9.2.2"},
	check: func(ctx context.Context, p *Probe) Result {
		switch {
		case !tells(p.service, "action"):
			return leftOut("%s does not tell for which form a token was made", p.service)
		case p.middle.action == "":
			return leftOut("the page's widget has no action; give each form one (data-action), and name it here with -captcha-action")
		}
		return p.mustRefuse(ctx,
			solved("a token that was made for the action newsletter", func(s *captchatest.Solution) { s.Action = "newsletter" }, nil),
			solved("a token of which the service does not tell the action", nil, func(m *middle) { m.server.Fail(m.service, captchatest.NoAction, -1) }),
		)
	},
}
