package audit

import (
	"context"
	"regexp"
)

var g02 = &Rule{
	ID: "G02", Title: "The refusal tells which trap closed", Severity: Note, Fix: sameAnswer, Needs: Baseline, Shots: 3,
	Why:  "An attacker who reads that the form was sent too quickly waits a little longer.",
	Refs: Refs{CWE: 204, ASVS: "16.5.1"},
	check: func(ctx context.Context, p *Probe) Result {
		outcomes := []*Outcome{p.refused}
		if len(p.traps(p.first)) > 0 {
			outcomes = append(outcomes, p.try(ctx, Attempt{What: "a filled honeypot", fresh: func(s *Shot, pg *page) { s.Put(p.traps(pg)[0], "x") }}))
		}
		for _, o := range outcomes {
			if o.Err != nil {
				return unclear("%v", o.Err)
			}
			if m := told.Find(o.Answer.Body); m != nil && !told.Match(p.first.answer.Body) {
				return fail(o, "The refusal says %q.", m)
			}
		}
		return pass("The refusals do not tell what was wrong.")
	},
}

var told = regexp.MustCompile(`(?i)honeypot|honey pot|too (fast|quick(ly)?)|bot (was )?detected|spam score|risk score|low score`)
