package palisade_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// answering returns a site whose app answers as told.
func answering(t *testing.T, answer func(w http.ResponseWriter, pass palisade.Pass), change func(*palisade.FormConfig)) *site {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { change(f) })
	s.handler = s.form.Handle(func(w http.ResponseWriter, _ *http.Request, pass palisade.Pass) { answer(w, pass) })
	return s
}

func status(code int) func(http.ResponseWriter, palisade.Pass) {
	return func(w http.ResponseWriter, _ palisade.Pass) { w.WriteHeader(code) }
}

func TestLimitsCountWhatCameOfIt(t *testing.T) {
	retry := func(code int) func(http.ResponseWriter, palisade.Pass) {
		return func(w http.ResponseWriter, pass palisade.Pass) {
			w.WriteHeader(code)
			io.WriteString(w, string(pass.Retry()))
		}
	}
	settle := func(code int, effects ...palisade.Effect) func(http.ResponseWriter, palisade.Pass) {
		return func(w http.ResponseWriter, pass palisade.Pass) {
			for _, e := range effects {
				pass.Settle(e)
			}
			w.WriteHeader(code)
		}
	}
	leads := func(location string) func(http.ResponseWriter, palisade.Pass) {
		return func(w http.ResponseWriter, _ palisade.Pass) {
			w.Header().Set("Location", location)
			w.WriteHeader(302)
		}
	}
	for _, row := range []struct {
		name   string
		count  palisade.Count
		answer func(http.ResponseWriter, palisade.Pass)
		counts bool
	}{
		{"an accepted one counts", palisade.CountAccepted, status(303), true},
		{"an answer without a status is 200 and counts", palisade.CountAccepted, func(http.ResponseWriter, palisade.Pass) {}, true},
		{"a rejected one (422) does not count", palisade.CountAccepted, status(422), false},
		{"a rejected one (400) does not count", palisade.CountAccepted, status(400), false},
		{"a form that is shown again does not count", palisade.CountAccepted, retry(200), false},
		{"a form that is shown again with 422 does not count", palisade.CountAccepted, retry(422), false},
		{"a form that is shown again with 401 counts", palisade.CountAccepted, retry(401), true},
		{"a handler that says rejected is believed", palisade.CountAccepted, settle(200, palisade.EffectRejected), false},
		{"a handler that says accepted is believed", palisade.CountAccepted, settle(422, palisade.EffectAccepted), true},
		{"the last word counts", palisade.CountAccepted, settle(200, palisade.EffectRejected, palisade.EffectAccepted), true},
		{"a wrong password counts", palisade.CountAccepted, status(401), true},
		{"a declined card counts", palisade.CountAccepted, status(402), true},
		{"forbidden counts", palisade.CountAccepted, status(403), true},
		{"a taken name counts", palisade.CountAccepted, status(409), true},
		{"the app's own limit counts", palisade.CountAccepted, status(429), true},
		{"a failure of the app counts", palisade.CountAccepted, status(500), true},
		{"failures: a redirect to somewhere else does not count", palisade.CountFailures, leads("/welcome"), false},
		{"failures: a redirect to the form's own target counts", palisade.CountFailures, leads("/signup?error=1"), true},
		{"failures: a redirect to the page of the form counts", palisade.CountFailures, leads("/form"), true},
		{"failures: a redirect that keeps the method counts", palisade.CountFailures, status(308), true},
		{"failures: part of an answer counts", palisade.CountFailures, status(206), true},
		{"failures: not modified counts", palisade.CountFailures, status(304), true},
		{"attempts: a rejected one counts", palisade.CountAttempts, status(422), true},
		{"failures: a success does not count", palisade.CountFailures, status(303), false},
		{"failures: a rejected one counts", palisade.CountFailures, status(422), true},
		{"failures: a form that is shown again counts", palisade.CountFailures, retry(200), true},
		{"failures: a wrong password counts", palisade.CountFailures, status(401), true},
		{"failures: a failure of the app counts", palisade.CountFailures, status(502), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, by := range []palisade.By{palisade.ByIP, palisade.ByNetwork, palisade.ByKey("one", func(*http.Request) string { return "one" })} {
				s := answering(t, row.answer, func(f *palisade.FormConfig) {
					f.Count, f.Limits = row.count, []palisade.Limit{{Rate: 1, Per: time.Hour, By: by}}
				})
				for range 2 {
					s.submit("a@example.org", header("Referer", "https://example.com/form"))
				}
				if counted := !s.last().Allowed(); counted != row.counts {
					t.Errorf("by %s: counted %v, because %s", by, counted, s.last().Reason)
				}
			}
		})
	}
}

// However often an app rejects, no more than five times the allowance is tried without a
// step, and the ceiling counts every attempt.
func TestRejectedAttemptsAreBounded(t *testing.T) {
	for _, row := range []struct {
		name    string
		ceiling palisade.Limit
		tried   int
		why     palisade.Reason
	}{
		{"five times the allowance", palisade.Limit{}, 10, palisade.ReasonAddressLimit},
		{"the ceiling", palisade.Limit{Rate: 3, Per: 24 * time.Hour}, 3, palisade.ReasonOverLimit},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := answering(t, status(422), func(f *palisade.FormConfig) {
				f.Ceiling, f.Limits = row.ceiling, []palisade.Limit{{Rate: 2, Per: 24 * time.Hour, By: palisade.ByIP}}
			})
			n := 0
			for ; n < 100; n++ {
				if s.submit("a@example.org"); !s.last().Allowed() {
					break
				}
			}
			if n != row.tried || s.last().Reason != row.why {
				t.Errorf("%d were tried, then %s; want %d, then %s", n, s.last().Reason, row.tried, row.why)
			}
		})
	}
}

// A person whose password is rejected as too weak four times meets no limit, with the
// limits of a form of which nothing was said.
func TestARejectedSignUpMeetsNoLimit(t *testing.T) {
	s := answering(t, func(w http.ResponseWriter, pass palisade.Pass) { io.WriteString(w, string(pass.Retry())) },
		func(f *palisade.FormConfig) { f.Limits = nil })
	for range 8 {
		if s.submit("a@example.org"); !s.last().Allowed() {
			t.Fatalf("refused because %s", s.last().Reason)
		}
	}
}

// A login counts the failures of an account, whoever tries, and its owner gets in.
func TestALoginCountsFailures(t *testing.T) {
	right := false
	s := answering(t, func(w http.ResponseWriter, _ palisade.Pass) {
		w.WriteHeader(map[bool]int{true: 303, false: 401}[right])
	}, func(f *palisade.FormConfig) {
		f.Name = "login"
		f.Limits = []palisade.Limit{{Rate: 5, Per: time.Hour, By: palisade.ByIP}, {Rate: 3, Per: time.Hour, By: palisade.ByField("email")}}
	})
	owner := from("198.51.100.7:1")
	right = true
	for range 10 {
		if w := s.submit("ada@example.org", owner); w.Code != 303 {
			t.Fatalf("the owner: status %d because %s", w.Code, s.last().Reason)
		}
	}
	right = false
	for i := range 4 {
		s.submit("ada@example.org", from(fmt.Sprintf("203.0.113.%d:1", i+1)))
	}
	if s.last().Reason != palisade.ReasonTargetLimit {
		t.Errorf("the fourth guess from as many addresses: %s", s.last().Reason)
	}
	right = true
	w := s.submit("ada@example.org", owner)
	if w.Code != 403 {
		t.Fatalf("the owner of an account under attack: status %d", w.Code)
	}
	kept := s.fill(w.Body.String())
	s.wait(20 * time.Second)
	if w := s.post(kept, owner); w.Code != 303 {
		t.Errorf("the owner, with the step: status %d because %s", w.Code, s.last().Reason)
	}
}

// Sessions too count what was accepted.
func TestWritesOfASessionThatTheAppRejectsDoNotCount(t *testing.T) {
	s := newApp(t, palisade.Limit{Rate: 1, Per: 10 * time.Minute, By: palisade.ByIP})
	code := 422
	s.handler = s.form.Handle(func(w http.ResponseWriter, _ *http.Request, _ palisade.Pass) { w.WriteHeader(code) })
	c := s.session()
	for range 4 {
		s.act(c)
	}
	if !s.last().Allowed() {
		t.Errorf("a write that was rejected counted: %s", s.last().Reason)
	}
	code = 200
	s.act(c)
	if s.act(c); s.last().Allowed() {
		t.Error("an accepted write did not count")
	}
}

// Nothing is given back for what took nothing.
func TestWhatTookNothingGivesNothingBack(t *testing.T) {
	exempt := false
	s := answering(t, status(422), func(f *palisade.FormConfig) {
		f.Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}}
		f.Exempt = func(*http.Request) bool { return exempt }
	})
	s.handler = s.form.Handle(func(w http.ResponseWriter, r *http.Request, _ palisade.Pass) {
		w.WriteHeader(map[bool]int{true: 422, false: 303}[exempt])
	})
	s.submit("a@example.org")
	exempt = true
	s.submit("a@example.org")
	exempt = false
	if s.submit("a@example.org"); s.last().Allowed() {
		t.Error("an exempt request gave back what another one took")
	}
}

func TestCountIsChecked(t *testing.T) {
	_, err := newSite(t).guard.Form(palisade.FormConfig{Name: "other", Count: 9})
	if err == nil || !strings.Contains(err.Error(), "Count must be") {
		t.Error(err)
	}
}
