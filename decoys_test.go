package palisade_test

import (
	"net/http/httptest"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

func TestDecoysOfEachTicketHaveNamesOfTheirOwn(t *testing.T) {
	s := newSite(t)
	seen := map[string]bool{}
	for range 8 {
		_, ticket := s.form.Again(fromBrowser(httptest.NewRequest("GET", "/signup", nil)), palisade.Decision{Outcome: palisade.Deny}, palisade.Page{})
		if ticket == nil || len(ticket.Decoys) != 2 {
			t.Fatalf("no ticket with two decoys: %+v", ticket)
		}
		both := ticket.Decoys[0].Name + " " + ticket.Decoys[1].Name
		if seen[both] {
			t.Errorf("the decoys %s were shown before: a bot can learn them", both)
		}
		seen[both] = true
	}
}

func TestDecoysOfAnotherTicketAreMissed(t *testing.T) {
	s := newSite(t)
	v, other := typed(s.load()), s.load()
	mixed := values{}
	for name := range other {
		mixed.Set(name, other.Get(name))
	}
	mixed.Set(palisade.FieldTicket, v.Get(palisade.FieldTicket))
	mixed.Set(palisade.FieldProof, v.Get(palisade.FieldProof))
	s.wait(20 * time.Second)
	s.post(mixed)
	var missing int
	for _, finding := range s.last().Findings {
		if finding.Signal == "decoy" {
			missing++
		}
	}
	if missing != 2 {
		t.Errorf("%d findings about decoys, want one for each of two: %v", missing, s.last().Findings)
	}
}
