package audit

import (
	"bytes"
	"context"
	"errors"
	"regexp"
)

var g04 = &Rule{
	ID: "G04", Title: "The secret can be had by everybody", Severity: Critical, Fix: secrets, Shots: 4,
	Why:  "Who has the secret verifies tokens in your name, and uses them up.",
	Refs: Refs{CWE: 200, ASVS: "13.3.1"},
	check: func(ctx context.Context, p *Probe) Result {
		places := append(p.sameOrigin(p.first.scripts, 5), "/.env", "/config.js", "/api/config", "/.git/config", "/env.js", "/static/config.js", "/.env.local", "/config.json")
		looked := map[string][]byte{"the page": p.first.answer.Body}
		for _, place := range places {
			a, err := p.get(ctx, place)
			if errors.Is(err, errBound) || ctx.Err() != nil {
				return unclear("%v", err)
			}
			if err == nil && a.Status == 200 {
				looked[place] = a.Body
			}
		}
		for place, body := range looked {
			if p.middle != nil {
				for secret := range p.middle.secrets {
					if bytes.Contains(body, []byte(secret)) {
						return fail(nil, "The secret with which the app asks the verifier stands in %s.", place)
					}
				}
			}
			if m := secretLike.Find(body); m != nil {
				return fail(nil, "What looks like a captcha secret stands in %s: %s…", place, m[:min(len(m), 24)])
			}
		}
		return pass("It is not in the page, its scripts or %d places in which such things are forgotten.", len(places))
	},
}

var secretLike = regexp.MustCompile(`(?i)(recaptcha|turnstile|hcaptcha|captcha)[_-]?(secret|private)([_-]?key)?["']?\s*[:=]\s*["']?[A-Za-z0-9_-]{12,}|0x[0-9a-fA-F]{40}\b|\bES_[0-9a-f]{32}\b`)
