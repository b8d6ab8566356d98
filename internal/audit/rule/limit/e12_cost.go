package limit

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

var e12 = &engine.Rule{
	ID: "E12", Title: "Each refused submission costs a call of the verifier", Severity: engine.Low, Fix: cheapFirst, Needs: engine.Baseline | engine.Fresh | engine.Own | engine.Verifier, After: append([]string{"A05"}, engine.AfterVerify...), Shots: engine.LimitTries + engine.Spares,
	Why:  "What is over the limit is refused only after the verifier was asked: a bot spends your quota, at no cost of its own.",
	Refs: engine.Refs{CWE: 770, ASVS: "15.2.2", OAT: "OAT-015, OAT-003"},
	Check: engine.Limited(func(ctx context.Context, p *engine.Probe, l *engine.LimitFound) engine.Result {
		o := p.Try(ctx, engine.Attempt{What: "a submission over the limit", Valid: true, Visit: l.Spare[engine.Spares-1]})
		switch {
		case o.Err != nil:
			return engine.Undecided("%v", o.Err)
		case o.Calls > 0 && o.Effects == 0:
			return engine.Failed(o, "Over the limit of %d the verifier was still asked, %d times.", l.Allowed, o.Calls)
		}
		return engine.Passed("Over the limit the verifier was not asked.")
	}),
}

var cheapFirst = engine.Remedy{Text: "Order the checks by what they cost: method, size and format, limits and traps first, the verifier last."}
