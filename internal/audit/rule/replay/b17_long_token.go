package replay

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b17 = &engine.Rule{
	ID: "B17", Title: "A token of any length goes to the verifier", Severity: engine.Low, Fix: fix.StrictToken, Needs: engine.Baseline, After: []string{"A05"}, Shots: 2,
	Why:  "Real tokens have at most some thousand bytes. Anything longer costs the app and the verifier for nothing.",
	Refs: engine.Refs{CWE: 1284, ASVS: "2.2.1, 15.2.2"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		const long = 1_000_000
		a := engine.WithToken("a token of one million bytes", strings.Repeat("A", long))
		a.Tidy = true
		r := p.MustRefuse(ctx, a)
		last := p.Seen[len(p.Seen)-1]
		switch {
		case r.Status == engine.Fail && last.Effects > 0 && p.Try(ctx, padded(long)).Effects > 0:
			return engine.Omitted("a body of that length gets past the check with any token or none, which is tried by D11")
		case r.Status == engine.Pass && p.Middle != nil && len(p.Middle.Calls()) > 0:
			return engine.Failed(last, "A token of one million bytes was sent on to the verifier.")
		}
		return r
	},
}

// padded is a submission without a token whose body is that long.
func padded(n int) engine.Attempt {
	return engine.Attempt{What: "a form with that much padding and no token", Change: func(s *engine.Shot) { s.Put("padding", strings.Repeat("x", n)) }}
}
