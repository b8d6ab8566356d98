package audit

import (
	"context"
	"regexp"
	"strings"

	"github.com/palisade-dev/palisade/captchatest"
)

var g06 = &Rule{
	ID: "G06", Title: "The page's policy is in the widget's way, or in nobody's", Severity: Note, Fix: headers, Shots: 1,
	Why:  "A policy that forbids the widget's script turns people away; one that allows every script stops none.",
	Refs: Refs{CWE: 693, ASVS: "3.4.3, 3.6.1"},
	check: func(ctx context.Context, p *Probe) Result {
		policy := policyOf(p.first.answer)
		if policy == "" {
			return leftOut("the page has no Content-Security-Policy")
		}
		sources := directive(policy, "script-src-elem", "script-src", "default-src")
		again, err := p.fetch(ctx, p.target, p.address(), nil)
		if err != nil {
			return unclear("%v", err)
		}
		nonce := nonceOf.FindString(sources)
		host := map[string]string{captchatest.Turnstile: "challenges.cloudflare.com", captchatest.HCaptcha: "hcaptcha.com", captchatest.RecaptchaV2: "google.com"}[p.service]
		var r Result
		switch loose := " " + sources + " "; {
		case nonce != "" && strings.Contains(policyOf(again.answer), nonce):
			r = fail(nil, "Two answers have the same nonce, %s.", nonce)
			r.Severity = Medium
		case nonce == "" && (strings.Contains(loose, " * ") || strings.Contains(loose, "'unsafe-inline'")) && !strings.Contains(loose, "'strict-dynamic'"):
			r = fail(nil, "The policy allows any script: script-src %s.", sources)
		case host != "" && sources != "" && !strings.Contains(loose, host) && !strings.Contains(loose, " * ") && !strings.Contains(loose, " https: ") && !strings.Contains(loose, "'strict-dynamic'") && nonce == "":
			r = fail(nil, "The policy does not allow the script of the widget from %s: script-src %s.", host, sources)
			r.Severity = Low
		default:
			r = pass("The policy allows the widget and not everything.")
		}
		return r
	},
}

var nonceOf = regexp.MustCompile(`'nonce-[^']+'`)
