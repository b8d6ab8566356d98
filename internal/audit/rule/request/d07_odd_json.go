package request

import (
	"bytes"
	"context"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d07 = &engine.Rule{
	ID: "D07", Title: "JSON that is written oddly gets past the captcha", Severity: engine.High, Fix: fix.OneParser, Needs: engine.Baseline, After: []string{"A07"}, Shots: 6,
	Why:  "The check and the handler read it with different parsers, and see different fields.",
	Refs: engine.Refs{CWE: 436, ASVS: "15.3.5, 15.3.7"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		add := func(what string, change func([]byte) []byte) {
			attempts = append(attempts, engine.Attempt{What: what, Tidy: true, Change: func(s *engine.Shot) {
				s.Encode = func(fields []engine.Field) (string, []byte) {
					return "application/json", change(engine.JSONObject(fields))
				}
			}})
		}
		add("JSON after a byte order mark", func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) })
		add("JSON in UTF-16", func(b []byte) []byte {
			wide := []byte{0xff, 0xfe}
			for _, c := range b { // all fields are ASCII here
				wide = append(wide, c, 0)
			}
			return wide
		})
		add("JSON with another object behind it", func(b []byte) []byte { return append(b, `{"x":1}`...) })
		add("JSON with rubbish behind it", func(b []byte) []byte { return append(b, "xyz"...) })
		add("JSON whose names are escaped", func(b []byte) []byte { return bytes.Replace(b, []byte(`{"`), []byte(`{"\u005f":"","`), 1) })
		// Many frameworks crash on this JSON. Such a crash says nothing about the captcha.
		add("JSON nested ten thousand deep", func(b []byte) []byte {
			return append(append(b[:len(b)-1], `,"x":`...), strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)+"}"...)
		})
		attempts[len(attempts)-1].Tidy = false
		return p.MustRefuse(ctx, attempts...)
	},
}
