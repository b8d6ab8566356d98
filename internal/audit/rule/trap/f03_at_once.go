package trap

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var f03 = &engine.Rule{
	ID: "F03", Title: "A form with a load time is accepted at once", Severity: engine.Low, Fix: fix.SignedTime, Needs: engine.Baseline, After: engine.AfterVerify, Shots: 1,
	Why:  "The page notes when it was loaded, and nobody looks whether a person could have filled it in since.",
	Refs: engine.Refs{CWE: 799, ASVS: "2.4.2", OAT: "OAT-019, OAT-016", WSTG: "BUSL-04"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		name, _ := loadTime(p, p.First)
		switch {
		case p.Spec.MinFill > 0: // the user's value, which no rule has tried yet
			return p.MustRefuse(ctx, engine.Attempt{What: "a valid submission in the moment in which the page was loaded", Valid: true, AtOnce: true})
		case p.Visitors.Wait > 0:
			return engine.Passed("What came at once was refused; it was accepted after %s.", p.Visitors.Wait)
		case name == "":
			return engine.Omitted("the page has no load time that shows, and whether the app takes one is not known")
		}
		return engine.Failed(p.Accepted, "The form has a load time, %s, and was accepted in the moment in which it was loaded.", name)
	},
}
