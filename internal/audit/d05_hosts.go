package audit

import "context"

var d05 = &Rule{
	ID: "D05", Title: "Under another host the form needs no captcha", Severity: Critical, Fix: everyWay, Needs: Baseline, Shots: 7,
	Why:  "The check is bound to one name of the site, and the app answers to others.",
	Refs: Refs{CWE: 288, ASVS: "4.1.2"},
	check: func(ctx context.Context, p *Probe) Result {
		name := p.target.Hostname()
		var attempts []Attempt
		for _, host := range []string{"localhost", "127.0.0.1", "www." + name, "staging." + name, "dev." + name, "api." + name} {
			attempts = append(attempts, Attempt{What: "the host " + host, Change: func(s *Shot) {
				s.Host = host
				s.Set("Origin", p.target.Scheme+"://"+host)
				s.Set("Referer", p.target.Scheme+"://"+host+p.target.RequestURI())
			}})
		}
		attempts = append(attempts, Attempt{What: "X-Forwarded-Host: localhost", Change: func(s *Shot) { s.Set("X-Forwarded-Host", "localhost") }})
		return p.mustRefuse(ctx, attempts...)
	},
}
