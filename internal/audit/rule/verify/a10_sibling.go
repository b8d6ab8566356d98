package verify

import (
	"context"
	"fmt"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a10 = &engine.Rule{
	ID: "A10", Title: "Another form does the same without a captcha", Severity: engine.High, Fix: fix.EveryWay, Needs: engine.Baseline, Shots: 16,
	Why:  "A door next to the guarded one. Bots find it by reading the site once.",
	Refs: engine.Refs{CWE: 288, ASVS: "6.3.1, 2.4.1", OAT: "OAT-007, OAT-008, OAT-017, OAT-019"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		siblings, bare, err := p.Siblings(ctx)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		var attempts []engine.Attempt
		for _, path := range bare { // a page without a form may accept the fields of this form
			attempts = append(attempts,
				engine.Attempt{What: "the same fields to " + path, Change: func(s *engine.Shot) { s.Target = path }},
				engine.Attempt{What: "the same fields as JSON to " + path, Change: func(s *engine.Shot) { s.Target, s.Encode = path, engine.EncodeJSON }})
		}
		for _, s := range siblings {
			attempts = append(attempts, engine.Attempt{What: "the form at " + s.Page.URL.Path + ", which posts to " + s.Path, Visit: s.Page, Change: func(shot *engine.Shot) { shot.Target = s.Path }})
		}
		if len(attempts) == 0 {
			return engine.Omitted("no other form was found: name its page (-sibling)")
		}
		if err := engine.Sleep(ctx, p.Visitors.Wait); err != nil {
			return engine.Undecided("%v", err)
		}
		r := p.MustRefuse(ctx, attempts...)
		if r.Status == engine.Pass {
			r.Says = fmt.Sprintf("No other form did it without a token; %d were tried.", len(siblings)+len(bare))
		}
		return r
	},
}
