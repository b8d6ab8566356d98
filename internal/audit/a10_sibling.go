package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

var a10 = &Rule{
	ID: "A10", Title: "Another form does the same without a captcha", Severity: High, Fix: everyWay, Needs: Baseline, Shots: 16,
	Why:  "A door next to the guarded one. Bots find it by reading the site once.",
	Refs: Refs{CWE: 288, ASVS: "6.3.1, 2.4.1", OAT: "OAT-007, OAT-008, OAT-017, OAT-019"},
	check: func(ctx context.Context, p *Probe) Result {
		siblings, bare, err := p.siblings(ctx)
		if err != nil {
			return unclear("%v", err)
		}
		var attempts []Attempt
		for _, path := range bare { // there is no form on it: it may take what this one sends
			attempts = append(attempts,
				Attempt{What: "the same fields to " + path, Change: func(s *Shot) { s.Target = path }},
				Attempt{What: "the same fields as JSON to " + path, Change: func(s *Shot) { s.Target, s.Encode = path, asJSON }})
		}
		for _, s := range siblings {
			attempts = append(attempts, Attempt{What: "the form at " + s.page.url.Path + ", which posts to " + s.path, visit: s.page, Change: func(shot *Shot) { shot.Target = s.path }})
		}
		if len(attempts) == 0 {
			return leftOut("no other form was found: name its page (-sibling)")
		}
		if err := sleep(ctx, p.wait); err != nil {
			return unclear("%v", err)
		}
		r := p.mustRefuse(ctx, attempts...)
		if r.Status == Pass {
			r.Says = fmt.Sprintf("No other form did it without a token; %d were tried.", len(siblings)+len(bare))
		}
		return r
	},
}

type sibling struct {
	page *page
	path string
}

// usual are paths at which sites have forms.
var usual = []string{"/register", "/signup", "/login", "/join", "/subscribe", "/newsletter", "/contact"}

// siblings loads pages of the same site and returns their forms that post elsewhere,
// and the pages that were named and have none.
func (p *Probe) siblings(ctx context.Context) (found []sibling, bare []string, err error) {
	paths := slices.Concat(p.spec.Siblings, p.sameOrigin(p.first.links, 6), usual)
	looked := []string{p.target.RequestURI()}
	posts := []string{p.home.RequestURI()}
	add := func(pg *page) {
		for i := range pg.forms {
			f := &pg.forms[i]
			action, err := pg.url.Parse(f.action)
			if err != nil || action.Host != p.target.Host || f.method != "POST" || slices.Contains(posts, action.RequestURI()) || harmful.MatchString(action.Path) || len(found) == 6 {
				continue
			}
			posts = append(posts, action.RequestURI())
			own := *pg
			own.form = f
			found = append(found, sibling{&own, action.RequestURI()})
		}
	}
	own, err := p.fetch(ctx, p.target, p.address(), nil)
	if err != nil {
		return nil, nil, err
	}
	add(own) // of the same page
	for _, path := range paths {
		if slices.Contains(looked, path) || harmful.MatchString(path) || len(looked) > 12 {
			continue
		}
		looked = append(looked, path)
		at, err := p.target.Parse(path)
		if err != nil || at.Host != p.target.Host {
			continue
		}
		pg, err := p.fetch(ctx, at, p.address(), nil)
		if errors.Is(err, errBound) || ctx.Err() != nil {
			return nil, nil, err
		}
		if slices.Contains(p.spec.Siblings, path) && (err != nil || len(pg.forms) == 0) && len(bare) < 3 {
			bare = append(bare, path)
		}
		if err != nil || pg.answer.Status != 200 {
			continue
		}
		add(pg)
	}
	return found, bare, nil
}
