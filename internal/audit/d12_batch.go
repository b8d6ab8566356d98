package audit

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
)

var d12 = &Rule{
	ID: "D12", Title: "One token pays for a whole batch", Severity: High, Fix: once, Needs: Baseline | Fresh, After: afterVerify, Shots: 3,
	Why:  "A list in the place of an object is done item by item, for one captcha.",
	Refs: Refs{CWE: 837, ASVS: "2.3.2", OAT: "OAT-019"},
	check: func(ctx context.Context, p *Probe) Result {
		for _, path := range []string{p.home.RequestURI(), strings.TrimRight(p.home.Path, "/") + "/batch"} {
			o := p.accepted(ctx, "JSON with a list of three, and one token, to "+path, func(s *Shot) {
				s.Target = path
				for i := range 3 {
					s.parts = append(s.parts, fmt.Sprintf("%s%d", s.Canary, i))
				}
				s.Encode = func(fields []Field) (string, []byte) {
					var items [][]byte
					for i := range 3 {
						var own []Field
						for _, f := range fields {
							if !slices.Contains(s.tokens, f.Name) {
								f.Value = strings.ReplaceAll(f.Value, s.Canary, s.parts[i])
							}
							own = append(own, f)
						}
						items = append(items, jsonObject(own))
					}
					return "application/json", fmt.Appendf(nil, "[%s]", bytes.Join(items, []byte(",")))
				}
			})
			switch {
			case o.Err != nil:
				return unclear("%v", o.Err)
			case o.Effects > 1:
				return fail(o, "For one token the app did it %d times.", o.Effects)
			}
		}
		return pass("A list was not taken for several submissions.")
	},
}
