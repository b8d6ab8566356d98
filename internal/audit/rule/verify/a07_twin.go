package verify

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var a07 = &engine.Rule{
	ID: "A07", Title: "The same action has an unguarded twin that takes JSON", Severity: engine.Critical, Fix: fix.EveryWay, Needs: engine.Baseline, Shots: 14,
	Why:  "The form is guarded and the API behind it is not. Bots use the API: it is easier anyway.",
	Refs: engine.Refs{CWE: 288, ASVS: "2.2.2, 2.4.1", OAT: "OAT-019", WSTG: "ATHN-03, APIT-01"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		paths, err := twins(ctx, p)
		if err != nil {
			return engine.Undecided("%v", err)
		}
		var attempts []engine.Attempt
		for _, twin := range paths {
			attempts = append(attempts, engine.Attempt{What: "the same fields as JSON to " + twin, Change: func(s *engine.Shot) {
				s.Target, s.Encode = twin, engine.EncodeJSON
				s.Set("Accept", "application/json")
				s.Set("X-Requested-With", "XMLHttpRequest")
			}})
		}
		return p.MustRefuse(ctx, attempts...)
	},
}

var apiPath = regexp.MustCompile("[\"'`](/(?:[A-Za-z0-9_-]+/)*(?:api|v[0-9]|rest|ajax|json)(?:/[A-Za-z0-9_./-]*)?)[\"'`]")

// twins are paths that may have the same effect. They are the form's own path, the paths in
// the page's scripts and in an API description, and the usual ones.
func twins(ctx context.Context, p *engine.Probe) ([]string, error) {
	own := p.Home.RequestURI()
	text := p.First.Inline
	sources := append(p.SameOrigin(p.First.Scripts, 3), "/openapi.json")
	for _, src := range sources {
		a, err := p.Visitors.Get(ctx, src)
		if err != nil {
			return nil, err
		}
		if a.Status == 200 {
			text += "\n" + string(a.Body)
		}
	}
	paths := []string{own}
	if last := path.Base(p.Home.Path); last != "/" { // a form on the home page has no name of its own
		paths = append(paths, "/api/"+last, "/api/v1/"+last, "/v1/"+last, strings.TrimRight(own, "/")+".json")
	}
	for _, m := range apiPath.FindAllStringSubmatch(text, 40) {
		if len(paths) < 10 && !slices.Contains(paths, m[1]) && !engine.Harmful.MatchString(m[1]) {
			paths = append(paths, m[1])
		}
	}
	return paths, nil
}
