package limit

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var e07 = &engine.Rule{
	ID: "E07", Title: "A burst gets past the rate limit", Severity: engine.Medium, Fix: fix.Once, Needs: engine.Baseline | engine.Fresh | engine.Own, After: append([]string{"E01"}, engine.AfterVerify...), Shots: engine.Races * (2*engine.LimitTries + 4),
	Why:  "The limit is read and then written. What comes at once reads the same number.",
	Refs: engine.Refs{CWE: 362, ASVS: "15.4.2"},
	Check: engine.Limited(func(ctx context.Context, p *engine.Probe, l *engine.LimitFound) engine.Result {
		most := 2*l.Allowed + 4
		var from []netip.Addr
		for range engine.Races {
			from = append(from, p.Visitors.Address())
		}
		pages, err := p.Visitors.Crowd(ctx, most, from...)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		tooMany := 0 // in all rounds: one alone may come from another user
		for round := range engine.Races {
			shots, err := valids(ctx, p, pages[round*most:][:most])
			if err != nil {
				return engine.Undecided("%v", err)
			}
			p.Middle.Gather(round, len(shots))
			o := p.Race(ctx, fmt.Sprintf("%d valid submissions at once", len(shots)), shots)
			switch {
			case o.Err != nil:
				return engine.Undecided("%v", o.Err)
			case o.Effects == 0:
				return engine.Undecided("of %d valid submissions at once none had an effect", len(shots))
			case tooMany+o.Effects-l.Allowed > 1:
				return engine.Failed(o, "The limit is %d in a row, and of %d submissions at once the app did %d.", l.Allowed, len(shots), o.Effects)
			}
			tooMany += max(0, o.Effects-l.Allowed)
		}
		if tooMany > 0 {
			return engine.Undecided("one more than the limit of %d had an effect, once in %d rounds: does somebody else use the app?", l.Allowed, engine.Races)
		}
		return engine.Passed("Of %d submissions at once the app did no more than its limit of %d, %d times over.", most, l.Allowed, engine.Races)
	}),
}

// valids makes a submission of each page, with a token of its own.
func valids(ctx context.Context, p *engine.Probe, pages []*engine.Page) (shots []*engine.Shot, err error) {
	for _, pg := range pages {
		s := p.Filler.Shot(pg)
		token, err := p.Source.Mint(ctx, pg)
		if err != nil {
			return nil, err
		}
		s.Fields = append(s.Fields, token...)
		shots = append(shots, s)
	}
	return shots, nil
}
