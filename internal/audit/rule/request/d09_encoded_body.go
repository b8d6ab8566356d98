package request

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"io"
	"net/http"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d09 = &engine.Rule{
	ID: "D09", Title: "A compressed body gets past the captcha", Severity: engine.High, Fix: fix.OneParser, Needs: engine.Baseline, Shots: 3,
	Why:   "The check cannot read it and lets it through; the server behind unpacks it.",
	Refs:  engine.Refs{CWE: 436, ASVS: "15.2.2"},
	Takes: func(r *http.Request) bool { return r.Header.Get("Content-Encoding") != "" },
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		packed := func(name string, pack func(io.Writer) io.WriteCloser) engine.Attempt {
			return engine.Attempt{What: "a body with Content-Encoding: " + name, Tidy: true, Change: func(s *engine.Shot) {
				s.Set("Content-Encoding", name)
				inner := s.Encode
				s.Encode = func(fields []engine.Field) (string, []byte) {
					kind, body := inner(fields)
					var b bytes.Buffer
					w := pack(&b)
					_, _ = w.Write(body) // cannot fail: writes to memory
					_ = w.Close()
					return kind, b.Bytes()
				}
			}}
		}
		return p.MustRefuse(ctx,
			packed("gzip", func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }),
			packed("deflate", func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }),
			engine.Attempt{What: "a body that claims Content-Encoding: gzip and is not", Tidy: true, Change: func(s *engine.Shot) { s.Set("Content-Encoding", "gzip") }},
		)
	},
}
