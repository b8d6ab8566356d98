package verify

import (
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a16 = &engine.Rule{
	ID: "A16", Title: "The same fields as multipart need no captcha", Severity: engine.Critical, Fix: fix.OneParser, Needs: engine.Baseline, Shots: 2,
	Why:  "The check reads one kind of body and the handler two.",
	Refs: engine.Refs{CWE: 436, ASVS: "15.3.7"},
	Check: engine.Refuses(
		engine.Attempt{What: "the same fields as multipart/form-data", Change: func(s *engine.Shot) { s.Encode = engine.EncodeMultipart }},
		engine.Attempt{What: "the same fields as a urlencoded form", Change: func(s *engine.Shot) { s.Encode = engine.EncodeForm }},
	),
}
