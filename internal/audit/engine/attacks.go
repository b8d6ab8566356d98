package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/palisade-dev/palisade/captchatest"
)

// WithToken is an attempt that sends a given text as the token.
func WithToken(what, token string) Attempt {
	return Attempt{What: what, Once: true, Change: func(s *Shot) { s.PutToken(token) }}
}

// AfterVerify names the rules that find an app that ignores tokens. Once one of them failed,
// rules about tokens show nothing.
var AfterVerify = []string{"A02", "A04", "A05", "A06"}

// InURL changes a submission so that the URL carries the fields and there is no body.
func InURL(method string) func(*Shot) {
	return func(s *Shot) {
		s.Method, s.Encode = method, nil
		s.Query(s.Fields)
	}
}

// ErrFirst says that the first use of a token had no effect. A second use then shows
// nothing.
var ErrFirst = errors.New("the first use of the token had no effect")

// Faulty makes a valid submission while the verifier has a fault.
func Faulty(what string, fault captchatest.Fault) Attempt {
	return Scripted(what, func(m *Middle) { m.Server.Fail(m.Service, fault, -1) })
}

// Scripted makes a valid submission, and a script sets the verifier's answer.
func Scripted(what string, script func(*Middle)) Attempt {
	return Attempt{What: what, Valid: true, Tidy: true, Before: script}
}

// Refuses makes the check of most rules: the app must refuse all attempts.
func Refuses(attempts ...Attempt) func(context.Context, *Probe) Result {
	return func(ctx context.Context, p *Probe) Result { return p.MustRefuse(ctx, attempts...) }
}

// MustRefuse makes the attempts. An attempt with an effect is a finding. If an attempt could
// not be judged, the rule stays undecided.
func (p *Probe) MustRefuse(ctx context.Context, attempts ...Attempt) Result {
	var found, crashed []*Outcome
	var undecided error
	outcomes, stray := p.volley(ctx, attempts)
	for _, o := range outcomes {
		switch {
		case o.Tidy && errors.Is(o.Err, ErrClosed):
			o.Answer = nil
			crashed = append(crashed, o)
		case o.Err != nil:
			undecided = fmt.Errorf("%s: %w", o.What, o.Err)
		case o.Effects > 0:
			found = append(found, o)
		case o.Answer.Status == 429:
			undecided = fmt.Errorf("%s: the app answered 429, too many requests, so that nothing is known", o.What)
		case o.Answer.Status >= 500 && !slices.Contains([]int{501, 502, 503, 504}, o.Answer.Status) && o.Tidy:
			crashed = append(crashed, o)
		}
	}
	if stray > 0 && undecided == nil {
		undecided = fmt.Errorf("%d effects were seen while it was tried, and none when each was tried alone: does somebody else use the app?", stray)
	}
	switch {
	case len(found) > 0:
		return manifold(-1, "The app did it for ", found)
	case undecided != nil:
		return Undecided("%v", undecided)
	case len(crashed) > 0:
		how := "hung up without an answer"
		if a := crashed[0].Answer; a != nil {
			how = fmt.Sprintf("answered with the error %d", a.Status)
		}
		r := manifold(Low, "The app did nothing, but "+how+", as one that crashed, to ", crashed)
		r.Title = "What should be refused crashes the app"
		r.Why = "Each crash costs a worker, may show what only developers should see, and is a place where something was not thought of."
		return r
	}
	return Passed("%d of %d were refused, without an effect.", len(attempts), len(attempts))
}
