package audit

var b15 = &Rule{
	ID: "B15", Title: "A token in the URL is accepted", Severity: Low, Fix: oneParser, Needs: Baseline, After: afterVerify, Shots: 1,
	Why:   "URLs stand in the logs of every proxy and in the Referer, and tokens do not belong there; and what reads the URL can be made to read another value than the body has.",
	Refs:  Refs{CWE: 598, ASVS: "14.2.1"},
	check: refuses(Attempt{What: "a valid token in the URL and none in the body", Valid: true, Change: func(s *Shot) { s.Query(s.TakeToken()) }}),
}
