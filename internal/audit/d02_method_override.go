package audit

import "context"

var d02 = &Rule{
	ID: "D02", Title: "A request can rename its method, past the captcha", Severity: Critical, Fix: everyWay, Needs: Baseline, After: []string{"A11"}, Shots: 6,
	Why:  "The check sees one method and the handler another.",
	Refs: Refs{CWE: 650, ASVS: "4.1.3, 4.1.4", WSTG: "INPV-03"},
	check: func(ctx context.Context, p *Probe) Result {
		attempts := []Attempt{
			{What: "_method=PUT in the form", Change: func(s *Shot) { s.Put("_method", "PUT") }},
			{What: "?_method=PUT in the URL", Change: func(s *Shot) { s.Query([]Field{{"_method", "PUT"}}) }},
			{What: "a GET that X-HTTP-Method-Override turns into POST, with the fields in the body", Change: func(s *Shot) {
				s.Method = "GET"
				overridden(s, "POST")
			}},
			{What: "a POST that X-HTTP-Method-Override turns into PUT", Change: func(s *Shot) { overridden(s, "PUT") }},
			{What: "a POST that X-HTTP-Method-Override turns into GET", Change: func(s *Shot) { overridden(s, "GET") }},
			{What: "a GET with ?_method=POST and the fields in the URL", Change: func(s *Shot) {
				inURL("GET")(s)
				s.Query([]Field{{"_method", "POST"}})
			}},
		}
		return p.mustRefuse(ctx, attempts...)
	},
}

func overridden(s *Shot, method string) {
	for _, name := range []string{"X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"} {
		s.Set(name, method)
	}
}
