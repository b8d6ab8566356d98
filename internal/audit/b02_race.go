package audit

import (
	"context"
	"fmt"

	"github.com/palisade-dev/palisade/captchatest"
)

var b02 = &Rule{
	ID: "B02", Title: "A token can be used many times at once", Severity: High, Fix: once, Needs: Baseline | Fresh, After: append([]string{"B01"}, afterVerify...), Shots: 4 + races*atOnce,
	Why:  "Between the look whether a token is used and the note that it is, others get through with it.",
	Refs: Refs{CWE: 367, ASVS: "15.4.2, 2.3.4"},
	check: func(ctx context.Context, p *Probe) Result {
		// An app that remembers tokens itself is judged by its own memory: the verifier
		// then says yes to all. One that leaves it to the service is judged with that.
		again := func(m *middle) { m.server.Fail(m.service, captchatest.Reusable, -1) }
		remembers := false
		if p.middle != nil {
			_, second := p.twice(ctx, again)
			remembers = second != nil && second.Err == nil && second.Effects == 0
		}
		tooMany := 0 // effects in all rounds: one alone may be somebody else's
		for round := range races {
			if p.middle != nil {
				p.middle.reset()
				if remembers {
					again(p.middle)
				}
				p.gather(round, atOnce)
			}
			shots, err := p.withOneToken(ctx)
			if err != nil {
				return unclear("%v", err)
			}
			o := p.race(ctx, fmt.Sprintf("%d submissions at once with one token", atOnce), shots)
			switch {
			case o.Err != nil:
				return unclear("%v", o.Err)
			case tooMany+o.Effects-1 > 1:
				return fail(o, "Of %d submissions at once with one token the app did %d.", atOnce, o.Effects)
			case o.Effects == 0:
				return unclear("of %d submissions at once with one token none had an effect", atOnce)
			}
			tooMany += o.Effects - 1
		}
		if tooMany > 0 {
			return unclear("of %d submissions at once with one token two had an effect, once in %d rounds: does somebody else use the app?", atOnce, races)
		}
		return pass("Of %d submissions at once with one token one had an effect, %d times over.", atOnce, races)
	},
}

// withOneToken makes submissions of different visitors with the same token.
func (p *Probe) withOneToken(ctx context.Context) (shots []*Shot, err error) {
	var token []Field
	for i := range atOnce {
		pg, err := p.visit(ctx, true)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			if token, err = p.source.mint(ctx, pg); err != nil {
				return nil, err
			}
		}
		s := p.shot(pg)
		s.Fields = append(s.Fields, token...)
		shots = append(shots, s)
	}
	return shots, nil
}
