package palisade_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
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
	puzzles := map[string]int{}
	for i := range silentBudget + 80 {
		w := fetch()
		if w.Code != http.StatusOK {
			t.Fatalf("fetch %d: status %d", i+1, w.Code)
		}
		puzzles[nonceIn(t, w.Body.Bytes())]++
	}
	if len(puzzles) != silentBudget-1+1 { // the page took one; all over the budget share one
		t.Errorf("%d puzzles were made, want %d", len(puzzles), silentBudget)
	}
	if w := fetch(from("198.51.100.1:1")); puzzles[nonceIn(t, w.Body.Bytes())] != 0 {
		t.Error("another network shares the puzzle")
	}
	s.wait(10 * time.Second)
	if w := fetch(); puzzles[nonceIn(t, w.Body.Bytes())] != 0 {
		t.Error("nothing came back of the budget")
	}
}

// nonceIn names the puzzle of a challenge.
func nonceIn(t *testing.T, text []byte) string {
	t.Helper()
	var challenge struct{ Parameters struct{ Nonce string } }
	if err := json.Unmarshal(text, &challenge); err != nil || challenge.Parameters.Nonce == "" {
		t.Fatalf("%v in %s", err, text)
	}
	return challenge.Parameters.Nonce
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

func TestBudgetOfAFormsPages(t *testing.T) {
	for _, row := range []struct {
		name   string
		when   palisade.When
		levels []int // tickets at once of each level that have a puzzle of their own
		wait   time.Duration
		after  []int // and once one is back
	}{
		{"silent pages, then steps", palisade.WhenRisky, []int{120, 30, 30}, 500 * time.Millisecond, []int{1, 0, 0}},
		{"pages with a step, then hard ones", palisade.Always, []int{0, 30, 30}, 4 * time.Second, []int{0, 1, 1}},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = row.when })
			use := func(addr string) []int {
				levels, puzzles := make([]int, 3), map[string]int{}
				for range 200 {
					r := fromBrowser(httptest.NewRequest("GET", palisade.DefaultBase+"ticket?form=signup", nil))
					r.RemoteAddr = addr
					w := httptest.NewRecorder()
					s.guard.Handler().ServeHTTP(w, r)
					if w.Code != http.StatusOK {
						t.Fatalf("status %d", w.Code)
					}
					var ticket palisade.Offer
					if err := json.Unmarshal(w.Body.Bytes(), &ticket); err != nil {
						t.Fatal(err)
					}
					levels[ticket.Level]++
					nonce := nonceIn(t, ticket.Challenge)
					if puzzles[nonce]++; puzzles[nonce] == 2 {
						levels[ticket.Level] -= 2
					} else if puzzles[nonce] > 2 {
						levels[ticket.Level]--
					}
				}
				return levels
			}
			check := func(when, addr string, want []int) {
				t.Helper()
				if got := use(addr); !slices.Equal(got, want) {
					t.Errorf("%s: %v tickets by level, want %v", when, got, want)
				}
			}
			check("at once", visitor, row.levels)
			check("at once, of another address", "203.0.113.8:1", row.levels)
			s.wait(row.wait - time.Millisecond)
			check("a moment too early", visitor, []int{0, 0, 0})
			s.wait(time.Millisecond)
			check("when one is back", visitor, row.after)
		})
	}
}

// Who has gone away before a ticket is paid for gets none.
func TestNoTicketIsGivenUnpaid(t *testing.T) {
	s := newSite(t)
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	w := httptest.NewRecorder()
	s.guard.Handler().ServeHTTP(w, fromBrowser(httptest.NewRequest("GET", "/.palisade/ticket?form=signup", nil)).WithContext(gone))
	if w.Code != http.StatusServiceUnavailable || strings.Contains(w.Body.String(), `"ticket"`) {
		t.Errorf("status %d: %s", w.Code, w.Body)
	}
}
