package audit

import (
	"cmp"
	"context"
	"maps"
)

var b11 = &Rule{
	ID: "B11", Title: "A clearance is good for others than who earned it", Severity: High, Fix: clearance, Needs: Baseline, Shots: 4,
	Why:  "One visitor solves the captcha, and a thousand bots send its cookie.",
	Refs: Refs{CWE: 294, ASVS: "9.2.3"},
	check: func(ctx context.Context, p *Probe) Result {
		jar, own, err := p.clear(ctx)
		switch {
		case err != nil:
			return unclear("%v", err)
		case own.Effects == 0:
			return pass("There is no clearance: after a valid submission the next one needs a token again.")
		}
		other := p.try(ctx, Attempt{What: "a submission with that visitor's cookies, from another address and with another browser", Change: func(s *Shot) {
			s.Cookies = jar
			s.Set("User-Agent", "curl/8.5.0")
		}})
		if other.Err == nil && other.Effects == 0 { // who takes the cookies can take the browser's name as well
			other = p.try(ctx, Attempt{What: "a submission with that visitor's cookies, from another address", Change: func(s *Shot) { s.Cookies = jar }})
		}
		switch {
		case other.Err != nil:
			return unclear("%v", other.Err)
		case other.Effects > 0 && !p.own:
			return unclear("the clearance was taken from another browser; whether from another address too cannot be seen from here")
		case other.Effects > 0:
			return fail(other, "After one solved captcha, its cookies are enough for others, from another address and without a token.")
		}
		return pass("The clearance of one visitor is not taken from another.")
	},
}

// clearanceFound is what a visitor may do after a valid submission, without a token.
type clearanceFound struct {
	jar    map[string]string
	second *Outcome
}

// clear makes a valid submission, and then one without a token by the same visitor,
// once.
func (p *Probe) clear(ctx context.Context) (jar map[string]string, second *Outcome, err error) {
	if c := p.cleared; c != nil {
		return c.jar, c.second, nil
	}
	first := p.accepted(ctx, "a valid submission", nil)
	if first.Err != nil || first.Effects == 0 {
		return nil, nil, cmp.Or(first.Err, errFirst)
	}
	jar = maps.Clone(first.Shot.Cookies)
	takeCookies(jar, first.Answer)
	pg, err := p.fetch(ctx, p.target, first.Shot.From, jar)
	if err != nil {
		return nil, nil, err
	}
	if p.choose(pg) != nil { // who is signed in now is not shown the form
		pg.form, pg.url = p.first.form, p.first.url
	}
	if err := sleep(ctx, p.wait); err != nil {
		return nil, nil, err
	}
	second = p.try(ctx, Attempt{What: "the next submission of a visitor who solved the captcha, without a token", visit: pg})
	if second.Err == nil {
		p.cleared = &clearanceFound{pg.cookies, second}
	}
	return pg.cookies, second, second.Err
}
