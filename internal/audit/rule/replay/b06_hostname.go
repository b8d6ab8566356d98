package replay

import (
	"context"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b06 = &engine.Rule{
	ID: "B06", Title: "A token that was solved on another site is accepted", Severity: engine.Medium, Fix: fix.Bind, Needs: engine.Baseline | engine.Verifier, After: engine.AfterVerify, Shots: 5,
	Why:  "Where the site key is not restricted to your hosts, or was opened for tests, an attacker puts the widget on a page of theirs, and their visitors solve captchas for your form.",
	Refs: engine.Refs{CWE: 346, ASVS: "9.2.3"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if !tells(p.Service, "host") {
			return engine.Omitted("%s does not tell on which host a token was made", p.Service)
		}
		return p.MustRefuse(ctx,
			solved("a token that was made on evil.example", func(s *captchatest.Solution) { s.Hostname = "evil.example" }, nil),
			solved("a token that was made on a host whose name ends in this one's", func(s *captchatest.Solution) { s.Hostname = "evil" + p.Middle.Hostname }, nil),
			solved("a token that was made on a host whose name begins with this one's", func(s *captchatest.Solution) { s.Hostname = p.Middle.Hostname + ".evil.example" }, nil),
			solved("a token whose host is empty", func(s *captchatest.Solution) { s.Hostname = "" }, nil),
			solved("a token of which the service does not tell the host", nil, func(m *engine.Middle) { m.Server.Fail(m.Service, captchatest.NoHostname, -1) }),
		)
	},
}
