package palisade_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
)

func TestSuspicionRaisesTheLevel(t *testing.T) {
	anotherBrowser := header("User-Agent", "another")
	anotherNetwork := from("198.51.100.1:1")
	noOrigin := func(r *http.Request) { r.Header.Del("Origin"); r.Header.Del("Sec-Fetch-Site") }
	const slow = 20 * time.Second
	for _, row := range []struct {
		name    string
		wait    time.Duration
		decoys  bool // filled
		changes []func(*http.Request)
		why     palisade.Reason
		level   uint8
	}{
		{"nothing: the silent proof", slow, false, nil, palisade.ReasonClean, 0},
		{"1.5: the silent proof", slow, false, []func(*http.Request){anotherBrowser, noOrigin}, palisade.ReasonClean, 0},
		{"2.0: the first step", slow, false, []func(*http.Request){anotherBrowser, anotherNetwork, noOrigin}, palisade.ReasonSuspicious, 1},
		{"2.5, too fast: the first step", 3*time.Second - time.Millisecond, false, nil, palisade.ReasonSuspicious, 1},
		{"just slow enough: the silent proof", 3 * time.Second, false, nil, palisade.ReasonClean, 0},
		{"4.5: the first step", slow, true, []func(*http.Request){noOrigin}, palisade.ReasonSuspicious, 1},
		{"5.0: the hardest", slow, true, []func(*http.Request){noOrigin, anotherNetwork}, palisade.ReasonSuspicious, 2},
		{"5.5: the hardest", slow, true, []func(*http.Request){noOrigin, anotherBrowser}, palisade.ReasonSuspicious, 2},
		{"no person: the hardest", 500*time.Millisecond - time.Millisecond, false, nil, palisade.ReasonSuspicious, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t)
			v := typed(s.load())
			if row.decoys {
				fillFirstDecoy(v)
			}
			s.wait(row.wait)
			status, effects := 403, int64(0)
			if row.why == palisade.ReasonClean {
				status, effects = http.StatusSeeOther, 1
			}
			s.expect(s.post(v, row.changes...), status, row.why, effects)
			if d := s.last(); d.Level != row.level {
				t.Errorf("score %v: level %d, want %d", d.Score, d.Level, row.level)
			}
		})
	}
}

// fillFirstDecoy fills the decoy that is empty.
func fillFirstDecoy(v values) {
	for name, list := range v {
		if list[0] == "" && !strings.HasPrefix(name, "palisade-") && name != "username" && name != "email" {
			v.Set(name, "https://spam.example")
		}
	}
}

func TestChallengeTakesAtLeastAsLongAsTheForm(t *testing.T) {
	for _, row := range []struct {
		name    string
		minFill time.Duration
		level   uint8
		wait    time.Duration
	}{
		{"the first step of a quick form", time.Second, 1, 3 * time.Second},
		{"the first step of a slow form", 10 * time.Second, 1, 10 * time.Second},
		{"the hardest step of a quick form", time.Second, 2, 8 * time.Second},
		{"the hardest step of a slow form", 10 * time.Second, 2, 20 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.MinFill = row.minFill })
			v := typed(s.load())
			if row.level == 1 {
				v.Set(palisade.FieldProof, "no proof")
			} else {
				v.Del(palisade.FieldTicket)
			}
			s.wait(20 * time.Second)
			w := s.post(v)
			if level := s.last().Level; level != row.level {
				t.Fatalf("challenged with level %d", level)
			}
			next := s.fill(w.Body.String())
			s.wait(row.wait - time.Millisecond)
			s.expect(s.post(next), 403, palisade.ReasonTicketTooNew, 0)
			s.wait(time.Millisecond)
			s.expect(s.post(next), http.StatusSeeOther, palisade.ReasonClean, 1)
		})
	}
}

func TestTicketOfAnotherClock(t *testing.T) {
	for _, row := range []struct {
		name  string
		ahead time.Duration
		why   palisade.Reason
	}{
		{"five seconds ahead is too new", 5 * time.Second, palisade.ReasonTicketTooNew},
		{"further ahead is forged", 5*time.Second + time.Millisecond, palisade.ReasonTicketForged},
	} {
		s := newSite(t)
		s.wait(row.ahead)
		v := typed(s.load())
		s.wait(-row.ahead)
		s.post(v)
		if d := s.last(); d.Reason != row.why || s.effects.Load() != 0 {
			t.Errorf("%s: %q, %d effects", row.name, d.Reason, s.effects.Load())
		}
		if d := s.last(); d.Level != 0 && row.why == palisade.ReasonTicketTooNew || d.Level != 2 && row.why == palisade.ReasonTicketForged {
			t.Errorf("%s: level %d", row.name, d.Level)
		}
	}
}

func TestWorkThatWasNotDoneIsSeen(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	proof, err := base64.StdEncoding.DecodeString(bare(v))
	if err != nil {
		t.Fatal(err)
	}
	const name = `"derivedKey":"`
	at := strings.LastIndex(string(proof), name) + len(name) + 40 // behind what must be its beginning
	if proof[at] = 'a'; bare(v) == base64.StdEncoding.EncodeToString(proof) {
		proof[at] = 'b'
	}
	v.Set(palisade.FieldProof, base64.StdEncoding.EncodeToString(proof))
	s.wait(20 * time.Second)
	s.expect(s.post(v), 403, palisade.ReasonProofWrong, 0)
	if level := s.last().Level; level != 2 {
		t.Errorf("challenged with level %d, want the hardest", level)
	}
}

func TestTokenThatTheServiceRefusesIsSuspicious(t *testing.T) {
	s, services := withService(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	v := typed(s.load())
	v.Set(tokenField, "made-up")
	s.wait(20 * time.Second)
	w := s.post(v)
	if d := s.last(); w.Code != 403 || d.Outcome != palisade.Challenge || d.Level != 1 || d.Score != 2 || len(services.History()) != 1 {
		t.Errorf("status %d, %q, level %d, score %v, %d calls", w.Code, d.Reason, d.Level, d.Score, len(services.History()))
	}
	next := s.fill(w.Body.String())
	next.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	s.expect(s.post(next), http.StatusSeeOther, palisade.ReasonClean, 1)
}

func TestTicketOfAnotherFormIsForged(t *testing.T) {
	s := newSite(t)
	other, err := s.guard.Form(palisade.FormConfig{Name: "other", Ask: palisade.WhenRisky})
	if err != nil {
		t.Fatal(err)
	}
	v := typed(s.fill(string(other.Fields(fromBrowser(httptest.NewRequest("GET", "/other", nil))))))
	s.wait(20 * time.Second)
	s.expect(s.post(v), 403, palisade.ReasonTicketForged, 0)
	if level := s.last().Level; level != 2 {
		t.Errorf("challenged with level %d, want the hardest", level)
	}
}

func TestFallbackIsNoWayToALowerLevel(t *testing.T) {
	for _, row := range []struct {
		name  string
		known bool // the visitor shows a ticket
		level uint8
	}{
		{"the first step stays the first", true, 1},
		{"the hardest stays the hardest", false, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, services, _ := withChain(t)
			v := typed(s.load())
			if !row.known {
				v.Del(palisade.FieldTicket)
				v = s.fill(s.post(v).Body.String())
			}
			v.Set(tokenField, buy(services))
			s.wait(20 * time.Second)
			services.Fail(captchatest.HCaptcha, captchatest.Status500, -1)
			s.expect(s.post(v), 403, palisade.ReasonProviderDown, 0)
			if level := s.last().Level; level != row.level {
				t.Errorf("level %d, want %d", level, row.level)
			}
		})
	}
}
