package audit

import "context"

var b18 = &Rule{
	ID: "B18", Title: "A token that is no text is accepted, or crashes the app", Severity: High, Fix: strictToken, Needs: Baseline, After: afterVerify, Shots: 10,
	Why:  "true, a list or an object in the place of a text takes another way through code that expects text.",
	Refs: Refs{CWE: 1287, ASVS: "15.3.5"},
	check: func(ctx context.Context, p *Probe) Result {
		var attempts []Attempt
		for _, value := range []string{"true", "1", "null", `["x"]`, `{"x":"y"}`, "[]"} {
			attempts = append(attempts, Attempt{What: "JSON with the token " + value, Tidy: true, Change: func(s *Shot) {
				s.Encode = func(fields []Field) (string, []byte) {
					b := jsonObject(fields)
					for _, name := range s.tokens {
						b = append(b[:len(b)-1], []byte(","+string(jsonText(name))+":"+value+"}")...)
					}
					return "application/json", b
				}
			}})
		}
		for _, suffix := range []string{"[]", "[x]", "[length]"} {
			attempts = append(attempts, Attempt{What: "a form whose token is named with " + suffix, Tidy: true, Change: func(s *Shot) {
				for _, name := range s.tokens {
					s.Fields = append(s.Fields, Field{name + suffix, "1"})
				}
			}})
		}
		return p.mustRefuse(ctx, attempts...)
	},
}
