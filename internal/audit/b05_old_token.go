package audit

import (
	"context"
	"slices"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
)

var b05 = &Rule{
	ID: "B05", Title: "The age of a token is not looked at", Severity: Low, Fix: bind, Needs: Baseline | Verifier, After: afterVerify, Shots: 1,
	Why:  "Tokens that were solved in advance, in stock at the solving services, are as good as fresh ones.",
	Refs: Refs{CWE: 613, ASVS: "9.2.1"},
	check: func(ctx context.Context, p *Probe) Result {
		if !tells(p.service, "age") {
			return leftOut("%s does not tell when a token was made", p.service)
		}
		return p.mustRefuse(ctx, solved("a token that was made 40 minutes ago", func(s *captchatest.Solution) { s.Issued = time.Now().Add(-40 * time.Minute) },
			func(m *middle) { m.server.SetClock(func() time.Time { return time.Now().Add(-40 * time.Minute) }) }))
	},
}

// solved is a submission with a token of which the service says something odd.
func solved(what string, change func(*captchatest.Solution), script func(*middle)) Attempt {
	return Attempt{What: what, before: script, token: func(m *middle) string { return m.solve(change) }}
}

// tells reports whether a service says that of its tokens.
func tells(service, what string) bool { return slices.Contains(captchatest.Reports(service), what) }
