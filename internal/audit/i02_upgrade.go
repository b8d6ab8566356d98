package audit

import (
	"context"
	"errors"
	"net/http"
)

var i02 = &Rule{
	ID: "I02", Title: "A connection can be upgraded past the check", Severity: High, Fix: onRoute, Needs: Baseline, Shots: 1,
	Why:  "After 101 a proxy passes bytes on without looking at them.",
	Refs: Refs{CWE: 444, ASVS: "4.2.1"},
	check: func(ctx context.Context, p *Probe) Result {
		o := p.try(ctx, Attempt{What: "a submission that asks for an upgrade to h2c", Change: func(s *Shot) {
			s.Set("Connection", "Upgrade, HTTP2-Settings")
			s.Set("Upgrade", "h2c")
			s.Set("HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA")
		}})
		switch {
		case errors.Is(o.Err, errSilent):
			return pass("The connection was kept and nothing was upgraded.")
		case o.Err != nil:
			return unclear("%v", o.Err)
		case o.Answer.Status == http.StatusSwitchingProtocols, o.Effects > 0:
			return fail(o, "The answer was %d.", o.Answer.Status)
		}
		return pass("The upgrade was not made: %d.", o.Answer.Status)
	},
}
