package service_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/service"
)

// accepted sends a submission and returns the receipt in the judgement.
func (s *stand) accepted(form string) (text, effect string) {
	s.t.Helper()
	fields := s.load(m{"form": form})
	s.wait(4 * time.Second)
	_, body := s.call(shopSecret, "/v1/check", visit(m{"form": form, "fields": fields}))
	var j struct {
		Allowed bool
		Reason  string
		Receipt struct{ Text, For string }
	}
	if err := json.Unmarshal(body, &j); err != nil || !j.Allowed {
		return "refused: " + j.Reason, ""
	}
	return j.Receipt.Text, j.Receipt.For
}

func (s *stand) settle(form, receipt string) (status int, body string) {
	s.t.Helper()
	status, answer := s.call(shopSecret, "/v1/settle", m{"form": form, "receipt": receipt})
	return status, string(answer)
}

func limited(c *service.Config) {
	one := []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}, {Rate: 2, Per: time.Hour, By: palisade.ByNetwork}}
	for _, name := range []string{"signup", "login", "vote", "open"} {
		c.Sites[0].Forms = append(c.Sites[0].Forms, palisade.FormConfig{Name: name, Ask: palisade.Never, Limits: one})
	}
	c.Sites[0].Forms[2].Count = palisade.CountAttempts
	c.Sites[0].Forms[3].Limits = []palisade.Limit{}
}

func TestABackendSettlesASubmission(t *testing.T) {
	for form, effect := range map[string]string{"signup": "rejected", "login": "accepted"} {
		s := newStand(t, limited)
		text, is := s.accepted(form)
		if is != effect {
			t.Fatalf("%s: a receipt for %q: %s", form, is, text)
		}
		if status, body := s.settle(form, text); status != http.StatusOK {
			t.Fatalf("%s: %d %s", form, status, body)
		}
		if text, _ = s.accepted(form); strings.HasPrefix(text, "refused") {
			t.Errorf("%s: after what does not count: %s", form, text)
		}
		if text, _ = s.accepted(form); text != "refused: address-limit" {
			t.Errorf("%s: after what counts: %s", form, text)
		}
	}
	s := newStand(t, limited)
	for _, form := range []string{"vote", "open"} {
		if text, _ := s.accepted(form); text != "" {
			t.Errorf("%s has a receipt although nothing can be given back: %s", form, text)
		}
	}
}

func TestAReceiptIsGoodOnceForItsForm(t *testing.T) {
	s := newStand(t, limited)
	text, _ := s.accepted("signup")
	flipped := []byte(text)
	flipped[10] ^= 1
	for name, wrong := range map[string][2]string{
		"of another form":     {"login", text},
		"changed":             {"signup", string(flipped)},
		"without a signature": {"signup", strings.SplitN(text, ".", 2)[0]},
		"empty":               {"signup", ""},
		"made up":             {"signup", "e30.AAAA"},
	} {
		if status, body := s.settle(wrong[0], wrong[1]); status != http.StatusBadRequest || !strings.Contains(body, "receipt") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if status, body := s.settle("signup", text); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := s.settle("signup", text); status != http.StatusBadRequest {
		t.Errorf("the second time: %d", status)
	}
	late, _ := s.accepted("signup")
	s.wait(10 * time.Minute)
	if status, _ := s.settle("signup", late); status != http.StatusBadRequest {
		t.Errorf("after ten minutes: %d", status)
	}
}
