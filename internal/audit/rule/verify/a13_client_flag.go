package verify

import (
	"context"
	"maps"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a13 = &engine.Rule{
	ID: "A13", Title: "A field says that the captcha is not needed, and is believed", Severity: engine.Critical, Fix: fix.CheckOnServer, Needs: engine.Baseline, Shots: 4,
	Why:  "Whatever a client sends is a claim. This one skips the captcha.",
	Refs: engine.Refs{CWE: 807, ASVS: "2.2.2"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		return p.MustRefuse(ctx,
			engine.Attempt{What: "fields such as " + flagged[0].Name + "=" + flagged[0].Value + " or skip_captcha=1 in the body", Change: func(s *engine.Shot) { s.Fields = append(s.Fields, flagged...) }},
			engine.Attempt{What: "the same fields with 1 for true, and true for 1", Change: func(s *engine.Shot) {
				for _, f := range flagged {
					if other := map[string]string{"1": "true", "true": "1", "false": "0"}[f.Value]; other != "" {
						s.Fields = append(s.Fields, engine.Field{Name: f.Name, Value: other})
					}
				}
			}},
			engine.Attempt{What: "the same fields in the URL", Change: func(s *engine.Shot) { s.Query(flagged) }},
			engine.Attempt{What: "the same names as cookies", Change: func(s *engine.Shot) {
				s.Cookies = maps.Clone(s.Cookies)
				for _, f := range flagged {
					s.Cookies[f.Name] = f.Value
				}
			}},
		)
	},
}

// flagged are names of fields that some apps trust.
var flagged = engine.Fields(
	"captcha_verified", "true", "captchaVerified", "true", "captcha_ok", "1", "captcha_passed", "1", "captcha_valid", "1", "skip_captcha", "1", "skipCaptcha", "true",
	"skip_recaptcha", "1", "recaptcha", "false", "captcha", "false", "no_captcha", "1", "is_human", "1", "isHuman", "true", "human", "1",
	"verified", "true", "test", "1", "debug", "1", "bypass", "1", "is_bot", "false", "mobile", "1", "is_mobile", "1", "turnstile_ok", "1", "turnstile_verified", "true",
)
