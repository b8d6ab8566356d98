package audit

import "context"

var f03 = &Rule{
	ID: "F03", Title: "A form with a load time is accepted at once", Severity: Low, Fix: signedTime, Needs: Baseline, After: afterVerify, Shots: 1,
	Why:  "The page notes when it was loaded, and nobody looks whether a person could have filled it in since.",
	Refs: Refs{CWE: 799, ASVS: "2.4.2", OAT: "OAT-019, OAT-016", WSTG: "BUSL-04"},
	check: func(ctx context.Context, p *Probe) Result {
		name, _ := p.loadTime(p.first)
		switch {
		case p.spec.MinFill > 0: // as was said, which nothing has tried yet
			return p.mustRefuse(ctx, Attempt{What: "a valid submission in the moment in which the page was loaded", Valid: true, AtOnce: true})
		case p.wait > 0:
			return pass("What came at once was refused; it was accepted after %s.", p.wait)
		case name == "":
			return leftOut("the page has no load time that shows, and whether the app takes one is not known")
		}
		return fail(p.done, "The form has a load time, %s, and was accepted in the moment in which it was loaded.", name)
	},
}
