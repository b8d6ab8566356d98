package service_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// signedAt changes a check, signs it with the given time, and sends it.
func (s *stand) signedAt(at time.Time, change func(http.Header)) int {
	s.t.Helper()
	body, _ := json.Marshal(visit(nil))
	seconds := fmt.Sprint(at.Unix())
	r, _ := http.NewRequest("POST", s.URL+"/v1/check", strings.NewReader(string(body)))
	r.Header.Set("Palisade-Key", "shop")
	r.Header.Set("Palisade-Signature", "v1="+seconds+"."+sign(shopSecret, "palisade-v1", "POST", "/v1/check", seconds, "", string(body)))
	if change != nil {
		change(r.Header)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

func TestSignatureHoldsForTwoMinutesEitherWay(t *testing.T) {
	s := newStand(t)
	for _, row := range []struct {
		name   string
		off    time.Duration
		status int
	}{
		{"of now", 0, 200},
		{"two minutes old", -2 * time.Minute, 200},
		{"two minutes and a second old", -2*time.Minute - time.Second, 401},
		{"two minutes ahead", 2 * time.Minute, 200},
		{"two minutes and a second ahead", 2*time.Minute + time.Second, 401},
		{"a year ahead", 365 * 24 * time.Hour, 401},
	} {
		if status := s.signedAt(s.clock().Add(row.off), nil); status != row.status {
			t.Errorf("a signature %s: status %d, want %d", row.name, status, row.status)
		}
	}
}

func TestHeaderOfASignatureCountsOnlyAlone(t *testing.T) {
	s := newStand(t)
	again := func(name string) func(http.Header) {
		return func(h http.Header) { h.Add(name, h.Get(name)) }
	}
	add := func(name string, values ...string) func(http.Header) {
		return func(h http.Header) {
			for _, value := range values {
				h.Add(name, value)
			}
		}
	}
	for _, row := range []struct {
		name   string
		change func(http.Header)
	}{
		{"two keys, the first is the signer's", add("Palisade-Key", "forum")},
		{"two keys, the second is the signer's", func(h http.Header) { h["Palisade-Key"] = []string{"forum", "shop"} }},
		{"the same key twice", again("Palisade-Key")},
		{"two keys in a line", func(h http.Header) { h.Set("Palisade-Key", "shop, forum") }},
		{"two signatures, the first is good", add("Palisade-Signature", "v1=0.00")},
		{"the same signature twice", again("Palisade-Signature")},
		{"two signatures in a line", func(h http.Header) { h.Set("Palisade-Signature", h.Get("Palisade-Signature")+", v1=0.00") }},
		{"two clients, the first of which was signed for", add("Palisade-Client", "", "203.0.113.8")},
		{"no key", func(h http.Header) { h.Del("Palisade-Key") }},
		{"no signature", func(h http.Header) { h.Del("Palisade-Signature") }},
		{"a signature without its time", func(h http.Header) {
			_, signature, _ := strings.Cut(h.Get("Palisade-Signature"), ".")
			h.Set("Palisade-Signature", "v1="+signature)
		}},
	} {
		if status := s.signedAt(s.clock(), row.change); status != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want 401", row.name, status)
		}
	}
	if status := s.signedAt(s.clock(), nil); status != http.StatusOK {
		t.Errorf("all of it once: status %d, want 200", status)
	}
}

func TestAnswersToBackendsAreKeptByNobody(t *testing.T) {
	s := newStand(t)
	for _, row := range []struct {
		name, kind string
		at         time.Time
		said       any
		status     int
		signed     bool
	}{
		{"an answer", "application/json", s.clock(), visit(nil), 200, true},
		{"a malformed call", "application/problem+json", s.clock(), visit(m{"form": ""}), 400, true},
		{"a call signed long ago", "application/problem+json", time.Unix(1000, 0), visit(nil), 401, false},
		{"a call that is too long", "application/problem+json", s.clock(), visit(m{"nonce": strings.Repeat("x", 1<<20)}), 413, false},
	} {
		body, _ := json.Marshal(row.said)
		seconds := fmt.Sprint(row.at.Unix())
		r, _ := http.NewRequest("POST", s.URL+"/v1/check", strings.NewReader(string(body)))
		r.Header.Set("Palisade-Key", "shop")
		r.Header.Set("Palisade-Signature", "v1="+seconds+"."+sign(shopSecret, "palisade-v1", "POST", "/v1/check", seconds, "", string(body)))
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var problem struct {
			Type, Title string
			Status      int
			Detail      string
		}
		_ = json.NewDecoder(response.Body).Decode(&problem)
		response.Body.Close()
		h := response.Header
		if response.StatusCode != row.status || h.Get("Content-Type") != row.kind || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v", row.name, response.StatusCode, h)
		}
		if signed := h.Get("Palisade-Signature") != ""; signed != row.signed || signed && h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: signed: %v, want %v; %v", row.name, signed, row.signed, h)
		}
		if row.status != 200 && (problem.Type != "about:blank" || problem.Title != http.StatusText(row.status) || problem.Status != row.status || problem.Detail == "") {
			t.Errorf("%s: %+v", row.name, problem)
		}
	}
}

func TestRequestOfAMebibyteIsTheLongest(t *testing.T) {
	s := newStand(t)
	for length, status := range map[int]int{1 << 20: 401, 1<<20 + 1: 413} {
		r, _ := http.NewRequest("POST", s.URL+"/v1/check", strings.NewReader(strings.Repeat(" ", length)))
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != status {
			t.Errorf("%d bytes: %s, want %d", length, response.Status, status)
		}
	}
}
