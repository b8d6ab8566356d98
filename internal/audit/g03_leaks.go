package audit

import (
	"bytes"
	"context"
	"regexp"
)

var g03 = &Rule{
	ID: "G03", Title: "Answers show what only developers should see", Severity: Low, Fix: sameAnswer, Needs: Baseline, Shots: 1,
	Why:  "A stack trace, the verifier's error codes or the secret itself help an attacker and nobody else.",
	Refs: Refs{CWE: 209, ASVS: "16.5.1"},
	check: func(ctx context.Context, p *Probe) Result {
		p.try(ctx, withToken("a made-up token", "0.pAlIsAdE-made-up")) // its answer is among those below
		for _, o := range p.seen {
			if o.Answer == nil {
				continue
			}
			if m := trace.Find(o.Answer.Body); m != nil {
				return fail(o, "The answer to %s has %q in it.", o.What, text(m, 80))
			}
			if p.middle != nil {
				for secret := range p.middle.secrets {
					if bytes.Contains(o.Answer.Body, []byte(secret)) {
						r := fail(o, "The answer to %s has the app's secret in it.", o.What)
						r.Severity = Critical
						return r
					}
				}
			}
		}
		return pass("None of %d answers had a stack trace, an error code of the verifier or the secret in it.", len(p.seen))
	},
}

var trace = regexp.MustCompile(`invalid-input-(response|secret)|timeout-or-duplicate|missing-input-(response|secret)|Traceback \(most recent|Werkzeug Debugger|goroutine \d+ \[|\bat [^\s<>]+ \([^)\s]+\.js:\d+|You're seeing this error because you have <code>DEBUG|Stack trace:|\bat [\w.$]+\([A-Z]\w+\.java:\d+\)|Exception in thread|Fatal error</b>`)
