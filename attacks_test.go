package palisade_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/challenge"
)

// Eight limits, a token and a ticket of another network are eleven takes.
func TestTheLargestTripFits(t *testing.T) {
	s, services := withService(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Limits = nil
		for i := range 7 {
			f.Limits = append(f.Limits, palisade.Limit{Rate: 100 + i, Per: time.Hour, By: palisade.ByIP})
		}
		f.Limits = append(f.Limits, palisade.Limit{Rate: 100, Per: time.Hour, By: palisade.ByNetwork})
	})
	v := typed(s.load())
	v.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	s.expect(s.post(v, from("198.51.100.1:1")), 303, palisade.ReasonClean, 1) // without room for eleven it panics
}

// What neighbours get back of the limit of the network leaves a person what comes back of
// their own.
func TestNeighboursDoNotUseUpWhatComesBack(t *testing.T) {
	s := newApp(t, palisade.Limit{Rate: 3, Per: 10 * time.Minute, By: palisade.ByIP}, palisade.Limit{Rate: 30, Per: 10 * time.Minute, By: palisade.ByNetwork})
	s.handler = s.form.Handle(func(w http.ResponseWriter, _ *http.Request, _ palisade.Pass) { w.WriteHeader(422) })
	for i := range 10 { // addresses of one /24, or /64s of one /48
		neighbour := from(fmt.Sprintf("203.0.113.%d:1", 100+i))
		c := s.session(neighbour)
		for range 12 {
			s.act(c, neighbour)
		}
	}
	c := s.session()
	n := 0
	for ; n < 20; n++ {
		if s.act(c); !s.last().Allowed() {
			break
		}
	}
	if n < 15 {
		t.Errorf("%d mistakes of a person pass, then %s; want 15", n, s.last().Reason)
	}
}

// The session of a stand-in takes of the limits by address, and gives back no more than
// it took.
func TestASessionOfAStandInCounts(t *testing.T) {
	down := false
	kind := typeTheWord
	check := kind.Check
	kind.Check = func(ctx context.Context, a challenge.Ask, reply string) (challenge.Result, error) {
		if down {
			return challenge.Result{}, challenge.ErrUnavailable
		}
		return check(ctx, a, reply)
	}
	code := 303
	s := newSite(t, func(c *palisade.Config, f *palisade.FormConfig) {
		c.Challenges = []challenge.Kind{kind}
		f.Sessions = true
		f.Limits = []palisade.Limit{{Rate: 2, Per: 10 * time.Minute, By: palisade.ByIP}}
	})
	s.handler = s.form.Handle(func(w http.ResponseWriter, _ *http.Request, _ palisade.Pass) {
		w.WriteHeader(code)
	})
	// The service is down: the challenge page brings the stand-in.
	down = true
	page := s.post(typed(values{})).Body.String()
	v := inputsOf(page)
	v.Set("word", wordIn(t, page))
	s.wait(20 * time.Second)
	w := s.post(v)
	if w.Code != 403 {
		t.Fatal(w.Code)
	}
	next := s.fill(w.Body.String())
	s.wait(30 * time.Second)
	r := fromBrowser(httptest.NewRequest("POST", "/.palisade/session?form=signup", nil))
	byScript(r)
	r.Header.Set(palisade.HeaderTicket, next.Get(palisade.FieldTicket))
	r.Header.Set(palisade.HeaderProof, next.Get(palisade.FieldProof))
	rec := httptest.NewRecorder()
	s.guard.Handler().ServeHTTP(rec, r)
	if len(rec.Result().Cookies()) == 0 {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	c := rec.Result().Cookies()[0]
	passed := 0
	for range 10 {
		s.act(c)
		if s.last().Allowed() {
			passed++
		}
	}
	if passed > 1 { // each counts double
		t.Errorf("%d writes of a stand-in's session pass, the limit is 2 at double cost; last %s", passed, s.last().Reason)
	}
	// Silent sessions use up the limit; then the session of the stand-in gives it back.
	down = false
	silent := s.session()
	for range 3 {
		s.act(silent)
	}
	before := s.last()
	code = 422
	s.act(c)
	code = 303
	s.act(silent)
	if !before.Allowed() && s.last().Allowed() {
		t.Errorf("a write that took nothing (rejected) gave back what accepted ones took")
	}
}

// An exempt client has made no proof.
func TestAnExemptRequestOpensNoSession(t *testing.T) {
	signedIn := true
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Sessions = true
		f.Exempt = func(*http.Request) bool { return signedIn }
	})
	r := fromBrowser(httptest.NewRequest("POST", "/.palisade/session?form=signup", nil))
	w := httptest.NewRecorder()
	s.guard.Handler().ServeHTTP(w, r)
	cookies := w.Result().Cookies()
	if len(cookies) == 0 {
		return
	}
	signedIn = false
	if s.act(cookies[0]); s.last().Allowed() {
		t.Error("a session without a proof lets requests pass that are not exempt")
	}
}
