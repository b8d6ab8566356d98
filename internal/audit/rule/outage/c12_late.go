package outage

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c12 = &engine.Rule{
	ID: "C12", Title: "A yes that comes after the app gave up still counts", Severity: engine.Low, Fix: fix.FailClosed, Needs: engine.Baseline | engine.Verifier, After: append([]string{"C01"}, engine.AfterVerify...), Shots: 1,
	Why:  "The visitor is told that it did not work, tries again, and has done it twice; and what was refused happens without anybody who waits for it.",
	Refs: engine.Refs{CWE: 367, ASVS: "16.5.3"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		found := p.Silence(ctx)
		switch {
		case found.Outcome.Err != nil:
			return engine.Undecided("%v", found.Outcome.Err)
		case found.Err != nil:
			return engine.Undecided("%v", found.Err)
		case found.Late > 0:
			o := *found.Outcome
			o.Effects = found.Late
			return engine.Failed(&o, "The app refused with %d while the verifier was silent, and did it when the verifier said yes at last.", o.Answer.Status)
		}
		return engine.Passed("An answer that came after the app had given up did nothing.")
	},
}
