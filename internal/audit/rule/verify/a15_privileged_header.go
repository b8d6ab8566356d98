package verify

import (
	"net/http"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a15 = &engine.Rule{
	ID: "A15", Title: "A header that claims a login skips the captcha", Severity: engine.Critical, Fix: fix.NoClaims, Needs: engine.Baseline, Shots: 3,
	Why:   "Programs with a key are let through, and the key is not checked before.",
	Refs:  engine.Refs{CWE: 287, ASVS: "8.2.1", OAT: "OAT-009"},
	Takes: func(r *http.Request) bool { return r.Header.Get("Authorization") != "" },
	Check: engine.Refuses(
		engine.Attempt{What: "the header Authorization: Bearer x", Change: func(s *engine.Shot) { s.Set("Authorization", "Bearer x") }},
		engine.Attempt{What: "an empty X-Api-Key", Change: func(s *engine.Shot) { s.Set("X-Api-Key", "") }},
		engine.Attempt{What: "X-Api-Key: x, X-Internal: 1, X-Admin: 1 and X-Debug: 1", Change: func(s *engine.Shot) {
			for _, h := range engine.Fields("X-Api-Key", "x", "X-Internal", "1", "X-Internal-Request", "true", "X-Admin", "1", "X-Debug", "1", "X-Test", "1") {
				s.Set(h.Name, h.Value)
			}
		}},
	),
}
