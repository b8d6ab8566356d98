package audit

import (
	"context"
	"net/url"
	"slices"
	"strings"
)

var g09 = &Rule{
	ID: "G09", Title: "The form sends people wherever a link says", Severity: Medium, Fix: noRedirect, Needs: Baseline, After: afterVerify, Shots: 6,
	Why:  "A link to your form ends on the attacker's page, with your name above it until then.",
	Refs: Refs{CWE: 601},
	check: func(ctx context.Context, p *Probe) Result {
		var undecided error
		for _, where := range []string{"https://evil.example/", "//evil.example/", `/\evil.example/`} {
			for _, inBody := range []bool{false, true} {
				names := []string{"next", "destination", "redirect", "return", "return_to", "returnTo", "url", "continue", "redirect_uri", "redirect_to", "redirect_url", "goto", "back", "target", "r"}
				o := p.accepted(ctx, "a valid submission with next="+where, func(s *Shot) {
					for _, name := range names {
						if inBody && !slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Name == name && f.Value == "" }) { // an empty one may be a trap
							s.Put(name, where)
						} else if !inBody {
							s.Query([]Field{{name, where}})
						}
					}
				})
				if o.Err != nil {
					undecided = o.Err
					continue
				}
				to := o.Answer.Header.Get("Location")
				if u, err := url.Parse(strings.ReplaceAll(to, `\`, "/")); err == nil && u.Host == "evil.example" {
					return fail(o, "The answer redirects to %s.", to)
				}
			}
		}
		if undecided != nil {
			return unclear("%v", undecided)
		}
		return pass("The answers redirect to nowhere but the site itself.")
	},
}
