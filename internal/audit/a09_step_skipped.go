package audit

import "context"

var a09 = &Rule{
	ID: "A09", Title: "A later step can be had without the guarded one", Severity: High, Fix: everyWay, Needs: Baseline, Shots: 4,
	Why:  "The captcha stands at the first step, and the last one does not ask whether it was taken.",
	Refs: Refs{CWE: 841, ASVS: "2.3.1", OAT: "OAT-009", WSTG: "BUSL-06"},
	check: func(ctx context.Context, p *Probe) Result {
		if len(p.spec.Later) == 0 {
			return leftOut("which later steps there are is not known: name their paths (later)")
		}
		var attempts []Attempt
		for _, path := range p.spec.Later[:min(len(p.spec.Later), 4)] {
			attempts = append(attempts, Attempt{What: "the later step " + path + ", directly", Change: func(s *Shot) { s.Target = path }})
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
