package palisade_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// posting is a request that was not judged yet.
func posting(v values) *http.Request {
	r := fromBrowser(httptest.NewRequest("POST", "/signup", strings.NewReader(v.Encode())))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestFormShownAgainBeforeItWasJudgedKeepsTicketAndProof(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	v := typed(s.load())
	markup, ticket := s.form.Again(posting(v), palisade.Decision{}, palisade.Page{})
	if ticket == nil || ticket.Ticket != v.Get(palisade.FieldTicket) {
		t.Fatal("the ticket is another one")
	}
	if !strings.Contains(string(markup), `name="palisade-proof" value="`+bare(v)+`"`) {
		t.Errorf("the proof was lost:\n%s", markup)
	}
	if strings.Contains(string(markup), "data-palisade-visible") {
		t.Error("the visitor is asked twice")
	}
	for _, d := range ticket.Decoys { // those of the page that was filled
		if v.Get(d.Name) != d.Value {
			t.Errorf("the decoy %s is new", d.Name)
		}
	}
	s.wait(20 * time.Second)
	s.expect(s.post(v), 303, palisade.ReasonClean, 1)
	v.Set("email", "eve@example.org")
	s.expect(s.post(v), 403, palisade.ReasonTicketSpent, 1)
}

func TestFormShownAgainWithoutProofAsksForOne(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	for name, change := range map[string]func(values){
		"no proof":                   func(v values) { v.Del(palisade.FieldProof) },
		"somebody else's proof":      func(v values) { v.Set(palisade.FieldProof, s.load().Get(palisade.FieldProof)) },
		"a forged ticket":            func(v values) { v.Set(palisade.FieldTicket, strings.Repeat("A", 78)) },
		"no ticket":                  func(v values) { v.Del(palisade.FieldTicket) },
		"a body that cannot be read": func(v values) { v.Add(palisade.FieldTicket, "twice") },
	} {
		v := typed(s.load())
		change(v)
		markup, ticket := s.form.Again(posting(v), palisade.Decision{}, palisade.Page{})
		if ticket == nil || !strings.Contains(string(markup), `name="palisade-proof" value=""`) || !strings.Contains(string(markup), "data-palisade-visible") {
			t.Errorf("%s: not asked for a proof:\n%s", name, markup)
		}
	}
}

func TestFormShownAgainPutsTheChallengeIntoTheForm(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	v.Del(palisade.FieldTicket)
	d := s.form.Check(posting(v))
	if d.Outcome != palisade.Challenge {
		t.Fatalf("%v", d)
	}
	markup, ticket := s.form.Again(posting(v), d, palisade.Page{})
	if ticket == nil || ticket.Level != 2 || !strings.Contains(string(markup), "data-palisade-visible") {
		t.Fatalf("not a challenge of the level that is needed: %+v\n%s", ticket, markup)
	}
	v = typed(s.fill(string(markup)))
	s.wait(20 * time.Second)
	s.expect(s.post(v), 303, palisade.ReasonClean, 1)
}

func TestFormShownAgainAfterItWasAllowedCarriesTheSolve(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	v := typed(s.load())
	s.wait(20 * time.Second)
	d := s.form.Check(posting(v))
	if !d.Allowed() {
		t.Fatalf("%v", d)
	}
	markup, ticket := s.form.Again(posting(v), d, palisade.Page{})
	if ticket == nil || ticket.Level != 0 || strings.Contains(string(markup), "data-palisade-visible") {
		t.Fatalf("the visitor is asked twice: %+v\n%s", ticket, markup)
	}
}
