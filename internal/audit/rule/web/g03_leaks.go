package web

import (
	"bytes"
	"context"
	"regexp"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var g03 = &engine.Rule{
	ID: "G03", Title: "Answers show what only developers should see", Severity: engine.Low, Fix: fix.SameAnswer, Needs: engine.Baseline, Shots: 1,
	Why:  "A stack trace, the verifier's error codes or the secret itself help an attacker and nobody else.",
	Refs: engine.Refs{CWE: 209, ASVS: "16.5.1"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		p.Try(ctx, engine.WithToken("a made-up token", "0.pAlIsAdE-made-up")) // its answer is among the outcomes below
		for _, o := range p.Seen {
			if o.Answer == nil {
				continue
			}
			if m := trace.Find(o.Answer.Body); m != nil {
				return engine.Failed(o, "The answer to %s has %q in it.", o.What, engine.Printable(m, 80))
			}
			if p.Middle != nil {
				for secret := range p.Middle.Secrets {
					if bytes.Contains(o.Answer.Body, []byte(secret)) {
						r := engine.Failed(o, "The answer to %s has the app's secret in it.", o.What)
						r.Severity = engine.Critical
						return r
					}
				}
			}
		}
		return engine.Passed("None of %d answers had a stack trace, an error code of the verifier or the secret in it.", len(p.Seen))
	},
}

var trace = regexp.MustCompile(`invalid-input-(response|secret)|timeout-or-duplicate|missing-input-(response|secret)|Traceback \(most recent|Werkzeug Debugger|goroutine \d+ \[|\bat [^\s<>]+ \([^)\s]+\.js:\d+|You're seeing this error because you have <code>DEBUG|Stack trace:|\bat [\w.$]+\([A-Z]\w+\.java:\d+\)|Exception in thread|Fatal error</b>`)
