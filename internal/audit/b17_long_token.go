package audit

import (
	"context"
	"strings"
)

var b17 = &Rule{
	ID: "B17", Title: "A token of any length goes to the verifier", Severity: Low, Fix: strictToken, Needs: Baseline, After: []string{"A05"}, Shots: 1,
	Why:  "Real tokens have at most some thousand bytes. Anything longer costs the app and the verifier for nothing.",
	Refs: Refs{CWE: 1284, ASVS: "2.2.1, 15.2.2"},
	check: func(ctx context.Context, p *Probe) Result {
		a := withToken("a token of one million bytes", strings.Repeat("A", 1_000_000))
		a.Tidy = true
		r := p.mustRefuse(ctx, a)
		if r.Status == Pass && p.middle != nil {
			if n := len(p.middle.calls()); n > 0 {
				return fail(p.seen[len(p.seen)-1], "A token of one million bytes was sent on to the verifier.")
			}
		}
		return r
	},
}
