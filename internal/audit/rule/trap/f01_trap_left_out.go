package trap

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var f01 = &engine.Rule{
	ID: "F01", Title: "A honeypot that is not sent does not count", Severity: engine.Note, Fix: fix.Traps, Needs: engine.Baseline, After: engine.AfterVerify, Shots: 1,
	Why:  "A browser sends every field. A program that leaves the trap out is told apart by that, if one looks.",
	Refs: engine.Refs{CWE: 1023, ASVS: "2.2.2", OAT: "OAT-017, OAT-019"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if len(p.Filler.Traps(p.First)) == 0 {
			return engine.Omitted("the page shows no honeypot; name it with -leave-empty if there is one")
		}
		return p.MustRefuse(ctx, engine.Attempt{What: "a valid token and the form without its honeypots", Valid: true, Fresh: func(s *engine.Shot, pg *engine.Page) {
			for _, name := range p.Filler.Traps(pg) {
				s.Drop(name)
			}
		}})
	},
}
