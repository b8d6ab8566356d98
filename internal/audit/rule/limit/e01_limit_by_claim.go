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
		for _, h := range []engine.Field{
			{Name: "X-Forwarded-For", Value: "203.0.113.50"}, {Name: "X-Real-IP", Value: "203.0.113.51"}, {Name: "True-Client-IP", Value: "203.0.113.52"}, {Name: "CF-Connecting-IP", Value: "203.0.113.53"},
			{Name: "Fastly-Client-IP", Value: "203.0.113.54"}, {Name: "X-Client-IP", Value: "203.0.113.55"}, {Name: "X-Cluster-Client-IP", Value: "203.0.113.56"}, {Name: "Forwarded", Value: "for=203.0.113.57"}, {Name: "X-Forwarded", Value: "203.0.113.58"},
			{Name: "Client-IP", Value: "203.0.113.59"}, {Name: "X-Remote-IP", Value: "203.0.113.60"}, {Name: "X-Originating-IP", Value: "203.0.113.61"},
		} {
			attempts = append(attempts, engine.Attempt{What: h.Name + ": " + h.Value + " after the limit was reached", Valid: true, Change: func(s *engine.Shot) { s.Set(h.Name, h.Value) }})
		}
		return l.MustHold(ctx, p, attempts)
	}),
}
