package palisade_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// scriptTicket fetches a ticket as a page's script does, with a page token.
func (s *site) scriptTicket(page string, change ...func(*http.Request)) (o palisade.Offer) {
	s.t.Helper()
	query := url.Values{"form": {"signup"}, "script": {"1"}, "page": {page}}
	r := fromBrowser(httptest.NewRequest("GET", "/.palisade/ticket?"+query.Encode(), nil))
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.guard.Handler().ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &o); w.Code != 200 || err != nil {
		s.t.Fatalf("%d %v: %s", w.Code, err, w.Body)
	}
	return o
}

// pageToken returns that of a page that the visitor loads.
func (s *site) pageToken(change ...func(*http.Request)) string {
	r := fromBrowser(httptest.NewRequest("GET", "/", nil))
	for _, c := range change {
		c(r)
	}
	return s.guard.PageToken(r)
}

// sent are the headers of a script's request.
func (s *site) sent(o palisade.Offer) func(*http.Request) {
	proof := reported(solve(s.t, o.Challenge), o.Ticket)
	return func(r *http.Request) {
		r.Header.Set(palisade.HeaderTicket, o.Ticket)
		r.Header.Set(palisade.HeaderProof, proof)
	}
}

// A script that sends a form's fields cannot know the decoys of a page.
func TestAScriptNeedsNoDecoys(t *testing.T) {
	s := newSite(t)
	o := s.scriptTicket("")
	if len(o.Decoys) != 0 {
		t.Errorf("decoys %v", o.Decoys)
	}
	s.wait(20 * time.Second)
	s.expect(s.post(typed(values{}), s.sent(o)), 303, palisade.ReasonClean, 1)
	if found := s.last().Findings; len(found) != 0 {
		t.Errorf("findings %v", found)
	}
}

// A form of a page has the page's ticket, with its decoys. So a bot that fills in a page
// does not get around them by a ticket for scripts.
func TestATicketForScriptsCountsInTheHeaderAlone(t *testing.T) {
	s := newSite(t)
	o := s.scriptTicket("")
	v := typed(values{})
	v.Set(palisade.FieldTicket, o.Ticket)
	v.Set(palisade.FieldProof, solve(t, o.Challenge))
	s.wait(20 * time.Second)
	s.expect(s.post(v), 403, palisade.ReasonTicketForged, 0)
	s.expect(s.post(values{}, s.sent(o)), 303, palisade.ReasonClean, 1)
}

func TestATicketForScriptsIsAsOldAsItsPage(t *testing.T) {
	other := header("User-Agent", "another browser")
	for name, test := range map[string]struct {
		page   func(*site) string
		change []func(*http.Request)
		wait   time.Duration // that is left of the form's three seconds
	}{
		"a page of a minute ago":          {func(s *site) string { return later(s, s.pageToken(), time.Minute) }, nil, 0},
		"a page of a second ago":          {func(s *site) string { return later(s, s.pageToken(), time.Second) }, nil, 2 * time.Second},
		"the ticket of the page's form":   {func(s *site) string { return later(s, s.load().Get(palisade.FieldTicket), time.Minute) }, nil, 0},
		"no page":                         {func(s *site) string { return "" }, nil, 3 * time.Second},
		"a forged text":                   {func(s *site) string { return strings.Repeat("A", 78) }, nil, 3 * time.Second},
		"the page of another browser":     {func(s *site) string { return later(s, s.pageToken(other), time.Minute) }, nil, 3 * time.Second},
		"the page of another network":     {func(s *site) string { return later(s, s.pageToken(from("198.51.100.1:1")), time.Minute) }, nil, 3 * time.Second},
		"a ticket for scripts is no page": {func(s *site) string { return later(s, s.scriptTicket("").Ticket, time.Minute) }, nil, 3 * time.Second},
		"a page that is too old":          {func(s *site) string { return later(s, s.pageToken(), 4*time.Hour) }, nil, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			o := s.scriptTicket(test.page(s), test.change...)
			if got := time.Duration(o.Wait) * time.Millisecond; got != test.wait {
				t.Errorf("wait %v, want %v", got, test.wait)
			}
			s.wait(test.wait)
			s.expect(s.post(typed(values{}), s.sent(o)), 303, palisade.ReasonClean, 1)
		})
	}
}

// later lets time pass and returns a text.
func later(s *site, text string, d time.Duration) string {
	s.wait(d)
	return text
}

// A form that a script builds has no ticket in the page. Its visitor may be on the page for long.
func TestATicketForABuiltFormIsAsOldAsItsPage(t *testing.T) {
	s := newSite(t)
	query := url.Values{"form": {"signup"}, "page": {later(s, s.pageToken(), time.Minute)}}
	w := httptest.NewRecorder()
	s.guard.Handler().ServeHTTP(w, fromBrowser(httptest.NewRequest("GET", "/.palisade/ticket?"+query.Encode(), nil)))
	var o palisade.Offer
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || o.Wait != 0 || len(o.Decoys) == 0 {
		t.Fatalf("%v, wait %d, decoys %v", err, o.Wait, o.Decoys)
	}
	v := typed(values{})
	for _, decoy := range o.Decoys {
		v.Set(decoy.Name, decoy.Value)
	}
	v.Set(palisade.FieldTicket, o.Ticket)
	v.Set(palisade.FieldProof, solve(t, o.Challenge))
	s.expect(s.post(v), 303, palisade.ReasonClean, 1)
}

// One visit to a page is no bank of ripe tickets.
func TestAPageHasEightOldTickets(t *testing.T) {
	s := newSite(t)
	page := later(s, s.pageToken(), time.Minute)
	ripe := 0
	for range 20 {
		if s.scriptTicket(page).Wait == 0 {
			ripe++
		}
	}
	if ripe != 8 {
		t.Errorf("%d tickets need no wait, want 8", ripe)
	}
	s.wait(3 * time.Second)
	if s.scriptTicket(page).Wait != 0 {
		t.Error("three seconds later there is none")
	}
}

// A page token is no ticket.
func TestAPageTokenOpensNothing(t *testing.T) {
	s := newSite(t)
	page := s.pageToken()
	s.wait(20 * time.Second)
	s.expect(s.post(typed(values{}), header(palisade.HeaderTicket, page)), 403, palisade.ReasonTicketForged, 0)
	w := httptest.NewRecorder()
	s.guard.Handler().ServeHTTP(w, fromBrowser(httptest.NewRequest("GET", "/.palisade/challenge?form=signup&ticket="+page, nil)))
	if w.Code != 403 {
		t.Errorf("its challenge: %d", w.Code)
	}
}

// A script that collects all fields of the page's form sends the page's decoys too.
func TestTheDecoysOfThePageDoNotReachTheApp(t *testing.T) {
	s, app := transparent(t)
	v := s.load()
	o := s.scriptTicket("")
	s.wait(20 * time.Second)
	s.post(typed(v), s.sent(o))
	if want := typed(values{}).Encode(); app.body != want {
		t.Errorf("the app got %q, want %q", app.body, want)
	}
}

// A form that is shown again gets a ticket of its own in the place of a script's.
func TestAFormDoesNotKeepATicketForScripts(t *testing.T) {
	s := newSite(t)
	o := s.scriptTicket("")
	r := fromBrowser(httptest.NewRequest("POST", "/signup", strings.NewReader("username=ada")))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	s.sent(o)(r)
	markup, _ := s.form.Again(r, palisade.Decision{}, palisade.Page{})
	v := typed(s.fill(string(markup)))
	if v.Get(palisade.FieldTicket) == o.Ticket {
		t.Error("the form has the script's ticket")
	}
	s.wait(20 * time.Second)
	s.expect(s.post(v), 303, palisade.ReasonClean, 1)
}

// A store forgets at a restart. A page that is older must not have its requests challenged
// one by one.
func TestAPageThatWasLoadedBeforeARestartHasTicketsOfNow(t *testing.T) {
	before := newSite(t)
	page := before.pageToken()
	after := newSite(t, func(c *palisade.Config, _ *palisade.FormConfig) {
		clock := c.Clock
		c.Clock = func() time.Time { return clock().Add(10 * time.Minute) }
	})
	o := after.scriptTicket(page)
	after.wait(20 * time.Second)
	after.expect(after.post(typed(values{}), after.sent(o)), 303, palisade.ReasonClean, 1)
}

// A ticket for a script lasts, also late in the life of a page.
func TestATicketForScriptsLasts(t *testing.T) {
	s := newSite(t)
	o := s.scriptTicket(later(s, s.pageToken(), 4*time.Hour-2*time.Second))
	if life := time.UnixMilli(o.Expires).Sub(s.clock()); life < time.Hour {
		t.Errorf("it lasts for %v", life)
	}
}
