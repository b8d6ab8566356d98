package audit

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/captchatest"
)

var c13 = &Rule{
	ID: "C13", Title: "A token can break the verification, and then passes", Severity: High, Fix: failClosed, Needs: Baseline, After: append([]string{"C02", "C03"}, afterVerify...), Shots: 6,
	Why:  "Who lets visitors through while the verifier is down must not let a visitor bring that about.",
	Refs: Refs{CWE: 636, ASVS: "16.5.3"},
	check: func(ctx context.Context, p *Probe) Result {
		var attempts []Attempt
		for _, c := range []Field{
			{"a token with a zero byte", "abc\x00def"}, {"a token that is no UTF-8", "\xff\xfe\xc0\x80"}, {"a token with line ends", "a\r\nX-Injected: 1\r\n\r\n"},
			{"a token with half a surrogate", "\xed\xa0\x80"}, {"a token of 30000 bytes", strings.Repeat("B", 30_000)}, {"a token of emoji", strings.Repeat("🦊", 50)},
		} {
			a := withToken(c.Name, c.Value)
			a.Tidy = true
			a.before = func(m *middle) { m.server.Fail(m.service, captchatest.Status500, -1) }
			attempts = append(attempts, a)
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
