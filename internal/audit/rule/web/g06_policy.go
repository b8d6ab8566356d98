package web

import (
	"context"
	"regexp"
	"strings"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var g06 = &engine.Rule{
	ID: "G06", Title: "The page's policy is in the widget's way, or in nobody's", Severity: engine.Note, Fix: fix.Headers, Shots: 1,
	Why:  "A policy that forbids the widget's script turns people away; one that allows every script stops none.",
	Refs: engine.Refs{CWE: 693, ASVS: "3.4.3, 3.6.1"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		policy := engine.PolicyOf(p.First.Answer)
		if policy == "" {
			return engine.Omitted("the page has no Content-Security-Policy")
		}
		sources := engine.Directive(policy, "script-src-elem", "script-src", "default-src")
		again, err := p.Visitors.Fetch(ctx, p.Target, p.Visitors.Address(), nil)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		nonce := nonceOf.FindString(sources)
		host := map[string]string{captchatest.Turnstile: "challenges.cloudflare.com", captchatest.HCaptcha: "hcaptcha.com", captchatest.RecaptchaV2: "google.com"}[p.Service]
		var r engine.Result
		switch loose := " " + sources + " "; {
		case nonce != "" && strings.Contains(engine.PolicyOf(again.Answer), nonce):
			r = engine.Failed(nil, "Two answers have the same nonce, %s.", nonce)
			r.Severity = engine.Medium
		case nonce == "" && (strings.Contains(loose, " * ") || strings.Contains(loose, "'unsafe-inline'")) && !strings.Contains(loose, "'strict-dynamic'"):
			r = engine.Failed(nil, "The policy allows any script: script-src %s.", sources)
		case host != "" && sources != "" && !strings.Contains(loose, host) && !strings.Contains(loose, " * ") && !strings.Contains(loose, " https: ") && !strings.Contains(loose, "'strict-dynamic'") && nonce == "":
			r = engine.Failed(nil, "The policy does not allow the script of the widget from %s: script-src %s.", host, sources)
			r.Severity = engine.Low
		default:
			r = engine.Passed("The policy allows the widget and not everything.")
		}
		return r
	},
}

var nonceOf = regexp.MustCompile(`'nonce-[^']+'`)
