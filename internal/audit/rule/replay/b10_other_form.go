package replay

import (
	"context"
	"slices"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b10 = &engine.Rule{
	ID: "B10", Title: "What was solved at another form of the site is accepted here", Severity: engine.Low, Fix: fix.Bind, Needs: engine.Baseline | engine.Fresh, After: engine.AfterVerify, Shots: 14,
	Why:  "The easiest form of the site, such as a newsletter's, opens all the others, and a limit of one form is no limit of the other.",
	Refs: engine.Refs{CWE: 345, ASVS: "9.2.2"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if p.Service != "palisade" && !tells(p.Service, "action") {
			return engine.Omitted("%s does not tell for which form a token was made", p.Service)
		}
		if p.Service != "palisade" {
			return engine.Omitted("tokens of %s are told apart by their action, which is tried by B07", p.Service)
		}
		siblings, _, err := p.Siblings(ctx)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		i := slices.IndexFunc(siblings, func(s engine.Sibling) bool { return s.Page.Challenge != nil && has(s.Page.Form, palisade.FieldTicket) })
		if i < 0 {
			return engine.Omitted("no other form with the same captcha was found: name its page (siblings)")
		}
		other := siblings[i]
		own, err := p.Visitors.Load(ctx, other.Page.From)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		if err := engine.Sleep(ctx, p.Visitors.Wait); err != nil {
			return engine.Undecided("%v", err)
		}
		return p.MustRefuse(ctx, engine.Attempt{What: "what was solved at the form that posts to " + other.Path, Valid: true, Visit: other.Page, Change: func(s *engine.Shot) {
			s.Target = p.Home.RequestURI()
			for _, f := range p.Filler.Fill(own, own.Form, s.Canary) {
				if !slices.Contains(p.Filler.Traps(own), f.Name) { // the other form may not know this form's honeypots
					s.Put(f.Name, f.Value)
				}
			}
		}})
	},
}

func has(f *engine.Form, name string) bool {
	return slices.ContainsFunc(f.Inputs, func(i engine.Input) bool { return i.Name == name })
}
