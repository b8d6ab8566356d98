package outage

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var c13 = &engine.Rule{
	ID: "C13", Title: "A token can break the verification, and then passes", Severity: engine.High, Fix: fix.FailClosed, Needs: engine.Baseline, After: append([]string{"C02", "C03"}, engine.AfterVerify...), Shots: 6,
	Why:  "Who lets visitors through while the verifier is down must not let a visitor bring that about.",
	Refs: engine.Refs{CWE: 636, ASVS: "16.5.3"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		for _, c := range engine.Fields(
			"a token with a zero byte", "abc\x00def", "a token that is no UTF-8", "\xff\xfe\xc0\x80", "a token with line ends", "a\r\nX-Injected: 1\r\n\r\n",
			"a token with half a surrogate", "\xed\xa0\x80", "a token of 30000 bytes", strings.Repeat("B", 30_000), "a token of emoji", strings.Repeat("🦊", 50),
		) {
			a := engine.WithToken(c.Name, c.Value)
			a.Tidy = true
			a.Before = func(m *engine.Middle) { m.Server.Fail(m.Service, captchatest.Status500, -1) }
			attempts = append(attempts, a)
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
