package audit

import "context"

var e10 = &Rule{
	ID: "E10", Title: "Who meets the limit is not told when to come back", Severity: Note, Fix: tellWhen, Needs: Baseline | Fresh | Own, After: afterVerify, Shots: limitTries + spares,
	Why:  "People and well-meaning programs try again at once, and make it worse for themselves.",
	Refs: Refs{CWE: 799},
	check: limited(func(_ context.Context, p *Probe, l *limitFound) Result {
		switch {
		case l.over.Answer.Status != 429:
			return leftOut("over the limit the app answers %d and not 429", l.over.Answer.Status)
		case l.over.Answer.Header.Get("Retry-After") == "":
			return fail(l.over, "The answer 429 has no Retry-After.")
		case p.done.Answer.Header.Get("Retry-After") != "":
			return fail(p.done, "Also an answer to what was accepted has Retry-After.")
		}
		return pass("The answer 429 says Retry-After: %s.", l.over.Answer.Header.Get("Retry-After"))
	}),
}
