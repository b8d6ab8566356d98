package verify

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a09 = &engine.Rule{
	ID: "A09", Title: "A later step can be had without the guarded one", Severity: engine.High, Fix: fix.EveryWay, Needs: engine.Baseline, Shots: 4,
	Why:  "The captcha stands at the first step, and the last one does not ask whether it was taken.",
	Refs: engine.Refs{CWE: 841, ASVS: "2.3.1", OAT: "OAT-009", WSTG: "BUSL-06"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if len(p.Spec.Later) == 0 {
			return engine.Omitted("which later steps there are is not known: name their paths (later)")
		}
		var attempts []engine.Attempt
		for _, path := range p.Spec.Later[:min(len(p.Spec.Later), 4)] {
			attempts = append(attempts, engine.Attempt{What: "the later step " + path + ", directly", Change: func(s *engine.Shot) { s.Target = path }})
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
