package request

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d11 = &engine.Rule{
	ID: "D11", Title: "A long body gets past the captcha", Severity: engine.Critical, Fix: fix.OneParser, Needs: engine.Baseline, Shots: 6,
	Why:   "The check looks at the beginning of a body and lets what is longer through.",
	Refs:  engine.Refs{CWE: 636, ASVS: "15.2.2, 16.5.3"},
	Takes: func(r *http.Request) bool { return r.ContentLength > 1<<20 },
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		pad := engine.Field{Name: "padding", Value: strings.Repeat("x", 1100<<10)}
		var attempts []engine.Attempt
		for _, size := range []int{9 << 10, 65 << 10, 129 << 10} { // more than checks in front of apps read by default
			attempts = append(attempts, engine.Attempt{What: fmt.Sprintf("a form with %d KiB before the fields", size>>10), Tidy: true, Change: func(s *engine.Shot) {
				s.Fields = append([]engine.Field{{Name: "padding", Value: strings.Repeat("x", size)}}, s.Fields...)
			}})
		}
		return p.MustRefuse(ctx, append(attempts,
			engine.Attempt{What: "a form with a megabyte before the fields", Tidy: true, Change: func(s *engine.Shot) { s.Fields = append([]engine.Field{pad}, s.Fields...) }},
			engine.Attempt{What: "a form with a megabyte behind the fields", Tidy: true, Change: func(s *engine.Shot) { s.Fields = append(s.Fields, pad) }},
			engine.Attempt{What: "multipart with a megabyte before the fields", Tidy: true, Change: func(s *engine.Shot) {
				s.Fields = append([]engine.Field{pad}, s.Fields...)
				s.Encode = engine.EncodeMultipart
			}},
		)...)
	},
}
