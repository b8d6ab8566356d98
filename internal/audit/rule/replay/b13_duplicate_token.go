package replay

import (
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b13 = &engine.Rule{
	ID: "B13", Title: "A token that is there twice is accepted", Severity: engine.Low, Fix: fix.OneParser, Needs: engine.Baseline | engine.Fresh, After: engine.AfterVerify, Shots: 4,
	Why:  "Two readers of one request, such as a check and a log, take different ones of two values. Whoever sends two has something in mind.",
	Refs: engine.Refs{CWE: 235, ASVS: "15.3.7", WSTG: "INPV-04"},
	Check: engine.Refuses(
		engine.Attempt{What: "a made-up token and then a valid one", Valid: true, Change: func(s *engine.Shot) {
			token := s.TakeToken()
			s.PutToken("made-up-" + s.Canary)
			s.Fields = append(s.Fields, token...)
		}},
		engine.Attempt{What: "a valid token and then a made-up one", Valid: true, Change: func(s *engine.Shot) {
			s.Fields = append(s.Fields, engine.Field{Name: s.TokenFields[len(s.TokenFields)-1], Value: "made-up-" + s.Canary})
		}},
		engine.Attempt{What: "a token in brackets, as a list", Valid: true, Change: func(s *engine.Shot) {
			for _, f := range s.TakeToken() {
				s.Fields = append(s.Fields, engine.Field{Name: f.Name + "[]", Value: f.Value})
			}
		}},
		engine.Attempt{What: "a made-up token in the body and a valid one in the URL", Valid: true, Change: func(s *engine.Shot) {
			s.Query(s.TakeToken())
			s.PutToken("made-up-" + s.Canary)
		}},
	),
}
