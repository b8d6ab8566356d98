package request

import (
	"context"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d08 = &engine.Rule{
	ID: "D08", Title: "Multipart that is written oddly gets past the captcha", Severity: engine.High, Fix: fix.OneParser, Needs: engine.Baseline, After: append([]string{"A16"}, engine.AfterVerify...), Shots: 6,
	Why:  "Parsers differ in what a file is, which of two parts counts and where a body ends.",
	Refs: engine.Refs{CWE: 436, ASVS: "15.3.7"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		add := func(what string, change func(string) string) {
			attempts = append(attempts, engine.Attempt{What: what, Tidy: true, Change: func(s *engine.Shot) {
				s.PutToken("made-up-" + s.Canary)
				s.Encode = func(fields []engine.Field) (string, []byte) {
					kind, body := engine.EncodeMultipart(fields)
					return kind, []byte(change(string(body)))
				}
			}})
		}
		token := p.Filler.TokenFields[len(p.Filler.TokenFields)-1]
		name := `name="` + token + `"`
		add("multipart whose token is a file", func(b string) string { return strings.Replace(b, name, name+`; filename="t.txt"`, 1) })
		add("multipart whose token has the name in another encoding", func(b string) string { return strings.Replace(b, name, "name*=utf-8''"+token, 1) })
		add("multipart without its end", func(b string) string { return strings.TrimSuffix(b, "--\r\n") })
		add("multipart with a part in base64", func(b string) string {
			return strings.Replace(b, name, name+"\r\nContent-Transfer-Encoding: base64", 1)
		})
		add("multipart with a preamble", func(b string) string { return "preamble\r\n" + b })
		add("multipart with line ends of Unix", func(b string) string { return strings.ReplaceAll(b, "\r\n", "\n") })
		return p.MustRefuse(ctx, attempts...)
	},
}
