package audit

import (
	"context"
	"strings"
)

var d11 = &Rule{
	ID: "D11", Title: "A long body gets past the captcha", Severity: Critical, Fix: oneParser, Needs: Baseline, Shots: 3,
	Why:  "The check looks at the beginning of a body and lets what is longer through.",
	Refs: Refs{CWE: 636, ASVS: "15.2.2, 16.5.3"},
	check: func(ctx context.Context, p *Probe) Result {
		pad := Field{"padding", strings.Repeat("x", 1100<<10)}
		return p.mustRefuse(ctx,
			Attempt{What: "a form with a megabyte before the fields", Tidy: true, Change: func(s *Shot) { s.Fields = append([]Field{pad}, s.Fields...) }},
			Attempt{What: "a form with a megabyte behind the fields", Tidy: true, Change: func(s *Shot) { s.Fields = append(s.Fields, pad) }},
			Attempt{What: "multipart with a megabyte before the fields", Tidy: true, Change: func(s *Shot) {
				s.Fields = append([]Field{pad}, s.Fields...)
				s.Encode = asMultipart
			}},
		)
	},
}
