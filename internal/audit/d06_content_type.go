package audit

import "context"

var d06 = &Rule{
	ID: "D06", Title: "Another content type gets past the captcha", Severity: Critical, Fix: oneParser, Needs: Baseline, After: []string{"A07", "A16"}, Shots: 9,
	Why:  "The check reads one kind of body; what it cannot read it lets through, and the handler reads it.",
	Refs: Refs{CWE: 436, ASVS: "15.3.7", WSTG: "INPV-04"},
	check: func(ctx context.Context, p *Probe) Result {
		var attempts []Attempt
		add := func(what, contentType string, encode func([]Field) (string, []byte)) {
			attempts = append(attempts, Attempt{What: what, Change: func(s *Shot) { s.Encode = as(contentType, encode) }})
		}
		add("JSON as text/plain", "text/plain", asJSON)
		add("JSON as application/vnd.api+json", "application/vnd.api+json", asJSON)
		add("JSON as application/x-ndjson", "application/x-ndjson", asJSON)
		add("JSON that is called a form", "application/x-www-form-urlencoded", asJSON)
		add("a form that is called JSON", "application/json", asForm)
		add("a form whose type is in capitals", "APPLICATION/X-WWW-FORM-URLENCODED", asForm)
		add("a form with charset=utf-16", "application/x-www-form-urlencoded; charset=utf-16", asForm)
		add("a form without a content type", "", asForm)
		attempts = append(attempts, Attempt{What: "two content types", Change: func(s *Shot) {
			s.Add("Content-Type", "application/x-www-form-urlencoded")
			s.Add("Content-Type", "application/json")
		}})
		return p.mustRefuse(ctx, attempts...)
	},
}
