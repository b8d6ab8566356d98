package audit

var b13 = &Rule{
	ID: "B13", Title: "A token that is there twice is accepted", Severity: Low, Fix: oneParser, Needs: Baseline | Fresh, After: afterVerify, Shots: 4,
	Why:  "Two readers of one request, such as a check and a log, take different ones of two values. Whoever sends two has something in mind.",
	Refs: Refs{CWE: 235, ASVS: "15.3.7", WSTG: "INPV-04"},
	check: refuses(
		Attempt{What: "a made-up token and then a valid one", Valid: true, Change: func(s *Shot) {
			token := s.TakeToken()
			s.PutToken("made-up-" + s.Canary)
			s.Fields = append(s.Fields, token...)
		}},
		Attempt{What: "a valid token and then a made-up one", Valid: true, Change: func(s *Shot) {
			s.Fields = append(s.Fields, Field{s.tokens[len(s.tokens)-1], "made-up-" + s.Canary})
		}},
		Attempt{What: "a token in brackets, as a list", Valid: true, Change: func(s *Shot) {
			for _, f := range s.TakeToken() {
				s.Fields = append(s.Fields, Field{f.Name + "[]", f.Value})
			}
		}},
		Attempt{What: "a made-up token in the body and a valid one in the URL", Valid: true, Change: func(s *Shot) {
			s.Query(s.TakeToken())
			s.PutToken("made-up-" + s.Canary)
		}},
	),
}
