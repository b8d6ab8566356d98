package request

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d12 = &engine.Rule{
	ID: "D12", Title: "One token pays for a whole batch", Severity: engine.High, Fix: fix.Once, Needs: engine.Baseline | engine.Fresh, After: engine.AfterVerify, Shots: 3,
	Why:  "A list in the place of an object is done item by item, for one captcha.",
	Refs: engine.Refs{CWE: 837, ASVS: "2.3.2", OAT: "OAT-019"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		for _, path := range []string{p.Home.RequestURI(), strings.TrimRight(p.Home.Path, "/") + "/batch"} {
			o := p.SendValid(ctx, "JSON with a list of three, and one token, to "+path, func(s *engine.Shot) {
				s.Target = path
				for i := range 3 {
					s.Parts = append(s.Parts, fmt.Sprintf("%s%d", s.Canary, i))
				}
				s.Encode = func(fields []engine.Field) (string, []byte) {
					var items [][]byte
					for i := range 3 {
						var own []engine.Field
						for _, f := range fields {
							if !slices.Contains(s.TokenFields, f.Name) {
								f.Value = strings.ReplaceAll(f.Value, s.Canary, s.Parts[i])
							}
							own = append(own, f)
						}
						items = append(items, engine.JSONObject(own))
					}
					return "application/json", fmt.Appendf(nil, "[%s]", bytes.Join(items, []byte(",")))
				}
			})
			switch {
			case o.Err != nil:
				return engine.Undecided("%v", o.Err)
			case o.Effects > 1:
				return engine.Failed(o, "For one token the app did it %d times.", o.Effects)
			}
		}
		return engine.Passed("A list was not taken for several submissions.")
	},
}
