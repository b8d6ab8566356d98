package audit

import (
	"context"
	"fmt"
	"net/netip"
)

var e01 = &Rule{
	ID: "E01", Title: "A header resets the rate limit", Severity: High, Fix: noClaims, Needs: Baseline | Fresh | Own, After: afterVerify, Shots: 32,
	Why:  "The limit counts an address that the client names. With a new one for each request there is no limit.",
	Refs: Refs{CWE: 348, ASVS: "15.3.4, 4.1.3", OAT: "OAT-007, OAT-008"},
	check: limited(func(ctx context.Context, p *Probe, l *limitFound) Result {
		var attempts []Attempt
		for _, h := range []Field{
			{"X-Forwarded-For", "203.0.113.50"}, {"X-Real-IP", "203.0.113.51"}, {"True-Client-IP", "203.0.113.52"}, {"CF-Connecting-IP", "203.0.113.53"},
			{"Fastly-Client-IP", "203.0.113.54"}, {"X-Client-IP", "203.0.113.55"}, {"X-Cluster-Client-IP", "203.0.113.56"}, {"Forwarded", "for=203.0.113.57"}, {"X-Forwarded", "203.0.113.58"},
			{"Client-IP", "203.0.113.59"}, {"X-Remote-IP", "203.0.113.60"}, {"X-Originating-IP", "203.0.113.61"},
		} {
			attempts = append(attempts, Attempt{What: h.Name + ": " + h.Value + " after the limit was reached", Valid: true, Change: func(s *Shot) { s.Set(h.Name, h.Value) }})
		}
		return p.mustHold(ctx, l, attempts)
	}),
}

// limited is the check of a rule about the limit of submissions from one address.
func limited(check func(context.Context, *Probe, *limitFound) Result) func(context.Context, *Probe) Result {
	return func(ctx context.Context, p *Probe) Result {
		l, err := p.findLimit(ctx)
		switch {
		case err != nil:
			return unclear("%v", err)
		case l.allowed == 0:
			return leftOut("no limit was met in %d valid submissions from one address", limitTries)
		}
		return check(ctx, p, l)
	}
}

// limitTries is how many valid submissions are made to meet a limit.
const limitTries = 12

// spares are the pages for what is tried from an address that is over its limit.
const spares = 14

// limitFound is the limit of submissions from one address, if there is one.
type limitFound struct {
	from    netip.Addr
	allowed int      // before it; 0: none was met
	spare   []*page  // loaded from there, and old enough
	over    *Outcome // the first that was refused
}

// findLimit submits the form from one address until it is refused, once.
func (p *Probe) findLimit(ctx context.Context) (*limitFound, error) {
	if p.limit != nil {
		return p.limit, nil
	}
	l := &limitFound{from: p.address()}
	pages, err := p.crowd(ctx, limitTries+spares, l.from)
	if err != nil {
		return nil, err
	}
	l.spare = pages[limitTries:]
	for n, pg := range pages[:limitTries] {
		o := p.try(ctx, Attempt{What: fmt.Sprintf("valid submission %d from one address", n+1), Valid: true, visit: pg})
		switch {
		case o.Err != nil:
			return nil, o.Err
		case o.Effects == 0 && n == 0:
			return nil, fmt.Errorf("the first valid submission of a new visitor was refused with %d: if that is a limit for everybody, wait until it is over", o.Answer.Status)
		}
		if o.Effects == 0 {
			l.allowed, l.over = n, o
			break
		}
	}
	p.limit = l
	return l, nil
}

// crowd loads the page n times from each address, and waits until all of them are old
// enough.
func (p *Probe) crowd(ctx context.Context, n int, from ...netip.Addr) (pages []*page, err error) {
	for _, address := range from {
		for range n {
			pg, err := p.load(ctx, address)
			if err != nil {
				return nil, err
			}
			pages = append(pages, pg)
		}
	}
	return pages, sleep(ctx, p.wait)
}

// mustHold makes attempts from the address that reached the limit.
func (p *Probe) mustHold(ctx context.Context, l *limitFound, attempts []Attempt) Result {
	var found []*Outcome
	for i, a := range attempts {
		a.visit = l.spare[i]
		o := p.try(ctx, a)
		if o.Err != nil {
			return unclear("%v", o.Err)
		}
		if o.Effects > 0 {
			found = append(found, o)
		}
	}
	if len(found) > 0 {
		control := p.try(ctx, Attempt{What: "a valid submission after the limit was reached, without any of these headers", Valid: true, visit: l.spare[len(attempts)]})
		if control.Err != nil || control.Effects > 0 {
			return unclear("the limit was over by then, for whatever was sent (%v)", control.Err)
		}
		return manifold(-1, fmt.Sprintf("The limit is %d, and the app did it for ", l.allowed), found)
	}
	return pass("The limit of %d held against %d headers.", l.allowed, len(attempts))
}
