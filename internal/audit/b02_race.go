package audit

import (
	"context"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
)

var b02 = &Rule{
	ID: "B02", Title: "A token can be used many times at once", Severity: High, Fix: once, Needs: Baseline | Fresh, After: append([]string{"B01"}, afterVerify...), Shots: 24,
	Why:  "Between the look whether a token is used and the note that it is, others get through with it.",
	Refs: Refs{CWE: 367, ASVS: "15.4.2, 2.3.4"},
	check: func(ctx context.Context, p *Probe) Result {
		const many = 20
		// An app that remembers tokens itself is judged by its own memory: the verifier
		// then says yes to all. One that leaves it to the service is judged with that.
		again := func(m *middle) { m.server.Fail(m.service, captchatest.Reusable, -1) }
		remembers := false
		if p.middle != nil {
			_, second := p.twice(ctx, again)
			remembers = second != nil && second.Err == nil && second.Effects == 0
			if p.middle.reset(); remembers {
				again(p.middle)
			}
		}
		var shots []*Shot
		var token []Field
		var canaries []string
		for i := range many {
			pg, err := p.visit(ctx, true)
			if err != nil {
				return unclear("%v", err)
			}
			s := p.shot(pg)
			if i == 0 {
				if token, err = p.source.mint(ctx, pg); err != nil {
					return unclear("%v", err)
				}
			}
			s.Fields = append(s.Fields, token...)
			shots, canaries = append(shots, s), append(canaries, s.Canary)
		}
		before, err := p.mark(ctx)
		if err != nil {
			return unclear("%v", err)
		}
		answers, err := p.together(ctx, shots)
		if err != nil {
			return unclear("%v", err)
		}
		n, err := p.since(ctx, before, canaries, 300*time.Millisecond)
		o := &Outcome{Attempt: Attempt{What: "20 submissions at once with one token"}, Shot: shots[0], Answer: telling(answers), Effects: n}
		switch {
		case err != nil:
			return unclear("%v", err)
		case n > 1:
			return fail(o, "Of %d submissions at once with one token the app did %d.", many, n)
		case n == 0:
			return unclear("of %d submissions at once with one token none had an effect", many)
		}
		return pass("Of %d submissions at once with one token one had an effect.", many)
	},
}

// telling is the answer that shows most of those to requests that were sent at once:
// one that accepted.
func telling(answers []*Answer) *Answer {
	for _, a := range answers {
		if a != nil && a.Status < 400 {
			return a
		}
	}
	return answers[0]
}
