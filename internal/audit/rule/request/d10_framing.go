package request

import (
	"context"
	"fmt"
	"net/http"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d10 = &engine.Rule{
	ID: "D10", Title: "A body that is framed oddly gets past the captcha", Severity: engine.High, Fix: fix.OneParser, Needs: engine.Baseline, Shots: 5,
	Why:   "Two servers that disagree on where a body begins and ends see two different requests.",
	Refs:  engine.Refs{CWE: 444, ASVS: "4.2.1"},
	Takes: func(r *http.Request) bool { return len(r.TransferEncoding) > 0 },
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		framed := func(what string, header []engine.Field, frame func([]byte) []byte) engine.Attempt {
			return engine.Attempt{What: what, Change: func(s *engine.Shot) {
				kind, body := s.Encode(s.Fields)
				s.Set("Content-Type", kind)
				s.Header = append(s.Header, header...)
				s.Encode, s.Loose, s.Body = nil, true, frame(body)
			}}
		}
		chunked := func(trailer string) func([]byte) []byte {
			return func(b []byte) []byte { return fmt.Appendf(nil, "%x\r\n%s\r\n0\r\n%s\r\n", len(b), b, trailer) }
		}
		return p.MustRefuse(ctx,
			framed("a body in chunks", []engine.Field{{Name: "Transfer-Encoding", Value: "chunked"}}, chunked("")),
			framed("a body in chunks with trailers", engine.Fields("Transfer-Encoding", "chunked", "Trailer", "X-Captcha"), chunked("X-Captcha: ok\r\n")),
			framed("a body with both a length and chunks", engine.Fields("Content-Length", "4", "Transfer-Encoding", "chunked"), chunked("")),
			engine.Attempt{What: "a GET with the fields in a body", Change: func(s *engine.Shot) { s.Method = "GET" }},
			engine.Attempt{What: "Expect: 100-continue", Change: func(s *engine.Shot) { s.Set("Expect", "100-continue") }},
		)
	},
}
