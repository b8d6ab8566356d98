package request

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d04 = &engine.Rule{
	ID: "D04", Title: "A header can change the path, past the captcha", Severity: engine.Critical, Fix: fix.NoClaims, Needs: engine.Baseline, Shots: 3,
	Why:  "The check sees the harmless path of the request, and the app the one in the header.",
	Refs: engine.Refs{CWE: 441, ASVS: "4.1.3"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		for _, name := range []string{"X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri"} {
			attempts = append(attempts, engine.Attempt{What: "a POST to / with " + name + ": " + p.Home.RequestURI(), Change: func(s *engine.Shot) {
				s.Target = "/"
				s.Set(name, p.Home.RequestURI())
			}})
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
