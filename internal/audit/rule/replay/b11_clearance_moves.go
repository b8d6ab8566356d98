package replay

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b11 = &engine.Rule{
	ID: "B11", Title: "A clearance is good for others than who earned it", Severity: engine.High, Fix: fix.Clearance, Needs: engine.Baseline, Shots: 4,
	Why:  "One visitor solves the captcha, and a thousand bots send its cookie.",
	Refs: engine.Refs{CWE: 294, ASVS: "9.2.3"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		jar, own, err := p.Clear(ctx)
		switch {
		case err != nil:
			return engine.Undecided("%v", err)
		case own.Effects == 0:
			return engine.Passed("There is no clearance: after a valid submission the next one needs a token again.")
		}
		other := p.Try(ctx, engine.Attempt{What: "a submission with that visitor's cookies, from another address and with another browser", Change: func(s *engine.Shot) {
			s.Cookies = jar
			s.Set("User-Agent", "curl/8.5.0")
		}})
		if other.Err == nil && other.Effects == 0 { // a thief of the cookies can copy the User-Agent as well
			other = p.Try(ctx, engine.Attempt{What: "a submission with that visitor's cookies, from another address", Change: func(s *engine.Shot) { s.Cookies = jar }})
		}
		switch {
		case other.Err != nil:
			return engine.Undecided("%v", other.Err)
		case other.Effects > 0 && !p.Visitors.Own:
			return engine.Undecided("the clearance was taken from another browser; whether from another address too cannot be seen from here")
		case other.Effects > 0:
			return engine.Failed(other, "After one solved captcha, its cookies are enough for others, from another address and without a token.")
		}
		return engine.Passed("The clearance of one visitor is not taken from another.")
	},
}
