package audit

import (
	"context"
	"fmt"
	"strings"
)

var d11 = &Rule{
	ID: "D11", Title: "A long body gets past the captcha", Severity: Critical, Fix: oneParser, Needs: Baseline, Shots: 6,
	Why:  "The check looks at the beginning of a body and lets what is longer through.",
	Refs: Refs{CWE: 636, ASVS: "15.2.2, 16.5.3"},
	check: func(ctx context.Context, p *Probe) Result {
		pad := Field{"padding", strings.Repeat("x", 1100<<10)}
		var attempts []Attempt
		for _, size := range []int{9 << 10, 65 << 10, 129 << 10} { // beyond what checks in front of apps read by default
			attempts = append(attempts, Attempt{What: fmt.Sprintf("a form with %d KiB before the fields", size>>10), Tidy: true, Change: func(s *Shot) {
				s.Fields = append([]Field{{"padding", strings.Repeat("x", size)}}, s.Fields...)
			}})
		}
		return p.mustRefuse(ctx, append(attempts,
			Attempt{What: "a form with a megabyte before the fields", Tidy: true, Change: func(s *Shot) { s.Fields = append([]Field{pad}, s.Fields...) }},
			Attempt{What: "a form with a megabyte behind the fields", Tidy: true, Change: func(s *Shot) { s.Fields = append(s.Fields, pad) }},
			Attempt{What: "multipart with a megabyte before the fields", Tidy: true, Change: func(s *Shot) {
				s.Fields = append([]Field{pad}, s.Fields...)
				s.Encode = asMultipart
			}},
		)...)
	},
}
