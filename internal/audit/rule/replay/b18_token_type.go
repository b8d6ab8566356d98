package replay

import (
	"context"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b18 = &engine.Rule{
	ID: "B18", Title: "A token that is no text is accepted, or crashes the app", Severity: engine.High, Fix: fix.StrictToken, Needs: engine.Baseline, After: engine.AfterVerify, Shots: 10,
	Why:  "true, a list or an object in the place of a text takes another way through code that expects text.",
	Refs: engine.Refs{CWE: 1287, ASVS: "15.3.5"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		for _, value := range []string{"true", "1", "null", `["x"]`, `{"x":"y"}`, "[]"} {
			attempts = append(attempts, engine.Attempt{What: "JSON with the token " + value, Tidy: true, Change: func(s *engine.Shot) {
				s.Encode = func(fields []engine.Field) (string, []byte) {
					b := engine.JSONObject(fields)
					for _, name := range s.TokenFields {
						b = append(b[:len(b)-1], []byte(","+string(engine.JSONText(name))+":"+value+"}")...)
					}
					return "application/json", b
				}
			}})
		}
		for _, suffix := range []string{"[]", "[x]", "[length]"} {
			attempts = append(attempts, engine.Attempt{What: "a form whose token is named with " + suffix, Tidy: true, Change: func(s *engine.Shot) {
				for _, name := range s.TokenFields {
					s.Fields = append(s.Fields, engine.Field{Name: name + suffix, Value: "1"})
				}
			}})
		}
		return p.MustRefuse(ctx, attempts...)
	},
}
