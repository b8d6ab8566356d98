package outage

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captcha"
)

// service returns the results that the test sets.
type service struct {
	captcha.Provider
	err    error
	result captcha.Result
	calls  int
}

func (s *service) Service() captcha.Service { return captcha.Service{Name: "test"} }

func (s *service) Verify(context.Context, captcha.Attempt) (captcha.Result, error) {
	s.calls++
	return s.result, s.err
}

var now = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func from(n int) captcha.Attempt {
	return captcha.Attempt{Token: "t", Now: now, Remote: netip.AddrFrom4([4]byte{203, 0, byte(n), 1})}
}

func down() *service { return &service{err: fmt.Errorf("%w: test: 503", captcha.ErrUnavailable)} }

func TestFailuresOfManyNetworksOpenIt(t *testing.T) {
	s := down()
	var told []bool
	p := Guard(s, func(open bool) { told = append(told, open) })
	for n := range networks {
		if p.Down() {
			t.Fatalf("open after %d networks", n)
		}
		if _, err := p.Verify(t.Context(), from(n)); !errors.Is(err, captcha.ErrUnavailable) {
			t.Fatal(err)
		}
	}
	if !p.Down() || len(told) != 1 || !told[0] {
		t.Fatalf("not open after %d networks, changed called with %v", networks, told)
	}
	calls := s.calls
	if _, err := p.Verify(t.Context(), from(99)); !errors.Is(err, captcha.ErrUnavailable) || s.calls != calls {
		t.Errorf("the service was asked although the breaker is open, or the error is %v", err)
	}
}

func TestNothingThatOneNetworkDoesOpensIt(t *testing.T) {
	p := Guard(down(), nil)
	for range 1000 {
		_, err := p.Verify(t.Context(), from(7))
		if !errors.Is(err, captcha.ErrUnavailable) || err.Error() != "captcha: service unavailable: test: 503" {
			t.Fatal(err)
		}
	}
	if p.Down() {
		t.Error("one network opened it")
	}
}

func TestRefusalsAndMistakesOfOursDoNotOpenIt(t *testing.T) {
	for name, s := range map[string]*service{
		"tokens that are refused": {result: captcha.Result{Reason: captcha.ReasonRefused}},
		"a quota that is used up": {err: fmt.Errorf("%w: quota", captcha.ErrMisconfigured)},
	} {
		p := Guard(s, nil)
		for n := range 200 {
			_, _ = p.Verify(t.Context(), from(n))
		}
		if p.Down() {
			t.Errorf("%s opened it", name)
		}
	}
}

func TestFewFailuresAmongManyAnswersDoNotOpenIt(t *testing.T) {
	s := down()
	outage := s.err
	p := Guard(s, nil)
	for n := range 200 {
		s.err = nil
		if n%10 == 0 {
			s.err = outage
		}
		_, _ = p.Verify(t.Context(), from(n))
	}
	if p.Down() {
		t.Error("one failure in ten opened it")
	}
}
