package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

var g09 = &engine.Rule{
	ID: "G09", Title: "The form sends people wherever a link says", Severity: engine.Medium, Fix: noRedirect, Needs: engine.Baseline, After: engine.AfterVerify, Shots: 6,
	Why:  "A link to your form ends on the attacker's page, with your name above it until then.",
	Refs: engine.Refs{CWE: 601},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		var undecided error
		for _, where := range []string{"https://evil.example/", "//evil.example/", `/\evil.example/`} {
			for _, inBody := range []bool{false, true} {
				names := []string{"next", "destination", "redirect", "return", "return_to", "returnTo", "url", "continue", "redirect_uri", "redirect_to", "redirect_url", "goto", "back", "target", "r"}
				o := p.SendValid(ctx, "a valid submission with next="+where, func(s *engine.Shot) {
					for _, name := range names {
						if inBody && !slices.ContainsFunc(s.Fields, func(f engine.Field) bool { return f.Name == name && f.Value == "" }) { // an empty field may be a honeypot
							s.Put(name, where)
						} else if !inBody {
							s.Query([]engine.Field{{Name: name, Value: where}})
						}
					}
				})
				if o.Err != nil {
					undecided = o.Err
					continue
				}
				to := o.Answer.Header.Get("Location")
				if u, err := url.Parse(strings.ReplaceAll(to, `\`, "/")); err == nil && u.Host == "evil.example" {
					return engine.Failed(o, "The answer redirects to %s.", to)
				}
			}
		}
		if undecided != nil {
			return engine.Undecided("%v", undecided)
		}
		return engine.Passed("The answers redirect to nowhere but the site itself.")
	},
}

var noRedirect = engine.Remedy{Text: "Redirect to paths of your own alone: take the path and query of what was asked for, and only if it begins with one slash that no other slash or backslash follows."}
