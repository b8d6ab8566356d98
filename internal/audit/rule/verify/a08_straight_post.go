package verify

import (
	"net/http"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a08 = &engine.Rule{
	ID: "A08", Title: "A POST that never loaded the page is accepted", Severity: engine.Critical, Fix: fix.CheckOnServer, Needs: engine.Baseline, Shots: 3,
	Why:   "Only the page is guarded. Who posts without having loaded it is not asked for anything.",
	Refs:  engine.Refs{CWE: 841, ASVS: "2.3.1", OAT: "OAT-009", WSTG: "BUSL-06"},
	Takes: func(r *http.Request) bool { return r.Header.Get("Cookie") == "" },
	Check: engine.Refuses(
		engine.Attempt{What: "a POST without what the page hides in the form, without cookies", Fresh: func(s *engine.Shot, pg *engine.Page) {
			for _, i := range pg.Form.Inputs {
				if i.Kind == "hidden" {
					s.Drop(i.Name)
				}
			}
			s.Cookies, s.Header = nil, nil
		}},
		engine.Attempt{What: "a POST with what is typed alone, without cookies", Change: func(s *engine.Shot) {
			s.Cookies, s.Header = nil, nil
		}},
		engine.Attempt{What: "the same without an Origin and a Referer, with cookies", Change: func(s *engine.Shot) { s.Header = nil }},
	),
}
