package audit

import "context"

var e02 = &Rule{
	ID: "E02", Title: "Who claims to come from inside needs no captcha", Severity: Critical, Fix: noClaims, Needs: Baseline, Shots: 13,
	Why:  "Addresses that need no captcha are let through by what a header says, and clients write headers.",
	Refs: Refs{CWE: 290, ASVS: "15.3.4"},
	check: func(ctx context.Context, p *Probe) Result {
		var attempts []Attempt
		for _, h := range []Field{
			{"X-Forwarded-For", "127.0.0.1"}, {"X-Forwarded-For", "10.0.0.1"}, {"X-Forwarded-For", "192.168.1.1"}, {"X-Real-IP", "127.0.0.1"},
			{"Forwarded", "for=127.0.0.1"}, {"X-Client-IP", "127.0.0.1"}, {"CF-Connecting-IP", "127.0.0.1"}, {"X-Originating-IP", "127.0.0.1"},
			{"X-Forwarded-For", "::1"}, {"X-Forwarded-For", "172.17.0.1"}, {"X-Real-IP", "10.0.0.1"}, {"Client-IP", "127.0.0.1"}, {"X-Remote-IP", "127.0.0.1"},
		} {
			attempts = append(attempts, Attempt{What: h.Name + ": " + h.Value, Change: func(s *Shot) { s.Set(h.Name, h.Value) }})
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
