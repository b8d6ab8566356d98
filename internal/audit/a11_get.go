package audit

var a11 = &Rule{
	ID: "A11", Title: "The form's fields do their work in a GET", Severity: High, Fix: everyWay, Needs: Baseline, Shots: 3,
	Why:  "The POST is guarded and the GET is not; and a link or an image makes visitors do it.",
	Refs: Refs{CWE: 650, ASVS: "3.5.3, 4.1.4", WSTG: "INPV-03"},
	check: refuses(
		Attempt{What: "a GET with the fields in the URL", Change: inURL("GET")},
		Attempt{What: "a HEAD with the fields in the URL", Change: inURL("HEAD")},
		Attempt{What: "a GET with the fields and a valid token in the URL", Valid: true, Change: inURL("GET")},
	),
}

// inURL sends the fields in the URL, with no body.
func inURL(method string) func(*Shot) {
	return func(s *Shot) {
		s.Method, s.Encode = method, nil
		s.Query(s.Fields)
	}
}
