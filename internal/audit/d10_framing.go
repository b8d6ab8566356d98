package audit

import (
	"context"
	"fmt"
)

var d10 = &Rule{
	ID: "D10", Title: "A body that is framed oddly gets past the captcha", Severity: High, Fix: oneParser, Needs: Baseline, Shots: 5,
	Why:  "Two servers that disagree on where a body begins and ends see two different requests.",
	Refs: Refs{CWE: 444, ASVS: "4.2.1"},
	check: func(ctx context.Context, p *Probe) Result {
		framed := func(what string, header []Field, frame func([]byte) []byte) Attempt {
			return Attempt{What: what, Change: func(s *Shot) {
				kind, body := s.Encode(s.Fields)
				s.Set("Content-Type", kind)
				s.Header = append(s.Header, header...)
				s.Encode, s.Loose, s.Body = nil, true, frame(body)
			}}
		}
		chunked := func(trailer string) func([]byte) []byte {
			return func(b []byte) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n0\r\n%s\r\n", len(b), b, trailer) }
		}
		return p.mustRefuse(ctx,
			framed("a body in chunks", []Field{{"Transfer-Encoding", "chunked"}}, chunked("")),
			framed("a body in chunks with trailers", []Field{{"Transfer-Encoding", "chunked"}, {"Trailer", "X-Captcha"}}, chunked("X-Captcha: ok\r\n")),
			framed("a body with both a length and chunks", []Field{{"Content-Length", "4"}, {"Transfer-Encoding", "chunked"}}, chunked("")),
			Attempt{What: "a GET with the fields in a body", Change: func(s *Shot) { s.Method = "GET" }},
			Attempt{What: "Expect: 100-continue", Change: func(s *Shot) { s.Set("Expect", "100-continue") }},
		)
	},
}
