package web

import (
	"bytes"
	"context"
	"errors"
	"regexp"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var g04 = &engine.Rule{
	ID: "G04", Title: "The secret can be had by everybody", Severity: engine.Critical, Fix: fix.Secrets, Shots: 4,
	Why:  "Who has the secret verifies tokens in your name, and uses them up.",
	Refs: engine.Refs{CWE: 200, ASVS: "13.3.1"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		places := append(p.SameOrigin(p.First.Scripts, 5), "/.env", "/config.js", "/api/config", "/.git/config", "/env.js", "/static/config.js", "/.env.local", "/config.json")
		looked := map[string][]byte{"the page": p.First.Answer.Body}
		for _, place := range places {
			a, err := p.Visitors.Get(ctx, place)
			if errors.Is(err, engine.ErrBound) || ctx.Err() != nil {
				return engine.Undecided("%v", err)
			}
			if err == nil && a.Status == 200 {
				looked[place] = a.Body
			}
		}
		for place, body := range looked {
			if p.Middle != nil {
				for secret := range p.Middle.Secrets {
					if bytes.Contains(body, []byte(secret)) {
						return engine.Failed(nil, "The secret with which the app asks the verifier stands in %s.", place)
					}
				}
			}
			if m := secretLike.Find(body); m != nil {
				return engine.Failed(nil, "What looks like a captcha secret stands in %s: %s…", place, m[:min(len(m), 24)])
			}
		}
		return engine.Passed("It is not in the page, its scripts or %d places in which such things are forgotten.", len(places))
	},
}

var secretLike = regexp.MustCompile(`(?i)(recaptcha|turnstile|hcaptcha|captcha)[_-]?(secret|private)([_-]?key)?["']?\s*[:=]\s*["']?[A-Za-z0-9_-]{12,}|0x[0-9a-fA-F]{40}\b|\bES_[0-9a-f]{32}\b`)
