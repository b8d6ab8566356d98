package engine

import (
	"context"
	"fmt"
	"net/netip"
)

// Limited makes the check of a rule about the limit of submissions from one address. The
// rule is left out when no limit is found.
func Limited(check func(context.Context, *Probe, *LimitFound) Result) func(context.Context, *Probe) Result {
	return func(ctx context.Context, p *Probe) Result {
		l, err := p.findLimit(ctx)
		switch {
		case err != nil:
			return Undecided("%v", err)
		case l.Allowed == 0:
			return Omitted("no limit was met in %d valid submissions from one address", LimitTries)
		}
		return check(ctx, p, l)
	}
}

// LimitTries is the number of valid submissions with which an audit looks for a limit.
const LimitTries = 12

// Spares is the number of pages that are kept for attempts over the limit.
const Spares = 14

// LimitFound is the limit of submissions from one address, if the app has one.
type LimitFound struct {
	from    netip.Addr
	Allowed int      // submissions before the limit; 0: no limit found
	Spare   []*Page  // pages that this address loaded, old enough to submit
	Over    *Outcome // the first refused submission
}

// findLimit submits the form from one address until the app refuses. It runs once.
func (p *Probe) findLimit(ctx context.Context) (*LimitFound, error) {
	if p.limit != nil {
		return p.limit, nil
	}
	l := &LimitFound{from: p.Visitors.Address()}
	pages, err := p.Visitors.Crowd(ctx, LimitTries+Spares, l.from)
	if err != nil {
		return nil, err
	}
	l.Spare = pages[LimitTries:]
	for n, pg := range pages[:LimitTries] {
		o := p.Try(ctx, Attempt{What: fmt.Sprintf("valid submission %d from one address", n+1), Valid: true, Visit: pg})
		switch {
		case o.Err != nil:
			return nil, o.Err
		case o.Effects == 0 && n == 0:
			return nil, fmt.Errorf("the first valid submission of a new visitor was refused with %d: if that is a limit for everybody, wait until it is over", o.Answer.Status)
		}
		if o.Effects == 0 {
			l.Allowed, l.Over = n, o
			break
		}
	}
	p.limit = l
	return l, nil
}

// MustHold makes attempts from the address that reached the limit. The app must refuse
// all of them.
func (l *LimitFound) MustHold(ctx context.Context, p *Probe, attempts []Attempt) Result {
	var found []*Outcome
	for i, a := range attempts {
		a.Visit = l.Spare[i]
		o := p.Try(ctx, a)
		if o.Err != nil {
			return Undecided("%v", o.Err)
		}
		if o.Effects > 0 {
			found = append(found, o)
		}
	}
	if len(found) > 0 {
		control := p.Try(ctx, Attempt{What: "a valid submission after the limit was reached, without any of these headers", Valid: true, Visit: l.Spare[len(attempts)]})
		if control.Err != nil || control.Effects > 0 {
			return Undecided("the limit was over by then, for whatever was sent (%v)", control.Err)
		}
		return manifold(-1, fmt.Sprintf("The limit is %d, and the app did it for ", l.Allowed), found)
	}
	return Passed("The limit of %d held against %d headers.", l.Allowed, len(attempts))
}
