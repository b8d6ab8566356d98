package palisade_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// silentBudget is how many silent challenges one address gets at once for a form.
const silentBudget = 120

func TestFormShownAgainIsPaidForOutOfTheBudget(t *testing.T) {
	s := newSite(t)
	v := typed(s.load()) // the first of the budget
	kept := func() bool {
		_, ticket := s.form.Again(posting(v), palisade.Decision{}, palisade.Page{})
		return ticket != nil && ticket.Ticket == v.Get(palisade.FieldTicket)
	}
	for i := range silentBudget - 1 {
		if !kept() {
			t.Fatalf("the ticket was kept %d times, want %d", i, silentBudget-1)
		}
	}
	if kept() {
		t.Error("a challenge over the budget")
	}
	s.wait(500 * time.Millisecond)
	if !kept() {
		t.Error("nothing came back of the budget")
	}
}

func TestFormShownAgainWithoutEndGetsNoTicket(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	for range silentBudget + 2*30 {
		if _, ticket := s.form.Again(posting(v), palisade.Decision{}, palisade.Page{}); ticket == nil {
			return
		}
	}
	t.Error("challenges without end")
}

func TestChallengeEndpointIsPaidForOutOfTheBudget(t *testing.T) {
	s := newSite(t)
	query := url.Values{"form": {"signup"}, "ticket": {s.load().Get(palisade.FieldTicket)}}
	fetch := func(change ...func(*http.Request)) *httptest.ResponseRecorder {
		r := fromBrowser(httptest.NewRequest("GET", palisade.DefaultBase+"challenge?"+query.Encode(), nil))
		for _, c := range change {
			c(r)
		}
		w := httptest.NewRecorder()
		s.guard.Handler().ServeHTTP(w, r)
		return w
	}
	for i := range silentBudget - 1 {
		if w := fetch(); w.Code != http.StatusOK {
			t.Fatalf("fetch %d: status %d", i+1, w.Code)
		}
	}
	w := fetch()
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "10" {
		t.Errorf("over the budget: status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if w := fetch(from("198.51.100.1:1")); w.Code != http.StatusOK {
		t.Errorf("another network: status %d", w.Code)
	}
	s.wait(10 * time.Second) // as it was told
	if w := fetch(); w.Code != http.StatusOK {
		t.Errorf("after the wait: status %d", w.Code)
	}
}

func TestChallengeEndpointServesOnlyTicketsThatAreGood(t *testing.T) {
	s := newSite(t)
	good := s.load().Get(palisade.FieldTicket)
	for _, row := range []struct {
		name, form, ticket, from string
		wait                     time.Duration
		status                   int
	}{
		{"a good ticket gets a challenge", "signup", good, visitor, 0, 200},
		{"a made-up ticket gets none", "signup", good[:67] + "!", visitor, 0, 403},
		{"no ticket gets none", "signup", "", visitor, 0, 403},
		{"a ticket for no form gets none", "nothing", good, visitor, 0, 404},
		{"a ticket of another form gets none", "other", good, visitor, 0, 403},
		{"a client without an address gets none", "signup", good, "nobody", 0, 400},
		{"a ticket in its last millisecond gets one", "signup", good, visitor, 4*time.Hour - time.Millisecond, 200},
		{"a ticket that has expired gets none", "signup", good, visitor, time.Millisecond, 403},
	} {
		if row.form == "other" {
			if _, err := s.guard.Form(palisade.FormConfig{Name: "other"}); err != nil {
				t.Fatal(err)
			}
		}
		s.wait(row.wait)
		query := url.Values{"form": {row.form}, "ticket": {row.ticket}}
		r := fromBrowser(httptest.NewRequest("GET", palisade.DefaultBase+"challenge?"+query.Encode(), nil))
		r.RemoteAddr = row.from
		w := httptest.NewRecorder()
		s.guard.Handler().ServeHTTP(w, r)
		if w.Code != row.status {
			t.Errorf("%s: status %d, want %d", row.name, w.Code, row.status)
		}
	}
}
