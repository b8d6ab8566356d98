package audit

var a16 = &Rule{
	ID: "A16", Title: "The same fields as multipart need no captcha", Severity: Critical, Fix: oneParser, Needs: Baseline, Shots: 2,
	Why:  "The check reads one kind of body and the handler two.",
	Refs: Refs{CWE: 436, ASVS: "15.3.7"},
	check: refuses(
		Attempt{What: "the same fields as multipart/form-data", Change: func(s *Shot) { s.Encode = asMultipart }},
		Attempt{What: "the same fields as a urlencoded form", Change: func(s *Shot) { s.Encode = asForm }},
	),
}
