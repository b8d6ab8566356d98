package replay

import (
	"context"
	"slices"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
)

func errOf(o *engine.Outcome) error {
	if o == nil {
		return nil
	}
	return o.Err
}

// twice submits the form for two visitors, with one token. A nil second outcome means that
// the first had no effect.
func twice(ctx context.Context, p *engine.Probe, script func(*engine.Middle)) (first, second *engine.Outcome) {
	var token []engine.Field
	first = p.Try(ctx, engine.Attempt{What: "a valid submission", Valid: true, Before: script, Change: func(s *engine.Shot) {
		token = s.TakeToken()
		s.Fields = append(s.Fields, token...)
	}})
	if first.Err != nil || first.Effects == 0 {
		return first, nil
	}
	second = p.Try(ctx, engine.Attempt{What: "a submission with the token of the one before", Before: script, Change: func(s *engine.Shot) {
		s.TakeToken()
		s.Fields = append(s.Fields, token...)
	}})
	return first, second
}

// solved is a submission with a token about which the service gives an unusual answer.
func solved(what string, change func(*captchatest.Solution), script func(*engine.Middle)) engine.Attempt {
	return engine.Attempt{What: what, Before: script, Token: func(m *engine.Middle) string { return m.Solve(change) }}
}

// tells reports whether a service gives this information about its tokens.
func tells(service, what string) bool { return slices.Contains(captchatest.Reports(service), what) }
