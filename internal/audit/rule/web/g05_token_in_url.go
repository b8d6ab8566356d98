package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var g05 = &engine.Rule{
	ID: "G05", Title: "The token ends up in a URL", Severity: engine.Low, Fix: fix.OneParser, Needs: engine.Baseline, Shots: 0,
	Why:  "URLs stand in histories and logs, and are sent on as the Referer.",
	Refs: engine.Refs{CWE: 598, ASVS: "14.2.1, 16.2.5"},
	Check: func(_ context.Context, p *engine.Probe) engine.Result {
		if p.First.Form.Method != "POST" {
			return engine.Failed(p.Accepted, "The form is sent with %s, so that its fields stand in the URL.", cmp.Or(p.First.Form.Method, "GET"))
		}
		location := p.Accepted.Answer.Header.Get("Location")
		for _, f := range p.Accepted.Shot.Fields {
			if slices.Contains(p.Filler.TokenFields, f.Name) && len(f.Value) > 8 && strings.Contains(location, url.QueryEscape(f.Value)) {
				return engine.Failed(p.Accepted, "The answer redirects to a URL with the token in it.")
			}
		}
		return engine.Passed("Neither the form nor the answer puts the token into a URL.")
	},
}
