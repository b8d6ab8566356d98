package engine

import (
	"cmp"
	"context"
	"maps"
)

// clearanceFound says whether a visitor can submit without a token after a valid submission.
type clearanceFound struct {
	jar    map[string]string
	second *Outcome
}

// Clear makes a valid submission, and then one without a token by the same visitor. It runs
// once, and all rules share the result.
func (p *Probe) Clear(ctx context.Context) (jar map[string]string, second *Outcome, err error) {
	if c := p.cleared; c != nil {
		return c.jar, c.second, nil
	}
	first := p.SendValid(ctx, "a valid submission", nil)
	if first.Err != nil || first.Effects == 0 {
		return nil, nil, cmp.Or(first.Err, ErrFirst)
	}
	jar = maps.Clone(first.Shot.Cookies)
	TakeCookies(jar, first.Answer)
	pg, err := p.Visitors.Fetch(ctx, p.Target, first.Shot.From, jar)
	if err != nil {
		return nil, nil, err
	}
	if p.Filler.choose(pg) != nil { // an app does not show the form to a visitor who is signed in now
		pg.Form, pg.URL = p.First.Form, p.First.URL
	}
	if err := Sleep(ctx, p.Visitors.Wait); err != nil {
		return nil, nil, err
	}
	second = p.Try(ctx, Attempt{What: "the next submission of a visitor who solved the captcha, without a token", Visit: pg})
	if second.Err == nil {
		p.cleared = &clearanceFound{pg.Cookies, second}
	}
	return pg.Cookies, second, second.Err
}
