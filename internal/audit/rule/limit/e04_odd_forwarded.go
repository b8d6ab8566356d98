package limit

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var e04 = &engine.Rule{
	ID: "E04", Title: "An odd X-Forwarded-For crashes the app, or gets past the captcha", Severity: engine.High, Fix: fix.NoClaims, Needs: engine.Baseline, Shots: 9,
	Why:  "A header that cannot be read must not end in an exception, and never in a yes.",
	Refs: engine.Refs{CWE: 755, ASVS: "16.5.3"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		for _, c := range engine.Fields(
			"a comma", ",", "nothing", "", "rubbish", "'; DROP TABLE users; --", "five kilobytes", strings.Repeat("a", 5000),
			"two hundred hops", strings.Repeat("203.0.113.9, ", 199)+"203.0.113.9", "an IPv4-mapped address", "::ffff:127.0.0.1", "an address with a zone", "fe80::1%eth0", "an address with a port", "127.0.0.1:80",
		) {
			attempts = append(attempts, engine.Attempt{What: "an X-Forwarded-For that is " + c.Name, Tidy: true, Change: func(s *engine.Shot) { s.Set("X-Forwarded-For", c.Value) }})
		}
		attempts = append(attempts, engine.Attempt{What: "X-Forwarded-For twice", Tidy: true, Change: func(s *engine.Shot) {
			s.Add("X-Forwarded-For", "203.0.113.8")
			s.Add("X-Forwarded-For", "127.0.0.1")
		}})
		return p.MustRefuse(ctx, attempts...)
	},
}
