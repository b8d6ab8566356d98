package audit

import "strings"

var a02 = &Rule{
	ID: "A02", Title: "A made-up token is accepted", Severity: Critical, Fix: checkOnServer, Needs: Baseline | Fresh, After: []string{"A04", "A05", "A06"}, Shots: 3,
	Why:  "The app looks whether there is a token, not whether it is one. Any text opens the form.",
	Refs: Refs{CWE: 345, ASVS: "2.2.2", OAT: "OAT-009", WSTG: "ATHN-03"},
	check: refuses(
		withToken("the token XXXX", "XXXX"),
		withToken("a token of the right shape that nobody issued", "0.pAlIsAdE-"+strings.Repeat("Zm9yZ2Vk", 24)),
	),
}

// withToken puts a text in the place of the token.
func withToken(what, token string) Attempt {
	return Attempt{What: what, once: true, Change: func(s *Shot) { s.PutToken(token) }}
}
