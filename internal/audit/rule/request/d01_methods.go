package request

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d01 = &engine.Rule{
	ID: "D01", Title: "Another method does the same without the captcha", Severity: engine.Critical, Fix: fix.EveryWay, Needs: engine.Baseline, Shots: 8,
	Why:  "The check asks whether the method is POST, and the handler runs for all.",
	Refs: engine.Refs{CWE: 650, ASVS: "4.1.4, 3.5.3", WSTG: "INPV-03, CONF-06"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		for _, method := range []string{"PUT", "PATCH", "DELETE", "FOO", "post", "POSt"} {
			attempts = append(attempts, engine.Attempt{What: "the method " + method, Change: func(s *engine.Shot) { s.Method = method }})
		}
		for _, method := range []string{"PUT", "PATCH"} {
			attempts = append(attempts, engine.Attempt{What: "the method " + method + " with JSON", Change: func(s *engine.Shot) { s.Method, s.Encode = method, engine.EncodeJSON }})
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
