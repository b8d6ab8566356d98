package audit

var a08 = &Rule{
	ID: "A08", Title: "A POST that never loaded the page is accepted", Severity: Critical, Fix: checkOnServer, Needs: Baseline, Shots: 3,
	Why:  "Only the page is guarded. Who posts without having loaded it is not asked for anything.",
	Refs: Refs{CWE: 841, ASVS: "2.3.1", OAT: "OAT-009", WSTG: "BUSL-06"},
	check: refuses(
		Attempt{What: "a POST without what the page hides in the form, without cookies", fresh: func(s *Shot, pg *page) {
			for _, i := range pg.form.inputs {
				if i.kind == "hidden" {
					s.Drop(i.name)
				}
			}
			s.Cookies, s.Header = nil, nil
		}},
		Attempt{What: "a POST with what is typed alone, without cookies", Change: func(s *Shot) {
			s.Cookies, s.Header = nil, nil
		}},
		Attempt{What: "the same without an Origin and a Referer, with cookies", Change: func(s *Shot) { s.Header = nil }},
	),
}
