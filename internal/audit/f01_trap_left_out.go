package audit

import "context"

var f01 = &Rule{
	ID: "F01", Title: "A honeypot that is not sent does not count", Severity: Note, Fix: traps, Needs: Baseline, After: afterVerify, Shots: 1,
	Why:  "A browser sends every field. A program that leaves the trap out is told apart by that, if one looks.",
	Refs: Refs{CWE: 1023, ASVS: "2.2.2", OAT: "OAT-017, OAT-019"},
	check: func(ctx context.Context, p *Probe) Result {
		if len(p.traps(p.first)) == 0 {
			return leftOut("the page shows no honeypot; name it with -leave-empty if there is one")
		}
		return p.mustRefuse(ctx, Attempt{What: "a valid token and the form without its honeypots", Valid: true, fresh: func(s *Shot, pg *page) {
			for _, name := range p.traps(pg) {
				s.Drop(name)
			}
		}})
	},
}

// traps returns the fields of the form that people leave as they are. Their names may
// be others on each page.
func (p *Probe) traps(pg *page) (names []string) {
	for _, i := range pg.form.inputs {
		if p.isTrap(i) {
			names = append(names, i.name)
		}
	}
	return names
}
