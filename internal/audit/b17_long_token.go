package audit

import (
	"context"
	"strings"
)

var b17 = &Rule{
	ID: "B17", Title: "A token of any length goes to the verifier", Severity: Low, Fix: strictToken, Needs: Baseline, After: []string{"A05"}, Shots: 2,
	Why:  "Real tokens have at most some thousand bytes. Anything longer costs the app and the verifier for nothing.",
	Refs: Refs{CWE: 1284, ASVS: "2.2.1, 15.2.2"},
	check: func(ctx context.Context, p *Probe) Result {
		const long = 1_000_000
		a := withToken("a token of one million bytes", strings.Repeat("A", long))
		a.Tidy = true
		r := p.mustRefuse(ctx, a)
		last := p.seen[len(p.seen)-1]
		switch {
		case r.Status == Fail && last.Effects > 0 && p.try(ctx, padded(long)).Effects > 0:
			return leftOut("a body of that length gets past the check with any token or none, which is tried by D11")
		case r.Status == Pass && p.middle != nil && len(p.middle.calls()) > 0:
			return fail(last, "A token of one million bytes was sent on to the verifier.")
		}
		return r
	},
}

// padded is a submission without a token whose body is that long.
func padded(n int) Attempt {
	return Attempt{What: "a form with that much padding and no token", Change: func(s *Shot) { s.Put("padding", strings.Repeat("x", n)) }}
}
