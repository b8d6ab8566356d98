package trap

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var f08 = &engine.Rule{
	ID: "F08", Title: "The page's policy makes the honeypot visible", Severity: engine.Low, Fix: fix.Traps, Shots: 0,
	Why:  "It is hidden by a style attribute, which the Content-Security-Policy of the page forbids. People see it, and fill it in.",
	Refs: engine.Refs{CWE: 1023, ASVS: "3.4.3"},
	Check: func(_ context.Context, p *engine.Probe) engine.Result {
		policy := engine.PolicyOf(p.First.Answer)
		styles := engine.Directive(policy, "style-src", "default-src")
		for _, i := range p.First.Form.Inputs {
			if p.Filler.IsTrap(i) && i.InlineHidden && styles != "" && !strings.Contains(styles, "'unsafe-inline'") && !strings.Contains(styles, "'unsafe-hashes'") {
				return engine.Failed(nil, "The honeypot %s is hidden by a style attribute, and the policy says %s.", i.Name, styles)
			}
		}
		return engine.Passed("No honeypot depends on a style that the policy forbids.")
	},
}
