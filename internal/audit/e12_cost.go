package audit

import "context"

var e12 = &Rule{
	ID: "E12", Title: "Each refused submission costs a call of the verifier", Severity: Low, Fix: cheapFirst, Needs: Baseline | Fresh | Own | Verifier, After: append([]string{"A05"}, afterVerify...), Shots: limitTries + spares,
	Why:  "What is over the limit is refused only after the verifier was asked: a bot spends your quota, at no cost of its own.",
	Refs: Refs{CWE: 770, ASVS: "15.2.2", OAT: "OAT-015, OAT-003"},
	check: limited(func(ctx context.Context, p *Probe, l *limitFound) Result {
		o := p.try(ctx, Attempt{What: "a submission over the limit", Valid: true, visit: l.spare[spares-1]})
		switch {
		case o.Err != nil:
			return unclear("%v", o.Err)
		case o.Calls > 0 && o.Effects == 0:
			return fail(o, "Over the limit of %d the verifier was still asked, %d times.", l.allowed, o.Calls)
		}
		return pass("Over the limit the verifier was not asked.")
	}),
}
