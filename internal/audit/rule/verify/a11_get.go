package verify

import (
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a11 = &engine.Rule{
	ID: "A11", Title: "The form's fields do their work in a GET", Severity: engine.High, Fix: fix.EveryWay, Needs: engine.Baseline, Shots: 3,
	Why:  "The POST is guarded and the GET is not; and a link or an image makes visitors do it.",
	Refs: engine.Refs{CWE: 650, ASVS: "3.5.3, 4.1.4", WSTG: "INPV-03"},
	Check: engine.Refuses(
		engine.Attempt{What: "a GET with the fields in the URL", Change: engine.InURL("GET")},
		engine.Attempt{What: "a HEAD with the fields in the URL", Change: engine.InURL("HEAD")},
		engine.Attempt{What: "a GET with the fields and a valid token in the URL", Valid: true, Change: engine.InURL("GET")},
	),
}
