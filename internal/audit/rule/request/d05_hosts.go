package request

import (
	"context"
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d05 = &engine.Rule{
	ID: "D05", Title: "Under another host the form needs no captcha", Severity: engine.Critical, Fix: fix.EveryWay, Needs: engine.Baseline, Shots: 7,
	Why:   "The check is bound to one name of the site, and the app answers to others.",
	Refs:  engine.Refs{CWE: 288, ASVS: "4.1.2"},
	Takes: func(r *http.Request) bool { return strings.HasPrefix(r.Host, "staging.") },
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		name := p.Target.Hostname()
		var attempts []engine.Attempt
		for _, host := range []string{"localhost", "127.0.0.1", "www." + name, "staging." + name, "dev." + name, "api." + name} {
			attempts = append(attempts, engine.Attempt{What: "the host " + host, Change: func(s *engine.Shot) {
				s.Host = host
				s.Set("Origin", p.Target.Scheme+"://"+host)
				s.Set("Referer", p.Target.Scheme+"://"+host+p.Target.RequestURI())
			}})
		}
		attempts = append(attempts, engine.Attempt{What: "X-Forwarded-Host: localhost", Change: func(s *engine.Shot) { s.Set("X-Forwarded-Host", "localhost") }})
		return p.MustRefuse(ctx, attempts...)
	},
}
