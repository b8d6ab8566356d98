package palisade_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
)

// spy is a store that counts its trips and can be told to do something else first.
type spy struct {
	store.Store
	trips  atomic.Int64
	before func() error
}

func (s *spy) Spend(ctx context.Context, trip store.Trip) (store.Result, error) {
	s.trips.Add(1)
	if s.before != nil {
		if err := s.before(); err != nil {
			return store.Result{}, err
		}
		ctx = context.Background() // what was done to the context is for the steps behind
	}
	return s.Store.Spend(ctx, trip)
}

// spied makes a spy the store of a site.
func spied(s *spy) func(*palisade.Config, *palisade.FormConfig) {
	return func(c *palisade.Config, _ *palisade.FormConfig) {
		s.Store = memory.New(memory.Epoch(c.Clock()))
		c.Store = s
	}
}

func TestTicketActsOnceInItsWholeLife(t *testing.T) {
	for _, row := range []struct {
		name         string
		first, again time.Duration // age of the ticket
		why          palisade.Reason
	}{
		{"a ticket used at once is spent a minute later", 20 * time.Second, 90 * time.Second, palisade.ReasonTicketSpent},
		{"a ticket used at once is spent an hour later", 20 * time.Second, time.Hour, palisade.ReasonTicketSpent},
		{"a ticket used at once is spent in its last second", 20 * time.Second, 4*time.Hour - time.Millisecond, palisade.ReasonTicketSpent},
		{"a ticket used late is good, and spent then", 3 * time.Hour, 4*time.Hour - time.Millisecond, palisade.ReasonTicketSpent},
		{"a ticket used in its last second is good, and expires", 4*time.Hour - time.Millisecond, 4 * time.Hour, palisade.ReasonTicketExpired},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t)
			v := typed(s.load())
			s.wait(row.first)
			s.expect(s.post(v), http.StatusSeeOther, palisade.ReasonClean, 1)
			s.wait(row.again - row.first)
			v.Set("username", "grace") // not a double click
			s.expect(s.post(v), 403, row.why, 1)
		})
	}
}

func TestMonitorSpendsNothingAndAsksNobody(t *testing.T) {
	for _, row := range []struct {
		name   string
		tamper func(values)
		would  palisade.Outcome
		why    palisade.Reason
	}{
		{"who would pass passes, again and again", nil, palisade.Allow, palisade.ReasonClean},
		{"a missing proof is seen", func(v values) { v.Del(palisade.FieldProof) }, palisade.Challenge, palisade.ReasonProofMissing},
		{"a missing token is seen", func(v values) { v.Del(tokenField) }, palisade.Challenge, palisade.ReasonCaptcha},
	} {
		t.Run(row.name, func(t *testing.T) {
			spy := new(spy)
			s, services := withService(t, spied(spy), func(_ *palisade.Config, f *palisade.FormConfig) {
				f.Monitor = true
				f.Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}, {Rate: 1, Per: time.Hour, By: palisade.ByField("email")}}
			})
			v := typed(s.load())
			v.Set(tokenField, buy(services))
			if row.tamper != nil {
				row.tamper(v)
			}
			s.wait(20 * time.Second)
			for i := range int64(3) {
				s.expect(s.post(v), http.StatusSeeOther, row.why, i+1)
			}
			if d := s.last(); d.Would != row.would || !d.Monitored {
				t.Errorf("it would have been %v, want %v; monitored: %v", d.Would, row.would, d.Monitored)
			}
			if trips, calls := spy.trips.Load(), len(services.History()); trips != 0 || calls != 0 {
				t.Errorf("%d trips to the store and %d calls to the service", trips, calls)
			}
		})
	}
}

// A form that only watches derives nothing, so no budget of derivations is used up.
func TestMonitorDerivesNothing(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Monitor = true })
	v := typed(s.load())
	s.wait(20 * time.Second)
	for range 100 {
		if s.post(v); s.last().Would != palisade.Allow {
			t.Fatalf("it would be %v because %q", s.last().Would, s.last().Reason)
		}
	}
}

func TestLinkThatIsGoneIsTheFirst(t *testing.T) {
	before, _, first := withChain(t)
	first.down = true
	v := typed(before.load()) // shown with the fallback
	s, services := withService(t)
	s.wait(20 * time.Second)
	w := s.post(v)
	s.expect(w, 403, palisade.ReasonCaptcha, 0)
	if !strings.Contains(w.Body.String(), `class="h-captcha"`) {
		t.Fatalf("the page does not ask for the first:\n%s", w.Body)
	}
	v.Set(secondField, "a token of the fallback")
	s.expect(s.post(v), 403, palisade.ReasonCaptcha, 0)
	next := s.fill(w.Body.String())
	next.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	s.expect(s.post(next), http.StatusSeeOther, palisade.ReasonClean, 1)
}

func TestOnlyAProviderThatIsDownHasAStandIn(t *testing.T) {
	for _, row := range []struct {
		name string
		// take takes something down for the attempt.
		take func(spy *spy, services *captchatest.Server, cancel func())
		why  palisade.Reason
	}{
		{"a store that is down has none", func(spy *spy, _ *captchatest.Server, _ func()) {
			spy.before = func() error { return errors.New("gone") }
		}, palisade.ReasonStoreDown},
		{"a store that breaks after the provider's word has none", func(spy *spy, _ *captchatest.Server, _ func()) {
			spy.before = func() error {
				if spy.trips.Load() > 1 {
					return errors.New("gone")
				}
				return nil
			}
		}, palisade.ReasonStoreDown},
		{"a visitor who goes away while the work is looked at has none", func(_ *spy, _ *captchatest.Server, cancel func()) {
			cancel()
		}, palisade.ReasonBusy},
		{"a provider that is set up wrongly has none", func(_ *spy, services *captchatest.Server, _ func()) {
			services.Fail(captchatest.HCaptcha, captchatest.Quota, -1)
		}, palisade.ReasonProviderMisfit},
	} {
		t.Run(row.name, func(t *testing.T) {
			spy := new(spy)
			fallback := &counted{Provider: captcha.Turnstile("second", "its-secret")}
			s, services := withService(t, spied(spy), func(c *palisade.Config, _ *palisade.FormConfig) {
				c.Fallbacks = []captcha.Provider{fallback}
			})
			v := typed(s.load())
			v.Set(tokenField, buy(services))
			s.wait(20 * time.Second)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			row.take(spy, services, cancel)
			w := s.post(v, func(r *http.Request) { *r = *r.WithContext(ctx) })
			s.expect(w, http.StatusServiceUnavailable, row.why, 0)
			if d := s.last(); d.Outcome != palisade.Deny || d.Err == nil {
				t.Errorf("outcome %v, error %v", d.Outcome, d.Err)
			}
			if strings.Contains(w.Body.String(), "cf-turnstile") || fallback.asked.Load() != 0 {
				t.Errorf("the fallback was brought in:\n%s", w.Body)
			}
		})
	}
}

// counted is a provider that counts how often it is asked, and says no.
type counted struct {
	captcha.Provider
	asked atomic.Int64
}

func (c *counted) Verify(context.Context, captcha.Attempt) (captcha.Result, error) {
	c.asked.Add(1)
	return captcha.Result{}, nil
}

func TestOnlyTheHardestProofPassesATargetsLimit(t *testing.T) {
	for _, row := range []struct {
		name string
		when palisade.When
		by   palisade.By
	}{
		{"the silent proof does not pass a field's limit", palisade.WhenRisky, palisade.ByField("email")},
		{"the silent proof does not pass the form's limit", palisade.WhenRisky, palisade.ByForm},
		{"the first step does not pass a field's limit", palisade.Always, palisade.ByField("email")},
		{"the first step does not pass the form's limit", palisade.Always, palisade.ByForm},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
				f.Ask = row.when
				f.Limits = []palisade.Limit{{Rate: 1, Per: 24 * time.Hour, By: row.by}}
			})
			first, second := typed(s.load()), typed(s.load())
			s.wait(20 * time.Second)
			s.expect(s.post(first), http.StatusSeeOther, palisade.ReasonClean, 1)
			w := s.post(second)
			s.expect(w, 403, palisade.ReasonTargetLimit, 1)
			hardest := s.fill(w.Body.String())
			s.wait(20 * time.Second)
			s.expect(s.post(hardest), http.StatusSeeOther, palisade.ReasonClean, 2)
			if level := s.last().Level; level != 2 {
				t.Errorf("passed at level %d", level)
			}
		})
	}
}

func TestValueInTwoHeadersIsAmbiguous(t *testing.T) {
	for _, row := range []struct{ name, header, second string }{
		{"two tickets", palisade.HeaderTicket, strings.Repeat("A", 78)},
		{"two proofs", palisade.HeaderProof, "another"},
		{"two tokens", palisade.HeaderCaptcha, "another"},
		{"two tickets, the second empty", palisade.HeaderTicket, ""},
		{"two proofs, the second empty", palisade.HeaderProof, ""},
		{"two tokens, the second empty", palisade.HeaderCaptcha, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, services := withService(t)
			v := s.load()
			good := map[string]string{
				palisade.HeaderTicket: v.Get(palisade.FieldTicket), palisade.HeaderProof: v.Get(palisade.FieldProof),
				palisade.HeaderCaptcha: buy(services),
			}
			s.wait(20 * time.Second)
			send := func(second ...string) *httptest.ResponseRecorder {
				return s.postBody("application/json", `{"username":"ada"}`, func(r *http.Request) {
					for name, value := range good {
						r.Header.Set(name, value)
					}
					for _, value := range second {
						r.Header.Add(row.header, value)
					}
				})
			}
			s.expect(send(row.second), http.StatusBadRequest, palisade.ReasonAmbiguous, 0)
			s.expect(send(good[row.header]), http.StatusBadRequest, palisade.ReasonAmbiguous, 0)
			s.expect(send(), http.StatusSeeOther, palisade.ReasonClean, 1)
		})
	}
}

func TestCapsuleOpensOnlyUnderItsOwnTicket(t *testing.T) {
	s, _ := transparent(t)
	const kind = "application/x-www-form-urlencoded"
	again, cookie := challenged(t, s, kind, "INJECT&a=1")
	// A second page for the same browser: all else that a capsule is bound to is alike.
	w := s.postBody(kind, inject(kind, "INJECT&a=2", s.load()), func(r *http.Request) { r.AddCookie(cookie) })
	other := s.fill(w.Body.String())
	s.wait(time.Minute)
	if again.Get(palisade.FieldCapsule) == "" || other.Get(palisade.FieldCapsule) == "" {
		t.Fatal("two pages and not two capsules")
	}
	mixed := values{}
	for name := range other {
		mixed.Set(name, other.Get(name))
	}
	mixed.Set(palisade.FieldCapsule, again.Get(palisade.FieldCapsule))
	s.expect(sendAgain(s, mixed, cookie), http.StatusBadRequest, palisade.ReasonCapsule, 0)
	s.expect(sendAgain(s, other, cookie), http.StatusOK, palisade.ReasonClean, 1)
	s.expect(sendAgain(s, again, cookie), http.StatusOK, palisade.ReasonClean, 2)
}

func TestOneNetworkCannotHaveTheWorkDoneWithoutEnd(t *testing.T) {
	const burst = 60
	s := newSite(t)
	addr := func(i int) func(*http.Request) { return from(fmt.Sprintf("203.0.113.%d:1", i+1)) }
	var forms []values
	for i := range burst + 1 { // each address within its own budget
		forms = append(forms, typed(s.load(addr(i))))
	}
	elsewhere := typed(s.load(from("198.51.100.1:1")))
	s.wait(20 * time.Second)
	for i, v := range forms[:burst] {
		s.expect(s.post(v, addr(i)), http.StatusSeeOther, palisade.ReasonClean, int64(i)+1)
	}
	last := forms[burst]
	s.expect(s.post(last, addr(burst)), http.StatusForbidden, palisade.ReasonBusy, burst)
	s.expect(s.post(elsewhere, from("198.51.100.1:1")), http.StatusSeeOther, palisade.ReasonClean, burst+1)
	s.wait(time.Second) // one is back, and the refusal spent nothing
	s.expect(s.post(last, addr(burst)), http.StatusSeeOther, palisade.ReasonClean, burst+2)
}
