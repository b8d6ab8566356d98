package audit

import "context"

var g10 = &Rule{
	ID: "G10", Title: "Any site may show the form in a frame", Severity: Note, Fix: headers, Shots: 0,
	Why:  "A page lies over the frame, and its visitors click on the captcha without knowing.",
	Refs: Refs{CWE: 1021},
	check: func(_ context.Context, p *Probe) Result {
		if p.first.answer.Header.Get("X-Frame-Options") == "" && directive(policyOf(p.first.answer), "frame-ancestors") == "" {
			return fail(nil, "The page has neither frame-ancestors in its policy nor X-Frame-Options.")
		}
		return pass("The page says who may frame it.")
	},
}
