package limit

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

var e10 = &engine.Rule{
	ID: "E10", Title: "Who meets the limit is not told when to come back", Severity: engine.Note, Fix: tellWhen, Needs: engine.Baseline | engine.Fresh | engine.Own, After: engine.AfterVerify, Shots: engine.LimitTries + engine.Spares,
	Why:  "People and well-meaning programs try again at once, and make it worse for themselves.",
	Refs: engine.Refs{CWE: 799},
	Check: engine.Limited(func(_ context.Context, p *engine.Probe, l *engine.LimitFound) engine.Result {
		switch {
		case l.Over.Answer.Status != 429:
			return engine.Omitted("over the limit the app answers %d and not 429", l.Over.Answer.Status)
		case l.Over.Answer.Header.Get("Retry-After") == "":
			return engine.Failed(l.Over, "The answer 429 has no Retry-After.")
		case p.Accepted.Answer.Header.Get("Retry-After") != "":
			return engine.Failed(p.Accepted, "Also an answer to what was accepted has Retry-After.")
		}
		return engine.Passed("The answer 429 says Retry-After: %s.", l.Over.Answer.Header.Get("Retry-After"))
	}),
}

var tellWhen = engine.Remedy{Text: "Send Retry-After, in seconds, with each 429, and with nothing else."}
