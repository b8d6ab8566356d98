package audit

import (
	"context"
	"fmt"
	"time"
)

var e07 = &Rule{
	ID: "E07", Title: "A burst gets past the rate limit", Severity: Medium, Fix: once, Needs: Baseline | Fresh | Own, After: append([]string{"E01"}, afterVerify...), Shots: 56,
	Why:  "The limit is read and then written. What comes at once reads the same number.",
	Refs: Refs{CWE: 362, ASVS: "15.4.2"},
	check: func(ctx context.Context, p *Probe) Result {
		l, err := p.findLimit(ctx)
		switch {
		case err != nil:
			return unclear("%v", err)
		case l.allowed == 0:
			return leftOut("no limit was met in %d valid submissions from one address", limitTries)
		}
		pages, err := p.crowd(ctx, 2*l.allowed+4, p.address())
		if err != nil {
			return unclear("%v", err)
		}
		var shots []*Shot
		var canaries []string
		for _, pg := range pages {
			s := p.shot(pg)
			token, err := p.source.mint(ctx, pg)
			if err != nil {
				return unclear("%v", err)
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
		o := &Outcome{Attempt: Attempt{What: fmt.Sprintf("%d valid submissions at once", len(shots))}, Shot: shots[0], Answer: telling(answers), Effects: n}
		switch {
		case err != nil:
			return unclear("%v", err)
		case n > l.allowed:
			return fail(o, "The limit is %d in a row, and of %d submissions at once the app did %d.", l.allowed, len(shots), n)
		}
		return pass("Of %d submissions at once the app did %d, within its limit of %d.", len(shots), n, l.allowed)
	},
}
