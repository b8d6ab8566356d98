package web

import (
	"context"
	"regexp"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var g02 = &engine.Rule{
	ID: "G02", Title: "The refusal tells which trap closed", Severity: engine.Note, Fix: fix.SameAnswer, Needs: engine.Baseline, Shots: 3,
	Why:  "An attacker who reads that the form was sent too quickly waits a little longer.",
	Refs: engine.Refs{CWE: 204, ASVS: "16.5.1"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		outcomes := []*engine.Outcome{p.Refused}
		if len(p.Filler.Traps(p.First)) > 0 {
			outcomes = append(outcomes, p.Try(ctx, engine.Attempt{What: "a filled honeypot", Fresh: func(s *engine.Shot, pg *engine.Page) { s.Put(p.Filler.Traps(pg)[0], "x") }}))
		}
		for _, o := range outcomes {
			if o.Err != nil {
				return engine.Undecided("%v", o.Err)
			}
			if m := told.Find(o.Answer.Body); m != nil && !told.Match(p.First.Answer.Body) {
				return engine.Failed(o, "The refusal says %q.", m)
			}
		}
		return engine.Passed("The refusals do not tell what was wrong.")
	},
}

var told = regexp.MustCompile(`(?i)honeypot|honey pot|too (fast|quick(ly)?)|bot (was )?detected|spam score|risk score|low score`)
