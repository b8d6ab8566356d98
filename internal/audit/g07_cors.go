package audit

import "context"

var g07 = &Rule{
	ID: "G07", Title: "Any site may send the form and read the answer, with the visitor's cookies", Severity: Medium, Fix: headers, Shots: 1,
	Why:  "The answer repeats the Origin of whoever asks and allows credentials: other sites act as the visitor.",
	Refs: Refs{CWE: 942, ASVS: "3.5.2"},
	check: func(ctx context.Context, p *Probe) Result {
		for _, method := range []string{"GET", "OPTIONS"} {
			s := &Shot{Method: method, Target: p.home.RequestURI(), Host: p.target.Host, From: p.address()}
			s.Set("Origin", "https://evil.example")
			s.Set("Access-Control-Request-Method", "POST")
			a, err := p.fire(ctx, s)
			if err != nil {
				return unclear("%v", err)
			}
			origin, credentials := a.Header.Get("Access-Control-Allow-Origin"), a.Header.Get("Access-Control-Allow-Credentials")
			if credentials == "true" && (origin == "*" || origin == "https://evil.example") {
				return fail(&Outcome{Attempt: Attempt{What: "a request from evil.example"}, Shot: s, Answer: a}, "The answer to https://evil.example allows that origin, with credentials.")
			}
		}
		return pass("Another origin is not allowed to act with the visitor's cookies.")
	},
}
