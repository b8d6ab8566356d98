package audit

import "context"

var c12 = &Rule{
	ID: "C12", Title: "A yes that comes after the app gave up still counts", Severity: Low, Fix: failClosed, Needs: Baseline | Verifier, After: append([]string{"C01"}, afterVerify...), Shots: 1,
	Why:  "The visitor is told that it did not work, tries again, and has done it twice; and what was refused happens without anybody who waits for it.",
	Refs: Refs{CWE: 367, ASVS: "16.5.3"},
	check: func(ctx context.Context, p *Probe) Result {
		found := p.silence(ctx)
		switch {
		case found.outcome.Err != nil:
			return unclear("%v", found.outcome.Err)
		case found.err != nil:
			return unclear("%v", found.err)
		case found.late > 0:
			o := *found.outcome
			o.Effects = found.late
			return fail(&o, "The app refused with %d while the verifier was silent, and did it when the verifier said yes at last.", o.Answer.Status)
		}
		return pass("An answer that came after the app had given up did nothing.")
	},
}
