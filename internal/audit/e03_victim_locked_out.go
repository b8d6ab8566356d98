package audit

import "context"

var e03 = &Rule{
	ID: "E03", Title: "Anybody can use up the limit of somebody else", Severity: Medium, Fix: noClaims, Needs: Baseline | Fresh | Own, After: append([]string{"E01"}, afterVerify...), Shots: 40,
	Why:  "The limit counts an address that the client names, such as a victim's, who is then locked out.",
	Refs: Refs{CWE: 645, ASVS: "6.1.1", OAT: "OAT-015"},
	check: limited(func(ctx context.Context, p *Probe, l *limitFound) Result {
		victim := p.address()
		own, err := p.load(ctx, victim)
		if err != nil {
			return unclear("%v", err)
		}
		pages, err := p.crowd(ctx, l.allowed+1, p.address())
		if err != nil {
			return unclear("%v", err)
		}
		for _, pg := range pages {
			o := p.try(ctx, Attempt{What: "a submission in the victim's name", Valid: true, visit: pg, Change: func(s *Shot) {
				s.Set("X-Forwarded-For", victim.String())
				s.Set("X-Real-IP", victim.String())
			}})
			if o.Err != nil {
				return unclear("%v", o.Err)
			}
		}
		o := p.try(ctx, Attempt{What: "the victim's own valid submission, after others named its address", Valid: true, visit: own})
		switch {
		case o.Err != nil:
			return unclear("%v", o.Err)
		case o.Effects == 0 && p.accepted(ctx, "somebody else's valid submission", nil).Effects == 0:
			return unclear("the victim was refused, and so was everybody else by then")
		case o.Effects == 0:
			return fail(o, "After %d submissions that named another address in X-Forwarded-For, that address was refused with %d.", l.allowed+1, o.Answer.Status)
		}
		return pass("Submissions that named another address did not count for it.")
	}),
}
