package audit

import "context"

var f02 = &Rule{
	ID: "F02", Title: "A filled honeypot is accepted", Severity: Medium, Fix: traps, Needs: Baseline, After: afterVerify, Shots: 4,
	Why:  "The trap is on the page, and nobody looks whether it closed.",
	Refs: Refs{CWE: 602, ASVS: "2.4.1", OAT: "OAT-017"},
	check: func(ctx context.Context, p *Probe) Result {
		var attempts []Attempt
		for i, name := range p.traps(p.first) {
			if i < 4 {
				attempts = append(attempts, Attempt{What: "a valid token and something in the honeypot " + name, Valid: true, fresh: func(s *Shot, pg *page) {
					if names := p.traps(pg); i < len(names) {
						s.Put(names[i], "https://spam.example")
					}
				}})
			}
		}
		if attempts == nil {
			return leftOut("the page shows no honeypot; name it with -leave-empty if there is one")
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
