// Package outage is a circuit breaker in front of a captcha service. While the service is
// down, visitors do not wait for it: the breaker answers at once, until a call succeeds
// again.
//
// An attacker who could open the breaker would get an easier captcha for everybody. So it
// opens only for failures that come from several networks, and only while most calls fail.
// In addition, an error that a visitor can cause does not count as a failure, see package
// captcha.
package outage

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/clientip"
)

const (
	networks = 5                // networks that must see a failure …
	window   = 30 * time.Second // … within this
	pause    = 10 * time.Second // before it tries one call
)

// Provider is a captcha service behind a breaker.
type Provider struct {
	captcha.Provider
	breaker *gobreaker.CircuitBreaker[captcha.Result]

	mu     sync.Mutex
	failed map[netip.Prefix]time.Time // networks that saw a failure in this window
}

// Guard puts a breaker in front of a service. It calls changed with true when the breaker
// opens, and with false when it closes. changed may be nil.
func Guard(p captcha.Provider, changed func(open bool)) *Provider {
	g := &Provider{Provider: p, failed: make(map[netip.Prefix]time.Time)}
	g.breaker = gobreaker.NewCircuitBreaker[captcha.Result](gobreaker.Settings{
		Interval: window, Timeout: pause,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			return c.TotalFailures >= networks && 2*c.TotalFailures >= c.Requests
		},
		IsSuccessful: func(err error) bool { return !errors.Is(err, captcha.ErrUnavailable) },
		IsExcluded:   func(err error) bool { return errors.As(err, new(again)) },
		OnStateChange: func(_ string, from, to gobreaker.State) {
			if changed != nil && (to == gobreaker.StateOpen && from == gobreaker.StateClosed || to == gobreaker.StateClosed) {
				changed(to == gobreaker.StateOpen)
			}
		},
	})
	return g
}

// again is a failure that does not count, because the same network has seen one before.
type again struct{ error }

func (a again) Unwrap() error { return a.error }

// Down reports whether the breaker knows that the service cannot be reached.
func (p *Provider) Down() bool { return p.breaker.State() == gobreaker.StateOpen }

// Verify asks the service, or returns at once that it is unavailable.
func (p *Provider) Verify(ctx context.Context, a captcha.Attempt) (captcha.Result, error) {
	result, err := p.breaker.Execute(func() (captcha.Result, error) {
		result, err := p.Provider.Verify(ctx, a)
		if errors.Is(err, captcha.ErrUnavailable) && !p.first(a) {
			err = again{err}
		}
		return result, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return captcha.Result{}, fmt.Errorf("%w: %s: it failed for many a moment ago", captcha.ErrUnavailable, p.Service().Name)
	}
	return result, err
}

// first reports whether the network of an attempt sees its first failure of the window.
// While the breaker tries whether the service is back, every failure counts.
func (p *Provider) first(a captcha.Attempt) bool {
	network := clientip.Network(a.Remote)
	p.mu.Lock()
	defer p.mu.Unlock()
	for old, at := range p.failed {
		if a.Now.Sub(at) > window {
			delete(p.failed, old)
		}
	}
	if p.breaker.State() == gobreaker.StateHalfOpen {
		return true
	}
	if _, seen := p.failed[network]; seen {
		return false
	}
	if len(p.failed) < 1000 { // far more than it needs to open
		p.failed[network] = a.Now
	}
	return true
}
