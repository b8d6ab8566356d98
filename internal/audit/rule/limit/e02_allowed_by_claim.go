package limit

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var e02 = &engine.Rule{
	ID: "E02", Title: "Who claims to come from inside needs no captcha", Severity: engine.Critical, Fix: fix.NoClaims, Needs: engine.Baseline, Shots: 13,
	Why:  "Addresses that need no captcha are let through by what a header says, and clients write headers.",
	Refs: engine.Refs{CWE: 290, ASVS: "15.3.4"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		for _, h := range engine.Fields(
			"X-Forwarded-For", "127.0.0.1", "X-Forwarded-For", "10.0.0.1", "X-Forwarded-For", "192.168.1.1", "X-Real-IP", "127.0.0.1",
			"Forwarded", "for=127.0.0.1", "X-Client-IP", "127.0.0.1", "CF-Connecting-IP", "127.0.0.1", "X-Originating-IP", "127.0.0.1",
			"X-Forwarded-For", "::1", "X-Forwarded-For", "172.17.0.1", "X-Real-IP", "10.0.0.1", "Client-IP", "127.0.0.1", "X-Remote-IP", "127.0.0.1",
		) {
			attempts = append(attempts, engine.Attempt{What: h.Name + ": " + h.Value, Change: func(s *engine.Shot) { s.Set(h.Name, h.Value) }})
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
