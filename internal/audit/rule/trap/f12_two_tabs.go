package trap

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var f12 = &engine.Rule{
	ID: "F12", Title: "Who opens the form in two tabs is refused in the first", Severity: engine.Low, Fix: fix.SignedTime, Needs: engine.Baseline | engine.Fresh, After: engine.AfterVerify, Shots: 2,
	Why:  "The second page overwrote what the first one needs. People lose what they typed.",
	Refs: engine.Refs{CWE: 841},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		first, err := p.Visitors.Load(ctx, p.Visitors.Address())
		if err != nil {
			return engine.Undecided("%v", err)
		}
		second, err := p.Visitors.Fetch(ctx, p.Target, first.From, first.Cookies)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		first.Cookies = second.Cookies
		if err := engine.Sleep(ctx, p.Visitors.Wait); err != nil {
			return engine.Undecided("%v", err)
		}
		o := p.Try(ctx, engine.Attempt{What: "a valid submission of the first of two tabs", Valid: true, Visit: first})
		switch {
		case o.Err != nil:
			return engine.Undecided("%v", o.Err)
		case o.Effects == 0 && o.Answer.Status == 429:
			return engine.Undecided("the app answered 429, too many requests")
		case o.Effects == 0:
			return engine.Failed(o, "A second tab was opened, and the first was then refused with %d.", o.Answer.Status)
		}
		return engine.Passed("The first of two tabs was accepted.")
	},
}
