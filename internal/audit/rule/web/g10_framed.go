package web

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var g10 = &engine.Rule{
	ID: "G10", Title: "Any site may show the form in a frame", Severity: engine.Note, Fix: fix.Headers, Shots: 0,
	Why:  "A page lies over the frame, and its visitors click on the captcha without knowing.",
	Refs: engine.Refs{CWE: 1021},
	Check: func(_ context.Context, p *engine.Probe) engine.Result {
		if p.First.Answer.Header.Get("X-Frame-Options") == "" && engine.Directive(engine.PolicyOf(p.First.Answer), "frame-ancestors") == "" {
			return engine.Failed(nil, "The page has neither frame-ancestors in its policy nor X-Frame-Options.")
		}
		return engine.Passed("The page says who may frame it.")
	},
}
