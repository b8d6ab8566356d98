package protocol

import (
	"context"
	"errors"
	"net/http"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var i02 = &engine.Rule{
	ID: "I02", Title: "A connection can be upgraded past the check", Severity: engine.High, Fix: fix.OnRoute, Needs: engine.Baseline, Shots: 1,
	Why:  "After 101 a proxy passes bytes on without looking at them.",
	Refs: engine.Refs{CWE: 444, ASVS: "4.2.1"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		o := p.Try(ctx, engine.Attempt{What: "a submission that asks for an upgrade to h2c", Change: func(s *engine.Shot) {
			s.Set("Connection", "Upgrade, HTTP2-Settings")
			s.Set("Upgrade", "h2c")
			s.Set("HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA")
		}})
		switch {
		case errors.Is(o.Err, engine.ErrSilent):
			return engine.Passed("The connection was kept and nothing was upgraded.")
		case o.Err != nil:
			return engine.Undecided("%v", o.Err)
		case o.Answer.Status == http.StatusSwitchingProtocols, o.Effects > 0:
			return engine.Failed(o, "The answer was %d.", o.Answer.Status)
		}
		return engine.Passed("The upgrade was not made: %d.", o.Answer.Status)
	},
}
