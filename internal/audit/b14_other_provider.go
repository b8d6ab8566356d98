package audit

import (
	"context"
	"slices"
)

var b14 = &Rule{
	ID: "B14", Title: "The field of another captcha service is taken instead", Severity: High, Fix: oneParser, Needs: Baseline, After: afterVerify, Shots: 2,
	Why:  "The app asks whichever service the field names. The attacker chooses the easiest, or one that was never set up.",
	Refs: Refs{CWE: 235, ASVS: "15.3.7"},
	check: func(ctx context.Context, p *Probe) Result {
		others := func(s *Shot) {
			for _, name := range []string{"cf-turnstile-response", "h-captcha-response", "g-recaptcha-response", "frc-captcha-response", "captcha", "altcha", "captcha_token"} {
				if !slices.Contains(p.tokenFields, name) {
					s.Put(name, "10000000-aaaa-bbbb-cccc-000000000001")
				}
			}
		}
		return p.mustRefuse(ctx,
			Attempt{What: "the fields of other services in its place", once: true, Change: others},
			Attempt{What: "a made-up token and the fields of other services", once: true, Change: func(s *Shot) {
				s.PutToken("made-up-" + s.Canary)
				others(s)
			}},
		)
	},
}
