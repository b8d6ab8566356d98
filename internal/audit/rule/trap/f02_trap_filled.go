package trap

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var f02 = &engine.Rule{
	ID: "F02", Title: "A filled honeypot is accepted", Severity: engine.Medium, Fix: fix.Traps, Needs: engine.Baseline, After: engine.AfterVerify, Shots: 4,
	Why:  "The trap is on the page, and nobody looks whether it closed.",
	Refs: engine.Refs{CWE: 602, ASVS: "2.4.1", OAT: "OAT-017"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		for i, name := range p.Filler.Traps(p.First) {
			if i < 4 {
				attempts = append(attempts, engine.Attempt{What: "a valid token and something in the honeypot " + name, Valid: true, Fresh: func(s *engine.Shot, pg *engine.Page) {
					if names := p.Filler.Traps(pg); i < len(names) {
						s.Put(names[i], "https://spam.example")
					}
				}})
			}
		}
		if attempts == nil {
			return engine.Omitted("the page shows no honeypot; name it with -leave-empty if there is one")
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
