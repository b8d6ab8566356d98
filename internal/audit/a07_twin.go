package audit

import (
	"context"
	"path"
	"regexp"
	"slices"
	"strings"
)

var a07 = &Rule{
	ID: "A07", Title: "The same action has an unguarded twin that takes JSON", Severity: Critical, Fix: everyWay, Needs: Baseline, Shots: 14,
	Why:  "The form is guarded and the API behind it is not. Bots use the API: it is easier anyway.",
	Refs: Refs{CWE: 288, ASVS: "2.2.2, 2.4.1", OAT: "OAT-019", WSTG: "ATHN-03, APIT-01"},
	check: func(ctx context.Context, p *Probe) Result {
		paths, err := p.twins(ctx)
		if err != nil {
			return unclear("%v", err)
		}
		var attempts []Attempt
		for _, twin := range paths {
			attempts = append(attempts, Attempt{What: "the same fields as JSON to " + twin, Change: func(s *Shot) {
				s.Target, s.Encode = twin, asJSON
				s.Set("Accept", "application/json")
				s.Set("X-Requested-With", "XMLHttpRequest")
			}})
		}
		return p.mustRefuse(ctx, attempts...)
	},
}

var apiPath = regexp.MustCompile("[\"'`](/(?:[A-Za-z0-9_-]+/)*(?:api|v[0-9]|rest|ajax|json)(?:/[A-Za-z0-9_./-]*)?)[\"'`]")

// twins are the paths at which the same action may be had: the form's own, those that
// the page's scripts and an API description name, and the usual ones.
func (p *Probe) twins(ctx context.Context) ([]string, error) {
	own := p.home.RequestURI()
	text := p.first.inline
	sources := append(p.sameOrigin(p.first.scripts, 3), "/openapi.json")
	for _, src := range sources {
		a, err := p.get(ctx, src)
		if err != nil {
			return nil, err
		}
		if a.Status == 200 {
			text += "\n" + string(a.Body)
		}
	}
	paths := []string{own}
	if last := path.Base(p.home.Path); last != "/" { // a form on the home page has no name of its own
		paths = append(paths, "/api/"+last, "/api/v1/"+last, "/v1/"+last, strings.TrimRight(own, "/")+".json")
	}
	for _, m := range apiPath.FindAllStringSubmatch(text, 40) {
		if len(paths) < 10 && !slices.Contains(paths, m[1]) && !harmful.MatchString(m[1]) {
			paths = append(paths, m[1])
		}
	}
	return paths, nil
}

// harmful are words of paths at which nothing is tried: an audit destroys nothing.
var harmful = regexp.MustCompile(`(?i)delete|remove|destroy|drop|logout|signout|cancel|unsubscribe|pay|checkout|order|purge|reset-all|shutdown`)

// get reads a page of the target.
func (p *Probe) get(ctx context.Context, target string) (*Answer, error) {
	return p.fire(ctx, &Shot{Method: "GET", Target: target, Host: p.target.Host, From: p.address()})
}

// sameOrigin returns the paths of the first few addresses that are the target's own.
func (p *Probe) sameOrigin(addresses []string, most int) (paths []string) {
	for _, address := range addresses {
		u, err := p.first.url.Parse(address)
		if err == nil && u.Host == p.target.Host && len(paths) < most && !slices.Contains(paths, u.RequestURI()) {
			paths = append(paths, u.RequestURI())
		}
	}
	return paths
}
