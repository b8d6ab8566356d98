package audit

import (
	"cmp"
	"context"
	"errors"

	"github.com/palisade-dev/palisade/captchatest"
)

var b01 = &Rule{
	ID: "B01", Title: "A token can be used twice", Severity: High, Fix: once, Needs: Baseline | Fresh, After: afterVerify, Shots: 4,
	Why:  "One solved captcha, for a tenth of a cent, pays for as many submissions as a bot likes.",
	Refs: Refs{CWE: 294, ASVS: "2.3.1, 9.2.1", OAT: "OAT-009", WSTG: "ATHN-03, BUSL-05"},
	check: func(ctx context.Context, p *Probe) Result {
		first, second := p.twice(ctx, nil)
		switch {
		case first.Err != nil || second == nil || second.Err != nil:
			return unclear("%v", cmp.Or(first.Err, errOf(second), errFirst))
		case second.Effects > 0:
			return fail(second, "The app did it again for a token that was used.")
		case p.middle == nil:
			return pass("The second use of a token was refused with %d.", second.Answer.Status)
		}
		// The service refuses a second use. Whether the app would by itself shows when the
		// service does not.
		_, careless := p.twice(ctx, func(m *middle) { m.server.Fail(m.service, captchatest.Reusable, -1) })
		if careless != nil && careless.Err == nil && careless.Effects > 0 {
			r := fail(careless, "When the service said yes to a token a second time, the app did it again.")
			r.Severity = Low
			r.Title = "Only the service sees to it that a token is used once"
			r.Why = "The service does so as a rule. Behind a verdict that is kept, a retry, or a stand-in during an outage nobody does, and one solved captcha pays for many submissions."
			return r
		}
		return pass("The second use of a token was refused with %d.", second.Answer.Status)
	},
}

var errFirst = errors.New("the first use of the token had no effect")

func errOf(o *Outcome) error {
	if o == nil {
		return nil
	}
	return o.Err
}

// twice submits the form for two visitors, with one token. A second that is nil says
// that the first had no effect.
func (p *Probe) twice(ctx context.Context, script func(*middle)) (first, second *Outcome) {
	var token []Field
	first = p.try(ctx, Attempt{What: "a valid submission", Valid: true, before: script, Change: func(s *Shot) {
		token = s.TakeToken()
		s.Fields = append(s.Fields, token...)
	}})
	if first.Err != nil || first.Effects == 0 {
		return first, nil
	}
	second = p.try(ctx, Attempt{What: "a submission with the token of the one before", before: script, Change: func(s *Shot) {
		s.TakeToken()
		s.Fields = append(s.Fields, token...)
	}})
	return first, second
}
