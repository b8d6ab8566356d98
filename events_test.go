package palisade_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/event"
	"github.com/palisade-dev/palisade/store"
)

// named returns the names of the events since the last call.
func (s *site) named() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		names = append(names, e.Name())
	}
	s.events = nil
	return names
}

// latest returns the last event of a type.
func latest[E event.Event](s *site) (found E) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		if is, ok := e.(E); ok {
			found = is
		}
	}
	return found
}

func TestEventsOfAVisitorWhoIsChallengedAndComesThrough(t *testing.T) {
	s := newSite(t)
	where := event.Form{Site: "example.com", Form: "signup"}
	v := typed(s.load())
	if got := latest[event.Ticket](s); got.Form != where || got.Kind != "silent" || got.Level != 0 || got.Escalated || got.Err != nil {
		t.Errorf("ticket %+v", got)
	}
	s.named()
	w := s.post(v) // quicker than people
	if got, want := s.named(), []string{"decision", "ticket", "challenge-shown"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	s.wait(30 * time.Second)
	v = s.fill(w.Body.String())
	s.post(v)
	passed := latest[event.ChallengePassed](s)
	if passed.Form != where || passed.Kind != "hard-work" || passed.Took != 30*time.Second {
		t.Errorf("passed %+v", passed)
	}
	if trip := latest[event.StoreTrip](s); trip.Result != "granted" || trip.Claims != 1 || trip.Took <= 0 {
		t.Errorf("trip %+v", trip)
	}
	if got, want := s.named(), []string{"store-trip", "decision", "challenge-passed"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAProgramIsShownAChallengeToo(t *testing.T) {
	s := newSite(t)
	s.post(values{}, header("Accept", "application/json"))
	if shown := latest[event.ChallengeShown](s); shown.Kind != "hard-work" || shown.Decision != s.last().ID.String() {
		t.Errorf("%+v", shown)
	}
	s.named()
	r := fromBrowser(httptest.NewRequest("POST", "/signup", strings.NewReader("")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.form.Again(r, s.form.Check(r), palisade.Page{})
	if got, want := s.named(), []string{"decision", "ticket", "challenge-shown"}; !slices.Equal(got, want) {
		t.Errorf("a page of the app's own: %v, want %v", got, want)
	}
}

func TestNobodyPassesAChallengeThatNobodyWasShown(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	s.wait(time.Minute)
	s.expect(s.post(v), 303, palisade.ReasonClean, 1)
	if got := s.named(); slices.Contains(got, "challenge-passed") {
		t.Errorf("%v", got)
	}
}

func TestALimitSaysWhichOneItIs(t *testing.T) {
	for name, test := range map[string]struct {
		limits []palisade.Limit
		by     string
		soft   bool
	}{
		"the key's refuses":    {[]palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByKey("form", func(*http.Request) string { return "one" })}}, "key:form", false},
		"the address's asks":   {[]palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}}, "ip", true},
		"the network's asks":   {[]palisade.Limit{{Rate: 9, Per: time.Hour, By: palisade.ByIP}, {Rate: 1, Per: time.Hour, By: palisade.ByNetwork}}, "network", true},
		"somebody else's asks": {[]palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByField("email")}}, "field:email", true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Limits = test.limits })
			for range 2 {
				v := typed(s.load())
				s.wait(20 * time.Second)
				s.post(v)
			}
			if got := latest[event.Limit](s); got.By != test.by || got.Soft != test.soft {
				t.Errorf("%+v, want by %q, soft %v", got, test.by, test.soft)
			}
		})
	}
}

func TestACallToAProviderIsTold(t *testing.T) {
	s, services := withService(t)
	v := typed(s.load())
	v.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	s.post(v)
	if call := latest[event.ProviderCall](s); call.Kind != captchatest.HCaptcha || call.Result != "ok" || call.Took <= 0 {
		t.Errorf("%+v", call)
	}
	v = typed(s.load())
	v.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	services.Fail(captchatest.HCaptcha, captchatest.Status500, -1)
	s.post(v)
	if call := latest[event.ProviderCall](s); call.Result != "error" || call.Err == nil {
		t.Errorf("%+v", call)
	}
}

// A page without a ticket was silent: it looked like one that may be cached.
func TestATicketThatCannotBeMintedIsTold(t *testing.T) {
	s := newSite(t)
	palisade.BreakBudget(s.guard, brokenStore{})
	page := string(s.form.Fields(fromBrowser(httptest.NewRequest("GET", "/signup", nil))))
	if !strings.Contains(page, `name="palisade-ticket" value=""`) {
		t.Errorf("the page has a ticket:\n%s", page)
	}
	e := latest[event.Ticket](s)
	if e.Err == nil || e.Severity() != slog.LevelError {
		t.Errorf("%+v", e)
	}
	if !strings.Contains(s.log.String(), `"msg":"palisade ticket"`) {
		t.Errorf("the log says nothing of it: %s", s.log.String())
	}
}

type brokenStore struct{}

func (brokenStore) Spend(context.Context, store.Trip) (store.Result, error) {
	return store.Result{}, errors.New("broken")
}

// The law: no event holds an address or anything that was typed, however it is written.
func TestEventsHoldNothingOfAVisitor(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByField("email")}, {Rate: 2, Per: time.Hour, By: palisade.ByIP}}
	})
	for range 4 {
		v := typed(s.load())
		s.post(v)
		s.wait(20 * time.Second)
		s.post(v)
	}
	for _, secret := range []string{"203.0.113.7", "ada", "Firefox"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if len(s.named()) < 20 {
		t.Error("there were hardly any events")
	}
}
