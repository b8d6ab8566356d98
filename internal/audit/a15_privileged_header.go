package audit

var a15 = &Rule{
	ID: "A15", Title: "A header that claims a login skips the captcha", Severity: Critical, Fix: noClaims, Needs: Baseline, Shots: 3,
	Why:  "Programs with a key are let through, and the key is not checked before.",
	Refs: Refs{CWE: 287, ASVS: "8.2.1", OAT: "OAT-009"},
	check: refuses(
		Attempt{What: "the header Authorization: Bearer x", Change: func(s *Shot) { s.Set("Authorization", "Bearer x") }},
		Attempt{What: "an empty X-Api-Key", Change: func(s *Shot) { s.Set("X-Api-Key", "") }},
		Attempt{What: "X-Api-Key: x, X-Internal: 1, X-Admin: 1 and X-Debug: 1", Change: func(s *Shot) {
			for _, h := range []Field{{"X-Api-Key", "x"}, {"X-Internal", "1"}, {"X-Internal-Request", "true"}, {"X-Admin", "1"}, {"X-Debug", "1"}, {"X-Test", "1"}} {
				s.Set(h.Name, h.Value)
			}
		}},
	),
}
