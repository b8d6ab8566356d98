package audit

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
)

var b09 = &Rule{
	ID: "B09", Title: "A token of another site of the same account is accepted", Severity: Low, Fix: bind, Needs: Baseline | Verifier, After: afterVerify, Shots: 1,
	Why:  "The service takes every token of the account unless it is told the site key. A forgotten test site then opens this one.",
	Refs: Refs{CWE: 345, ASVS: "9.2.3, 9.2.4"},
	check: func(ctx context.Context, p *Probe) Result {
		if p.service != captchatest.HCaptcha && p.service != captchatest.FriendlyV2 {
			return leftOut("tokens of %s are bound to the secret already", p.service)
		}
		return p.mustRefuse(ctx, Attempt{What: "a token of another site key", token: func(m *middle) string {
			return m.server.Solve(m.service, "another-sitekey", captchatest.Solution{Hostname: m.hostname, Action: m.action})
		}})
	},
}
