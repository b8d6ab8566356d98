package replay

import (
	"context"
	"errors"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b04 = &engine.Rule{
	ID: "B04", Title: "Who mends a mistyped form is met with a crash", Severity: engine.Low, Fix: fix.Once, Needs: engine.Baseline | engine.Fresh, Shots: 2,
	Why:  "The token was used up by the first try. The second must be refused cleanly, with a fresh widget, or taken; people give up after an error page.",
	Refs: engine.Refs{CWE: 755, ASVS: "2.3.1"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		email := ""
		for _, i := range p.First.Form.Inputs {
			if i.Kind == "email" || strings.Contains(strings.ToLower(i.Name), "mail") {
				email = i.Name
			}
		}
		if email == "" {
			return engine.Omitted("the form has no e-mail field that could be mistyped")
		}
		var token []engine.Field
		first := p.Try(ctx, engine.Attempt{What: "a mistyped e-mail address", Valid: true, Change: func(s *engine.Shot) {
			s.Put(email, "not an address")
			token = s.TakeToken()
			s.Fields = append(s.Fields, token...)
		}})
		if first.Err != nil {
			return engine.Undecided("%v", first.Err)
		}
		second := p.Try(ctx, engine.Attempt{What: "the mended form with the same token", Change: func(s *engine.Shot) { s.Fields = append(s.Fields, token...) }})
		switch {
		case errors.Is(second.Err, engine.ErrClosed):
			return engine.Failed(second, "To the mended form with the same token the app hung up, as one that crashed.")
		case second.Err != nil:
			return engine.Undecided("%v", second.Err)
		case second.Answer.Status >= 500 && second.Answer.Status != 503:
			return engine.Failed(second, "The mended form with the same token got the error %d.", second.Answer.Status)
		}
		return engine.Passed("The mended form got an answer: %d.", second.Answer.Status)
	},
}
