package audit

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
)

var g05 = &Rule{
	ID: "G05", Title: "The token ends up in a URL", Severity: Low, Fix: oneParser, Needs: Baseline, Shots: 0,
	Why:  "URLs stand in histories and logs, and are sent on as the Referer.",
	Refs: Refs{CWE: 598, ASVS: "14.2.1, 16.2.5"},
	check: func(_ context.Context, p *Probe) Result {
		if p.first.form.method != "POST" {
			return fail(p.done, "The form is sent with %s, so that its fields stand in the URL.", cmp.Or(p.first.form.method, "GET"))
		}
		location := p.done.Answer.Header.Get("Location")
		for _, f := range p.done.Shot.Fields {
			if slices.Contains(p.tokenFields, f.Name) && len(f.Value) > 8 && strings.Contains(location, url.QueryEscape(f.Value)) {
				return fail(p.done, "The answer redirects to a URL with the token in it.")
			}
		}
		return pass("Neither the form nor the answer puts the token into a URL.")
	},
}
