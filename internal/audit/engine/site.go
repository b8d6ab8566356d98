package engine

import (
	"context"
	"errors"
	"regexp"
	"slices"
)

// Harmful matches words of paths that an audit never calls, because such a path may destroy
// data.
var Harmful = regexp.MustCompile(`(?i)delete|remove|destroy|drop|logout|signout|cancel|unsubscribe|pay|checkout|order|purge|reset-all|shutdown`)

// SameOrigin returns the paths of the first few addresses on the target's origin.
func (p *Probe) SameOrigin(addresses []string, most int) (paths []string) {
	for _, address := range addresses {
		u, err := p.First.URL.Parse(address)
		if err == nil && u.Host == p.Target.Host && len(paths) < most && !slices.Contains(paths, u.RequestURI()) {
			paths = append(paths, u.RequestURI())
		}
	}
	return paths
}

// Sibling is another form of the same site: its page, and the path it posts to.
type Sibling struct {
	Page *Page
	Path string
}

// usual are common paths of forms.
var usual = []string{"/register", "/signup", "/login", "/join", "/subscribe", "/newsletter", "/contact"}

// Siblings loads pages of the same site. It returns their forms that post to another path,
// and the named pages without a form.
func (p *Probe) Siblings(ctx context.Context) (found []Sibling, bare []string, err error) {
	paths := slices.Concat(p.Spec.Siblings, p.SameOrigin(p.First.links, 6), usual)
	looked := []string{p.Target.RequestURI()}
	posts := []string{p.Home.RequestURI()}
	add := func(pg *Page) {
		for i := range pg.forms {
			f := &pg.forms[i]
			action, err := pg.URL.Parse(f.action)
			if err != nil || action.Host != p.Target.Host || f.Method != "POST" || slices.Contains(posts, action.RequestURI()) || Harmful.MatchString(action.Path) || len(found) == 6 {
				continue
			}
			posts = append(posts, action.RequestURI())
			own := *pg
			own.Form = f
			found = append(found, Sibling{&own, action.RequestURI()})
		}
	}
	own, err := p.Visitors.Fetch(ctx, p.Target, p.Visitors.Address(), nil)
	if err != nil {
		return nil, nil, err
	}
	add(own) // of the same page
	for _, path := range paths {
		if slices.Contains(looked, path) || Harmful.MatchString(path) || len(looked) > 12 {
			continue
		}
		looked = append(looked, path)
		at, err := p.Target.Parse(path)
		if err != nil || at.Host != p.Target.Host {
			continue
		}
		pg, err := p.Visitors.Fetch(ctx, at, p.Visitors.Address(), nil)
		if errors.Is(err, ErrBound) || ctx.Err() != nil {
			return nil, nil, err
		}
		if slices.Contains(p.Spec.Siblings, path) && (err != nil || len(pg.forms) == 0) && len(bare) < 3 {
			bare = append(bare, path)
		}
		if err != nil || pg.Answer.Status != 200 {
			continue
		}
		add(pg)
	}
	return found, bare, nil
}
