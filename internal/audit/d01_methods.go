package audit

import "context"

var d01 = &Rule{
	ID: "D01", Title: "Another method does the same without the captcha", Severity: Critical, Fix: everyWay, Needs: Baseline, Shots: 8,
	Why:  "The check asks whether the method is POST, and the handler runs for all.",
	Refs: Refs{CWE: 650, ASVS: "4.1.4, 3.5.3", WSTG: "INPV-03, CONF-06"},
	check: func(ctx context.Context, p *Probe) Result {
		var attempts []Attempt
		for _, method := range []string{"PUT", "PATCH", "DELETE", "FOO", "post", "POSt"} {
			attempts = append(attempts, Attempt{What: "the method " + method, Change: func(s *Shot) { s.Method = method }})
		}
		for _, method := range []string{"PUT", "PATCH"} {
			attempts = append(attempts, Attempt{What: "the method " + method + " with JSON", Change: func(s *Shot) { s.Method, s.Encode = method, asJSON }})
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
