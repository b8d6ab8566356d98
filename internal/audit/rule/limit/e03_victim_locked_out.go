package limit

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var e03 = &engine.Rule{
	ID: "E03", Title: "Anybody can use up the limit of somebody else", Severity: engine.Medium, Fix: fix.NoClaims, Needs: engine.Baseline | engine.Fresh | engine.Own, After: append([]string{"E01"}, engine.AfterVerify...), Shots: 40,
	Why:  "The limit counts an address that the client names, such as a victim's, who is then locked out.",
	Refs: engine.Refs{CWE: 645, ASVS: "6.1.1", OAT: "OAT-015"},
	Check: engine.Limited(func(ctx context.Context, p *engine.Probe, l *engine.LimitFound) engine.Result {
		victim := p.Visitors.Address()
		own, err := p.Visitors.Load(ctx, victim)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		pages, err := p.Visitors.Crowd(ctx, l.Allowed+1, p.Visitors.Address())
		if err != nil {
			return engine.Undecided("%v", err)
		}
		for _, pg := range pages {
			o := p.Try(ctx, engine.Attempt{What: "a submission in the victim's name", Valid: true, Visit: pg, Change: func(s *engine.Shot) {
				s.Set("X-Forwarded-For", victim.String())
				s.Set("X-Real-IP", victim.String())
			}})
			if o.Err != nil {
				return engine.Undecided("%v", o.Err)
			}
		}
		o := p.Try(ctx, engine.Attempt{What: "the victim's own valid submission, after others named its address", Valid: true, Visit: own})
		switch {
		case o.Err != nil:
			return engine.Undecided("%v", o.Err)
		case o.Effects == 0 && p.SendValid(ctx, "somebody else's valid submission", nil).Effects == 0:
			return engine.Undecided("the victim was refused, and so was everybody else by then")
		case o.Effects == 0:
			return engine.Failed(o, "After %d submissions that named another address in X-Forwarded-For, that address was refused with %d.", l.Allowed+1, o.Answer.Status)
		}
		return engine.Passed("Submissions that named another address did not count for it.")
	}),
}
