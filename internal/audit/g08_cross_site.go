package audit

import "context"

var g08 = &Rule{
	ID: "G08", Title: "The form can be sent from another site", Severity: Low, Fix: origin, Needs: Baseline, After: afterVerify, Shots: 1,
	Why:  "A page of the attacker's, with a token from the attacker's own session, has its visitors submit your form.",
	Refs: Refs{CWE: 352, ASVS: "3.5.1, 3.5.2", WSTG: "SESS-05"},
	check: func(ctx context.Context, p *Probe) Result {
		return p.mustRefuse(ctx, Attempt{What: "a valid submission with Origin: https://evil.example and Sec-Fetch-Site: cross-site", Valid: true, Change: func(s *Shot) {
			s.Set("Origin", "https://evil.example")
			s.Set("Referer", "https://evil.example/")
			s.Set("Sec-Fetch-Site", "cross-site")
			s.Cookies = nil
		}})
	},
}
