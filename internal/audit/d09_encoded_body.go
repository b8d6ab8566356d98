package audit

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
)

var d09 = &Rule{
	ID: "D09", Title: "A compressed body gets past the captcha", Severity: High, Fix: oneParser, Needs: Baseline, Shots: 3,
	Why:  "The check cannot read it and lets it through; the server behind unpacks it.",
	Refs: Refs{CWE: 436, ASVS: "15.2.2"},
	check: func(ctx context.Context, p *Probe) Result {
		packed := func(name string, pack func(io.Writer) io.WriteCloser) Attempt {
			return Attempt{What: "a body with Content-Encoding: " + name, Tidy: true, Change: func(s *Shot) {
				s.Set("Content-Encoding", name)
				inner := s.Encode
				s.Encode = func(fields []Field) (string, []byte) {
					kind, body := inner(fields)
					var b bytes.Buffer
					w := pack(&b)
					_, _ = w.Write(body) // to memory
					_ = w.Close()
					return kind, b.Bytes()
				}
			}}
		}
		return p.mustRefuse(ctx,
			packed("gzip", func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
			packed("deflate", func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }),
			Attempt{What: "a body that claims Content-Encoding: gzip and is not", Tidy: true, Change: func(s *Shot) { s.Set("Content-Encoding", "gzip") }},
		)
	},
}
