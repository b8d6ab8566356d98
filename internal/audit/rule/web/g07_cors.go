package web

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var g07 = &engine.Rule{
	ID: "G07", Title: "Any site may send the form and read the answer, with the visitor's cookies", Severity: engine.Medium, Fix: fix.Headers, Shots: 1,
	Why:  "The answer repeats the Origin of whoever asks and allows credentials: other sites act as the visitor.",
	Refs: engine.Refs{CWE: 942, ASVS: "3.5.2"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		for _, method := range []string{"GET", "OPTIONS"} {
			s := &engine.Shot{Method: method, Target: p.Home.RequestURI(), Host: p.Target.Host, From: p.Visitors.Address()}
			s.Set("Origin", "https://evil.example")
			s.Set("Access-Control-Request-Method", "POST")
			a, err := p.Visitors.Fire(ctx, s)
			if err != nil {
				return engine.Undecided("%v", err)
			}
			origin, credentials := a.Header.Get("Access-Control-Allow-Origin"), a.Header.Get("Access-Control-Allow-Credentials")
			if credentials == "true" && (origin == "*" || origin == "https://evil.example") {
				return engine.Failed(&engine.Outcome{Attempt: engine.Attempt{What: "a request from evil.example"}, Shot: s, Answer: a}, "The answer to https://evil.example allows that origin, with credentials.")
			}
		}
		return engine.Passed("Another origin is not allowed to act with the visitor's cookies.")
	},
}
