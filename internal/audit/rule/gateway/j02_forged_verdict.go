package gateway

import (
	"context"
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var j02 = &engine.Rule{
	ID: "J02", Title: "A forged verdict is believed", Severity: engine.Critical, Fix: fix.NoClaims, Needs: engine.Baseline, Shots: 8,
	Why:   "What a gateway tells the app in a header, a client can write as well: in another spelling, twice, or named in Connection so that it is dropped.",
	Refs:  engine.Refs{CWE: 290, ASVS: "4.1.3, 4.2.5"},
	Takes: func(r *http.Request) bool { return r.Header.Get("X-Captcha-Verified") == "true" },
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		names := []string{"Palisade-Verdict", "X-Captcha-Verified", "X-Captcha", "X-Guard", "X-Bot-Score", "X-Verified", "X-Human", "X-Turnstile-Verified", "X-Recaptcha-Verified"}
		claim := func(what string, change func(*engine.Shot, string, string)) engine.Attempt {
			return engine.Attempt{What: what, Change: func(s *engine.Shot) {
				for _, name := range names {
					for _, value := range []string{"allow", "true"} {
						change(s, name, value)
					}
				}
			}}
		}
		return p.MustRefuse(ctx,
			claim("headers such as X-Captcha-Verified: true", func(s *engine.Shot, n, _ string) { s.Set(n, "true") }),
			claim("headers such as X-Guard: allow", func(s *engine.Shot, n, _ string) { s.Set(n, "allow") }),
			claim("headers such as X-Captcha-Verified: 1", func(s *engine.Shot, n, _ string) { s.Set(n, "1") }),
			claim("headers such as X-Captcha-Verified: pass", func(s *engine.Shot, n, _ string) { s.Set(n, "pass") }),
			claim("the same with underscores", func(s *engine.Shot, n, v string) { s.Set(strings.ReplaceAll(n, "-", "_"), v) }),
			claim("the same twice", func(s *engine.Shot, n, v string) { s.Add(n, v) }),
			claim("the same, named in Connection", func(s *engine.Shot, n, v string) {
				s.Set(n, v)
				s.Set("Connection", "close, "+strings.Join(names, ", "))
			}),
			engine.Attempt{What: "a verdict folded over two lines", Change: func(s *engine.Shot) { s.Set("X-Captcha-Verified", "\r\n true") }},
		)
	},
}
