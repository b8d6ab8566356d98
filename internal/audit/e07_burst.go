package audit

import (
	"context"
	"fmt"
	"net/netip"
)

var e07 = &Rule{
	ID: "E07", Title: "A burst gets past the rate limit", Severity: Medium, Fix: once, Needs: Baseline | Fresh | Own, After: append([]string{"E01"}, afterVerify...), Shots: races * (2*limitTries + 4),
	Why:  "The limit is read and then written. What comes at once reads the same number.",
	Refs: Refs{CWE: 362, ASVS: "15.4.2"},
	check: limited(func(ctx context.Context, p *Probe, l *limitFound) Result {
		most := 2*l.allowed + 4
		var from []netip.Addr
		for range races {
			from = append(from, p.address())
		}
		pages, err := p.crowd(ctx, most, from...)
		if err != nil {
			return unclear("%v", err)
		}
		tooMany := 0 // as with tokens
		for round := range races {
			shots, err := p.valids(ctx, pages[round*most:][:most])
			if err != nil {
				return unclear("%v", err)
			}
			p.gather(round, len(shots))
			o := p.race(ctx, fmt.Sprintf("%d valid submissions at once", len(shots)), shots)
			switch {
			case o.Err != nil:
				return unclear("%v", o.Err)
			case o.Effects == 0:
				return unclear("of %d valid submissions at once none had an effect", len(shots))
			case tooMany+o.Effects-l.allowed > 1:
				return fail(o, "The limit is %d in a row, and of %d submissions at once the app did %d.", l.allowed, len(shots), o.Effects)
			}
			tooMany += max(0, o.Effects-l.allowed)
		}
		if tooMany > 0 {
			return unclear("one more than the limit of %d had an effect, once in %d rounds: does somebody else use the app?", l.allowed, races)
		}
		return pass("Of %d submissions at once the app did no more than its limit of %d, %d times over.", most, l.allowed, races)
	}),
}

// valids makes a submission of each page, with a token of its own.
func (p *Probe) valids(ctx context.Context, pages []*page) (shots []*Shot, err error) {
	for _, pg := range pages {
		s := p.shot(pg)
		token, err := p.source.mint(ctx, pg)
		if err != nil {
			return nil, err
		}
		s.Fields = append(s.Fields, token...)
		shots = append(shots, s)
	}
	return shots, nil
}
