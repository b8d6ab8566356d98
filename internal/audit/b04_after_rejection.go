package audit

import (
	"context"
	"errors"
	"strings"
)

var b04 = &Rule{
	ID: "B04", Title: "Who mends a mistyped form is met with a crash", Severity: Low, Fix: once, Needs: Baseline | Fresh, Shots: 2,
	Why:  "The token was used up by the first try. The second must be refused cleanly, with a fresh widget, or taken; people give up after an error page.",
	Refs: Refs{CWE: 755, ASVS: "2.3.1"},
	check: func(ctx context.Context, p *Probe) Result {
		email := ""
		for _, i := range p.first.form.inputs {
			if i.kind == "email" || strings.Contains(strings.ToLower(i.name), "mail") {
				email = i.name
			}
		}
		if email == "" {
			return leftOut("the form has no e-mail field that could be mistyped")
		}
		var token []Field
		first := p.try(ctx, Attempt{What: "a mistyped e-mail address", Valid: true, Change: func(s *Shot) {
			s.Put(email, "not an address")
			token = s.TakeToken()
			s.Fields = append(s.Fields, token...)
		}})
		if first.Err != nil {
			return unclear("%v", first.Err)
		}
		second := p.try(ctx, Attempt{What: "the mended form with the same token", Change: func(s *Shot) { s.Fields = append(s.Fields, token...) }})
		switch {
		case errors.Is(second.Err, errClosed):
			return fail(second, "To the mended form with the same token the app hung up, as one that crashed.")
		case second.Err != nil:
			return unclear("%v", second.Err)
		case second.Answer.Status >= 500 && second.Answer.Status != 503:
			return fail(second, "The mended form with the same token got the error %d.", second.Answer.Status)
		}
		return pass("The mended form got an answer: %d.", second.Answer.Status)
	},
}
