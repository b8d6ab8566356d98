package request

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d02 = &engine.Rule{
	ID: "D02", Title: "A request can rename its method, past the captcha", Severity: engine.Critical, Fix: fix.EveryWay, Needs: engine.Baseline, After: []string{"A11"}, Shots: 6,
	Why:  "The check sees one method and the handler another.",
	Refs: engine.Refs{CWE: 650, ASVS: "4.1.3, 4.1.4", WSTG: "INPV-03"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		attempts := []engine.Attempt{
			{What: "_method=PUT in the form", Change: func(s *engine.Shot) { s.Put("_method", "PUT") }},
			{What: "?_method=PUT in the URL", Change: func(s *engine.Shot) { s.Query([]engine.Field{{Name: "_method", Value: "PUT"}}) }},
			{What: "a GET that X-HTTP-Method-Override turns into POST, with the fields in the body", Change: func(s *engine.Shot) {
				s.Method = "GET"
				overridden(s, "POST")
			}},
			{What: "a POST that X-HTTP-Method-Override turns into PUT", Change: func(s *engine.Shot) { overridden(s, "PUT") }},
			{What: "a POST that X-HTTP-Method-Override turns into GET", Change: func(s *engine.Shot) { overridden(s, "GET") }},
			{What: "a GET with ?_method=POST and the fields in the URL", Change: func(s *engine.Shot) {
				engine.InURL("GET")(s)
				s.Query([]engine.Field{{Name: "_method", Value: "POST"}})
			}},
		}
		return p.MustRefuse(ctx, attempts...)
	},
}

func overridden(s *engine.Shot, method string) {
	for _, name := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"} {
		s.Set(name, method)
	}
}
