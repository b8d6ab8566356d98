package audit

import (
	"context"
	"slices"

	"github.com/palisade-dev/palisade"
)

var b10 = &Rule{
	ID: "B10", Title: "What was solved at another form of the site is accepted here", Severity: Low, Fix: bind, Needs: Baseline | Fresh, After: afterVerify, Shots: 14,
	Why:  "The easiest form of the site, such as a newsletter's, opens all the others, and a limit of one form is no limit of the other.",
	Refs: Refs{CWE: 345, ASVS: "9.2.2"},
	check: func(ctx context.Context, p *Probe) Result {
		if p.service != "palisade" && !tells(p.service, "action") {
			return leftOut("%s does not tell for which form a token was made", p.service)
		}
		if p.service != "palisade" {
			return leftOut("tokens of %s are told apart by their action, which is tried by B07", p.service)
		}
		siblings, _, err := p.siblings(ctx)
		if err != nil {
			return unclear("%v", err)
		}
		i := slices.IndexFunc(siblings, func(s sibling) bool { return s.page.challenge != nil && s.page.form.has(palisade.FieldTicket) })
		if i < 0 {
			return leftOut("no other form with the same captcha was found: name its page (siblings)")
		}
		other := siblings[i]
		own, err := p.load(ctx, other.page.from)
		if err != nil {
			return unclear("%v", err)
		}
		if err := sleep(ctx, p.wait); err != nil {
			return unclear("%v", err)
		}
		return p.mustRefuse(ctx, Attempt{What: "what was solved at the form that posts to " + other.path, Valid: true, visit: other.page, Change: func(s *Shot) {
			s.Target = p.home.RequestURI()
			for _, f := range p.fill(own, own.form, s.Canary) {
				if !slices.Contains(p.traps(own), f.Name) { // this form's traps are none of the other's
					s.Put(f.Name, f.Value)
				}
			}
		}})
	},
}

func (f *form) has(name string) bool {
	return slices.ContainsFunc(f.inputs, func(i input) bool { return i.name == name })
}
