package verify

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// ignoring sends a token that the verifier refuses, with 200 and then with 400.
func ignoring(ctx context.Context, p *engine.Probe) (said, status *engine.Outcome) {
	a := engine.WithToken("a token that the verifier refused", "0.pAlIsAdE-"+strings.Repeat("cmVmdXNlZA", 12)+p.Filler.Canary())
	if said = p.Try(ctx, a); said.Err != nil || said.Effects == 0 {
		return said, nil
	}
	a = engine.WithToken("a token that the verifier refused with status 400", "0.pAlIsAdE-"+strings.Repeat("cmVmdXNlZA", 12)+p.Filler.Canary())
	a.Before = func(m *engine.Middle) {
		m.Server.Answer(m.Service, 400, `{"success":false,"error-codes":["invalid-input-response"]}`, -1)
	}
	if status = p.Try(ctx, a); status.Err != nil {
		status = nil
	}
	return said, status
}

// refusedLater sends the form again and again for one visitor, without a token. It returns
// the number of the first refused submission, or 0 if none was refused.
func refusedLater(ctx context.Context, p *engine.Probe) (int, *engine.Outcome) {
	pg := p.Refused.Visit
	for n := 1; n <= 6; n++ {
		o := p.Try(ctx, engine.Attempt{What: "a submission without a token", Visit: pg})
		if o.Err != nil {
			return 0, o
		}
		if engine.TakeCookies(pg.Cookies, o.Answer); o.Effects == 0 {
			return n, o
		}
	}
	return 0, nil
}
