package audit

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
)

var g01 = &Rule{
	ID: "G01", Title: "The refusal tells whether an account exists", Severity: Medium, Fix: sameAnswer, Needs: Baseline, Shots: 2,
	Why:  "Before the captcha is checked, the app has looked the account up, and answers otherwise: a list of addresses is sorted for free.",
	Refs: Refs{CWE: 204, ASVS: "6.3.8", OAT: "OAT-007, OAT-018", WSTG: "IDNT-04"},
	check: func(ctx context.Context, p *Probe) Result {
		known := map[string]string{}
		for _, f := range p.done.Shot.Fields {
			if strings.Contains(f.Value, p.done.Shot.Canary) && !slices.Contains(p.tokenFields, f.Name) {
				known[f.Name] = f.Value
			}
		}
		if len(known) == 0 {
			return leftOut("the form names no account")
		}
		old := p.try(ctx, Attempt{What: "a submission without a token for what exists already", Change: func(s *Shot) {
			for name, value := range known {
				s.Put(name, value)
			}
		}})
		fresh := p.try(ctx, Attempt{What: "a submission without a token for somebody new"})
		switch {
		case old.Err != nil || fresh.Err != nil:
			return unclear("%v", cmp.Or(old.Err, fresh.Err))
		case old.Answer.Status == 429 || fresh.Answer.Status == 429:
			return unclear("the app answered 429, too many requests")
		case old.Answer.Status != fresh.Answer.Status:
			return fail(old, "Without a token the app answered %d for an account that exists and %d for a new one.", old.Answer.Status, fresh.Answer.Status)
		}
		a, b := p.worded(old), p.worded(fresh)
		if a != b {
			return fail(old, "Without a token the answers for an account that exists and for a new one differ.")
		}
		return pass("The refusals for an account that exists and for a new one are the same.")
	},
}

var changing = regexp.MustCompile(`[A-Za-z0-9+/_=-]{16,}|\d+`)

// worded is an answer without what is never the same twice.
func (p *Probe) worded(o *Outcome) string {
	body := string(o.Answer.Body)
	for _, f := range o.Shot.Fields {
		if strings.Contains(f.Value, o.Shot.Canary) || strings.Contains(f.Value, p.done.Shot.Canary) {
			body = strings.ReplaceAll(body, f.Value, "…")
		}
	}
	return changing.ReplaceAllString(body, "…")
}
