package palisade_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// quick is a form that may be sent as soon as it is shown.
func quick(_ *palisade.Config, f *palisade.FormConfig) { f.MinFill = time.Nanosecond }

// What is remembered for double clicks ends with time.
func TestAnswersAreRememberedForAMinute(t *testing.T) {
	s := newSite(t, quick)
	send := func() values {
		v := typed(s.load())
		s.wait(time.Nanosecond)
		if w := s.post(v); w.Code != http.StatusSeeOther {
			t.Fatalf("status %d because %s", w.Code, s.last().Reason)
		}
		return v
	}
	first := send()
	s.wait(time.Minute)
	s.expect(s.post(first), http.StatusSeeOther, palisade.ReasonDuplicate, 1)
	send()
	s.wait(time.Nanosecond)
	s.expect(s.post(first), http.StatusForbidden, palisade.ReasonTicketSpent, 2)
	if got := palisade.Remembered(s.form); got != 1 {
		t.Errorf("%d answers are remembered, want that of the second", got)
	}
}

// It is bounded in number, too.
func TestTheLatestAnswersAreRemembered(t *testing.T) {
	const most = 1024
	s := newSite(t, quick)
	sent := make([]values, most+1)
	for i := range sent {
		there := from(fmt.Sprintf("10.%d.%d.1:40000", i>>8, i&255)) // else their network is one
		sent[i] = typed(s.load(there))
		s.wait(time.Nanosecond)
		if w := s.post(sent[i], there); w.Code != http.StatusSeeOther {
			t.Fatalf("submission %d: status %d because %s", i, w.Code, s.last().Reason)
		}
	}
	if got := palisade.Remembered(s.form); got != most {
		t.Errorf("%d answers are remembered, want %d", got, most)
	}
	s.expect(s.post(sent[1]), http.StatusSeeOther, palisade.ReasonDuplicate, most+1)
	s.expect(s.post(sent[0]), http.StatusForbidden, palisade.ReasonTicketSpent, most+1)
}

// The second click is answered with the first status that ends an answer.
func TestADoubleClickGetsWhatWasSentFirst(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"a hint before it": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Set("Location", "/welcome")
			w.WriteHeader(http.StatusSeeOther)
		},
		"a text behind it": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/welcome")
			w.WriteHeader(http.StatusSeeOther)
			_, _ = w.Write([]byte("See /welcome."))
		},
		"another status behind it, which comes too late": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/welcome")
			w.WriteHeader(http.StatusSeeOther)
			w.WriteHeader(http.StatusNoContent)
		},
	} {
		s := newSite(t, quick)
		s.handler = s.form.Handle(func(w http.ResponseWriter, r *http.Request, _ palisade.Pass) { answer(w, r) })
		v := typed(s.load())
		s.wait(time.Nanosecond)
		s.post(v)
		if w := s.post(v); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/welcome" || s.last().Reason != palisade.ReasonDuplicate {
			t.Errorf("%s: status %d because %s, location %q", name, w.Code, s.last().Reason, w.Header().Get("Location"))
		}
	}
}

// A page that was answered with text alone is a 200, and nothing to go to.
func TestADoubleClickOfAPageIsToldSo(t *testing.T) {
	s := newSite(t, quick)
	s.handler = s.form.Handle(func(w http.ResponseWriter, _ *http.Request, _ palisade.Pass) {
		w.Header().Set("Location", "/elsewhere")
		_, _ = w.Write([]byte("Thank you."))
	})
	v := typed(s.load())
	s.wait(time.Nanosecond)
	s.post(v)
	if w := s.post(v); w.Code != http.StatusOK || w.Header().Get("Location") != "" || s.last().Reason != palisade.ReasonDuplicate {
		t.Errorf("status %d because %s, location %q", w.Code, s.last().Reason, w.Header().Get("Location"))
	}
}

// The same fields for another target are no double click, however alike the two are.
func TestADoubleClickIsForOneTarget(t *testing.T) {
	s := newSite(t, quick)
	v := typed(s.load())
	s.wait(time.Nanosecond)
	to := func(path, query string) func(*http.Request) {
		return func(r *http.Request) { r.URL.Path, r.URL.RawQuery = path, query }
	}
	s.expect(s.post(v, to("/signup", "a=1")), http.StatusSeeOther, palisade.ReasonClean, 1)
	s.expect(s.post(v, to("/signupa", "=1")), http.StatusForbidden, palisade.ReasonTicketSpent, 1)
	s.expect(s.post(v, to("/signup", "a=1")), http.StatusSeeOther, palisade.ReasonDuplicate, 1)
}
