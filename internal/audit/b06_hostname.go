package audit

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
)

var b06 = &Rule{
	ID: "B06", Title: "A token that was solved on another site is accepted", Severity: Medium, Fix: bind, Needs: Baseline | Verifier, After: afterVerify, Shots: 5,
	Why:  "Where the site key is not restricted to your hosts, or was opened for tests, an attacker puts the widget on a page of theirs, and their visitors solve captchas for your form.",
	Refs: Refs{CWE: 346, ASVS: "9.2.3"},
	check: func(ctx context.Context, p *Probe) Result {
		if !tells(p.service, "host") {
			return leftOut("%s does not tell on which host a token was made", p.service)
		}
		return p.mustRefuse(ctx,
			solved("a token that was made on evil.example", func(s *captchatest.Solution) { s.Hostname = "evil.example" }, nil),
			solved("a token that was made on a host whose name ends in this one's", func(s *captchatest.Solution) { s.Hostname = "evil" + p.middle.hostname }, nil),
			solved("a token that was made on a host whose name begins with this one's", func(s *captchatest.Solution) { s.Hostname = p.middle.hostname + ".evil.example" }, nil),
			solved("a token whose host is empty", func(s *captchatest.Solution) { s.Hostname = "" }, nil),
			solved("a token of which the service does not tell the host", nil, func(m *middle) { m.server.Fail(m.service, captchatest.NoHostname, -1) }),
		)
	},
}
