package audit

import (
	"context"
	"strings"
)

var f08 = &Rule{
	ID: "F08", Title: "The page's policy makes the honeypot visible", Severity: Low, Fix: traps, Shots: 0,
	Why:  "It is hidden by a style attribute, which the Content-Security-Policy of the page forbids. People see it, and fill it in.",
	Refs: Refs{CWE: 1023, ASVS: "3.4.3"},
	check: func(_ context.Context, p *Probe) Result {
		policy := policyOf(p.first.answer)
		styles := directive(policy, "style-src", "default-src")
		for _, i := range p.first.form.inputs {
			if p.isTrap(i) && i.inlineHidden && styles != "" && !strings.Contains(styles, "'unsafe-inline'") && !strings.Contains(styles, "'unsafe-hashes'") {
				return fail(nil, "The honeypot %s is hidden by a style attribute, and the policy says %s.", i.name, styles)
			}
		}
		return pass("No honeypot depends on a style that the policy forbids.")
	},
}

func policyOf(a *Answer) string { return a.Header.Get("Content-Security-Policy") }

// directive returns the sources of the first directive that the policy has.
func directive(policy string, names ...string) string {
	for _, name := range names {
		for part := range strings.SplitSeq(policy, ";") {
			if first, rest, _ := strings.Cut(strings.TrimSpace(part), " "); strings.EqualFold(first, name) {
				return rest
			}
		}
	}
	return ""
}
