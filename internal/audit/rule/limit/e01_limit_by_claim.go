package limit

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var e01 = &engine.Rule{
	ID: "E01", Title: "A header resets the rate limit", Severity: engine.High, Fix: fix.NoClaims, Needs: engine.Baseline | engine.Fresh | engine.Own, After: engine.AfterVerify, Shots: 32,
	Why:  "The limit counts an address that the client names. With a new one for each request there is no limit.",
	Refs: engine.Refs{CWE: 348, ASVS: "15.3.4, 4.1.3", OAT: "OAT-007, OAT-008"},
	Check: engine.Limited(func(ctx context.Context, p *engine.Probe, l *engine.LimitFound) engine.Result {
		var attempts []engine.Attempt
		for _, h := range engine.Fields(
			"X-Forwarded-For", "203.0.113.50", "X-Real-IP", "203.0.113.51", "True-Client-IP", "203.0.113.52", "CF-Connecting-IP", "203.0.113.53",
			"Fastly-Client-IP", "203.0.113.54", "X-Client-IP", "203.0.113.55", "X-Cluster-Client-IP", "203.0.113.56", "Forwarded", "for=203.0.113.57", "X-Forwarded", "203.0.113.58",
			"Client-IP", "203.0.113.59", "X-Remote-IP", "203.0.113.60", "X-Originating-IP", "203.0.113.61",
		) {
			attempts = append(attempts, engine.Attempt{What: h.Name + ": " + h.Value + " after the limit was reached", Valid: true, Change: func(s *engine.Shot) { s.Set(h.Name, h.Value) }})
		}
		return l.MustHold(ctx, p, attempts)
	}),
}
