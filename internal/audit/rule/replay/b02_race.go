package replay

import (
	"context"
	"fmt"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b02 = &engine.Rule{
	ID: "B02", Title: "A token can be used many times at once", Severity: engine.High, Fix: fix.Once, Needs: engine.Baseline | engine.Fresh, After: append([]string{"B01"}, engine.AfterVerify...), Shots: 4 + engine.Races*engine.AtOnce,
	Why:  "Between the look whether a token is used and the note that it is, others get through with it.",
	Refs: engine.Refs{CWE: 367, ASVS: "15.4.2, 2.3.4"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		// If the app remembers tokens itself, the verifier says yes to all, so that only the
		// app's memory counts. If the app relies on the service, the service remembers too.
		again := func(m *engine.Middle) { m.Server.Fail(m.Service, captchatest.Reusable, -1) }
		remembers := false
		if p.Middle != nil {
			_, second := twice(ctx, p, again)
			remembers = second != nil && second.Err == nil && second.Effects == 0
		}
		tooMany := 0 // effects in all rounds: one alone may come from another user
		for round := range engine.Races {
			if p.Middle != nil {
				p.Middle.Reset()
				if remembers {
					again(p.Middle)
				}
				p.Middle.Gather(round, engine.AtOnce)
			}
			shots, err := withOneToken(ctx, p)
			if err != nil {
				return engine.Undecided("%v", err)
			}
			o := p.Race(ctx, fmt.Sprintf("%d submissions at once with one token", engine.AtOnce), shots)
			switch {
			case o.Err != nil:
				return engine.Undecided("%v", o.Err)
			case tooMany+o.Effects-1 > 1:
				return engine.Failed(o, "Of %d submissions at once with one token the app did %d.", engine.AtOnce, o.Effects)
			case o.Effects == 0:
				return engine.Undecided("of %d submissions at once with one token none had an effect", engine.AtOnce)
			}
			tooMany += o.Effects - 1
		}
		if tooMany > 0 {
			return engine.Undecided("of %d submissions at once with one token two had an effect, once in %d rounds: does somebody else use the app?", engine.AtOnce, engine.Races)
		}
		return engine.Passed("Of %d submissions at once with one token one had an effect, %d times over.", engine.AtOnce, engine.Races)
	},
}

// withOneToken makes submissions of different visitors with the same token.
func withOneToken(ctx context.Context, p *engine.Probe) (shots []*engine.Shot, err error) {
	var token []engine.Field
	for i := range engine.AtOnce {
		pg, err := p.Visitors.Visit(ctx, true)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			if token, err = p.Source.Mint(ctx, pg); err != nil {
				return nil, err
			}
		}
		s := p.Filler.Shot(pg)
		s.Fields = append(s.Fields, token...)
		shots = append(shots, s)
	}
	return shots, nil
}
