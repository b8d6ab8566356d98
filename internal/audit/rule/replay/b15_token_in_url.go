package replay

import (
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b15 = &engine.Rule{
	ID: "B15", Title: "A token in the URL is accepted", Severity: engine.Low, Fix: fix.OneParser, Needs: engine.Baseline, After: engine.AfterVerify, Shots: 1,
	Why:   "URLs stand in the logs of every proxy and in the Referer, and tokens do not belong there; and what reads the URL can be made to read another value than the body has.",
	Refs:  engine.Refs{CWE: 598, ASVS: "14.2.1"},
	Check: engine.Refuses(engine.Attempt{What: "a valid token in the URL and none in the body", Valid: true, Change: func(s *engine.Shot) { s.Query(s.TakeToken()) }}),
}
