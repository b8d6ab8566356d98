package audit

import "context"

var d04 = &Rule{
	ID: "D04", Title: "A header can change the path, past the captcha", Severity: Critical, Fix: noClaims, Needs: Baseline, Shots: 3,
	Why:  "The check sees the harmless path of the request, and the app the one in the header.",
	Refs: Refs{CWE: 441, ASVS: "4.1.3"},
	check: func(ctx context.Context, p *Probe) Result {
		var attempts []Attempt
		for _, name := range []string{"X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri"} {
			attempts = append(attempts, Attempt{What: "a POST to / with " + name + ": " + p.home.RequestURI(), Change: func(s *Shot) {
				s.Target = "/"
				s.Set(name, p.home.RequestURI())
			}})
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
