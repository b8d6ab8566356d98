package replay

import (
	"context"
	"slices"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b14 = &engine.Rule{
	ID: "B14", Title: "The field of another captcha service is taken instead", Severity: engine.High, Fix: fix.OneParser, Needs: engine.Baseline, After: engine.AfterVerify, Shots: 2,
	Why:  "The app asks whichever service the field names. The attacker chooses the easiest, or one that was never set up.",
	Refs: engine.Refs{CWE: 235, ASVS: "15.3.7"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		others := func(s *engine.Shot) {
			for _, name := range []string{"cf-turnstile-response", "h-captcha-response", "g-recaptcha-response", "frc-captcha-response", "captcha", "altcha", "captcha_token"} {
				if !slices.Contains(p.Filler.TokenFields, name) {
					s.Put(name, "10000000-aaaa-bbbb-cccc-000000000001")
				}
			}
		}
		return p.MustRefuse(ctx,
			engine.Attempt{What: "the fields of other services in its place", Once: true, Change: others},
			engine.Attempt{What: "a made-up token and the fields of other services", Once: true, Change: func(s *engine.Shot) {
				s.PutToken("made-up-" + s.Canary)
				others(s)
			}},
		)
	},
}
