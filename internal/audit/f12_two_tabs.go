package audit

import "context"

var f12 = &Rule{
	ID: "F12", Title: "Who opens the form in two tabs is refused in the first", Severity: Low, Fix: signedTime, Needs: Baseline | Fresh, After: afterVerify, Shots: 2,
	Why:  "The second page overwrote what the first one needs. People lose what they typed.",
	Refs: Refs{CWE: 841},
	check: func(ctx context.Context, p *Probe) Result {
		first, err := p.load(ctx, p.address())
		if err != nil {
			return unclear("%v", err)
		}
		second, err := p.fetch(ctx, p.target, first.from, first.cookies)
		if err != nil {
			return unclear("%v", err)
		}
		first.cookies = second.cookies
		if err := sleep(ctx, p.wait); err != nil {
			return unclear("%v", err)
		}
		o := p.try(ctx, Attempt{What: "a valid submission of the first of two tabs", Valid: true, visit: first})
		switch {
		case o.Err != nil:
			return unclear("%v", o.Err)
		case o.Effects == 0 && o.Answer.Status == 429:
			return unclear("the app answered 429, too many requests")
		case o.Effects == 0:
			return fail(o, "A second tab was opened, and the first was then refused with %d.", o.Answer.Status)
		}
		return pass("The first of two tabs was accepted.")
	},
}
