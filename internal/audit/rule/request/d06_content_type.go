package request

import (
	"context"
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var d06 = &engine.Rule{
	ID: "D06", Title: "Another content type gets past the captcha", Severity: engine.Critical, Fix: fix.OneParser, Needs: engine.Baseline, After: []string{"A07", "A16"}, Shots: 9,
	Why:   "The check reads one kind of body; what it cannot read it lets through, and the handler reads it.",
	Refs:  engine.Refs{CWE: 436, ASVS: "15.3.7", WSTG: "INPV-04"},
	Takes: func(r *http.Request) bool { return strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") },
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var attempts []engine.Attempt
		add := func(what, contentType string, encode func([]engine.Field) (string, []byte)) {
			attempts = append(attempts, engine.Attempt{What: what, Change: func(s *engine.Shot) { s.Encode = engine.EncodeAs(contentType, encode) }})
		}
		add("JSON as text/plain", "text/plain", engine.EncodeJSON)
		add("JSON as application/vnd.api+json", "application/vnd.api+json", engine.EncodeJSON)
		add("JSON as application/x-ndjson", "application/x-ndjson", engine.EncodeJSON)
		add("JSON that is called a form", "application/x-www-form-urlencoded", engine.EncodeJSON)
		add("a form that is called JSON", "application/json", engine.EncodeForm)
		add("a form whose type is in capitals", "APPLICATION/X-WWW-FORM-URLENCODED", engine.EncodeForm)
		add("a form with charset=utf-16", "application/x-www-form-urlencoded; charset=utf-16", engine.EncodeForm)
		add("a form without a content type", "", engine.EncodeForm)
		attempts = append(attempts, engine.Attempt{What: "two content types", Change: func(s *engine.Shot) {
			s.Add("Content-Type", "application/x-www-form-urlencoded")
			s.Add("Content-Type", "application/json")
		}})
		return p.MustRefuse(ctx, attempts...)
	},
}
