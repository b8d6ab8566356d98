package protocol

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var i01 = &engine.Rule{
	ID: "I01", Title: "Over HTTP/2 the form needs no captcha", Severity: engine.Critical, Fix: fix.OnRoute, Needs: engine.Baseline, Shots: 2,
	Why:  "Another version of the protocol takes another way through the servers, past the check.",
	Refs: engine.Refs{CWE: 444, ASVS: "4.2.1, 4.2.3"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		pg, err := p.Visitors.Visit(ctx, true)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		s := p.Filler.Shot(pg)
		before, err := p.Effects.Mark(ctx)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		a, err := p.Visitors.OverHTTP2(ctx, s)
		if err != nil {
			return engine.Omitted("the server does not speak HTTP/2 here")
		}
		n, err := p.Effects.Since(ctx, before, []string{s.Canary}, 0)
		o := &engine.Outcome{Attempt: engine.Attempt{What: "a submission over HTTP/2"}, Shot: s, Answer: a, Effects: n}
		switch {
		case err != nil:
			return engine.Undecided("%v", err)
		case n > 0:
			return engine.Failed(o, "The app did it for a submission over HTTP/2 without a token.")
		}
		return engine.Passed("A submission over HTTP/2 without a token was refused with %d.", a.Status)
	},
}
