package palisade_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// `make full` sends whole floods; the daily run a part of them.
var long = flag.Bool("long", false, "send a million made-up proofs, and 200 tokens many times at once")

// puzzleOf returns the puzzle in a form's markup: what is to be solved.
func puzzleOf(t *testing.T, markup string) (nonce string, level byte) {
	t.Helper()
	m := dataProof.FindStringSubmatch(markup)
	if m == nil {
		t.Fatalf("no challenge in the markup:\n%s", markup)
	}
	var challenge struct {
		Parameters struct{ Nonce, Salt string }
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &challenge); err != nil {
		t.Fatal(err)
	}
	return challenge.Parameters.Nonce, challenge.Parameters.Salt[1] - '0'
}

// What a flood of tickets costs us is bounded by puzzles that are shared. What it
// never does is to leave a neighbour without one.
func TestNobodyIsRefusedATicketBecauseOfANeighbour(t *testing.T) {
	s := newSite(t)
	r := fromBrowser(httptest.NewRequest("GET", "/signup", nil))
	nonces := map[byte]map[string]bool{0: {}, 1: {}, 2: {}}
	for range 400 {
		nonce, level := puzzleOf(t, string(s.form.Fields(r)))
		nonces[level][nonce] = true
	}
	if a, b, c := len(nonces[0]), len(nonces[1]), len(nonces[2]); a != 120 || b != 30 || c != 30+1 {
		t.Errorf("%d, %d and %d puzzles of the three levels were made, want 120, 30 and 31", a, b, c)
	}
	person := typed(s.load())
	s.wait(20 * time.Second)
	s.expect(s.post(person), 303, palisade.ReasonClean, 1)

	r.RemoteAddr = "192.0.2.1:1"
	if _, level := puzzleOf(t, string(s.form.Fields(r))); level != 0 {
		t.Error("one address used up another's budget")
	}
}

func TestAWideNetworkHasABudgetToo(t *testing.T) {
	s := newSite(t)
	r := fromBrowser(httptest.NewRequest("GET", "/signup", nil))
	silent := 0
	for i := range 3000 {
		r.RemoteAddr = fmt.Sprintf("[2001:db8:7:%x::1]:1", i)
		if _, level := puzzleOf(t, string(s.form.Fields(r))); level == 0 {
			silent++
		}
	}
	if silent != 8*120 {
		t.Errorf("one /48 got %d silent tickets at once, want %d", silent, 8*120)
	}
}

func TestAChallengeIsNotRefusedBecauseOfANeighbour(t *testing.T) {
	s := newSite(t)
	v := s.load()
	for range 400 {
		r := fromBrowser(httptest.NewRequest("GET", "/.palisade/challenge?form=signup&ticket="+v.Get(palisade.FieldTicket), nil))
		w := httptest.NewRecorder()
		s.guard.Handler().ServeHTTP(w, r)
		if w.Code != 200 || !strings.Contains(w.Body.String(), `"signature"`) {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
}

// madeUp returns a submission with a proof that claims a key with the prefix and was
// never worked for.
func (s *site) madeUp(t *testing.T, page *http.Request, n int) values {
	t.Helper()
	markup := string(s.form.Fields(page))
	v := typed(s.fill(markup))
	m := dataProof.FindStringSubmatch(markup)
	if m == nil {
		t.Fatalf("no challenge in the markup:\n%s", markup)
	}
	text := fmt.Sprintf(`{"challenge":%s,"solution":{"counter":%d,"derivedKey":"00%062x","time":1}}`, html.UnescapeString(m[1]), n, n)
	v.Set(palisade.FieldProof, base64.StdEncoding.EncodeToString([]byte(text)))
	return v
}

// Proofs that were never worked for hold no place in the store: a flood of them
// leaves room for people.
func TestAFloodOfMadeUpProofsLeavesRoomForPeople(t *testing.T) {
	posts, networks := 6000, 200
	if *long {
		posts = 1_000_000
	}
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Limits = nil })
	var forms []values
	for i := range networks {
		r := fromBrowser(httptest.NewRequest("GET", "/signup", nil))
		from(fmt.Sprintf("10.%d.%d.9:1", i/100, i%100))(r)
		forms = append(forms, s.madeUp(t, r, i))
	}
	s.wait(20 * time.Second)
	seen := map[palisade.Reason]int{}
	for i := range posts {
		n := i % networks
		s.post(forms[n], from(fmt.Sprintf("10.%d.%d.9:1", n/100, n%100)))
		seen[s.last().Reason]++
		s.forget()
	}
	if seen[palisade.ReasonProofWrong]+seen[palisade.ReasonBusy] != posts || s.effects.Load() != 0 {
		t.Errorf("the flood was answered %v, with %d effects", seen, s.effects.Load())
	}
	through := 0
	for i := range 100 {
		addr := from(fmt.Sprintf("198.51.%d.7:1", i))
		v := typed(s.load(addr))
		s.wait(20 * time.Second)
		if s.post(v, addr).Code == 303 {
			through++
		}
	}
	// And somebody behind an address from which the flood came.
	neighbour := from("10.0.0.9:1")
	v := typed(s.load(neighbour))
	s.wait(20 * time.Second)
	if s.post(v, neighbour).Code == 303 {
		through++
	}
	if through != 101 {
		t.Errorf("%d of 101 people got through after %v", through, seen)
	}
}

// A network that has used up its derivations gets a step whose proof is known without
// one.
func TestOverTheBudgetOfDerivationsThereIsAStep(t *testing.T) {
	s := newSite(t)
	v := s.madeUp(t, fromBrowser(httptest.NewRequest("GET", "/signup", nil)), 1)
	person := typed(s.load())
	s.wait(20 * time.Second)
	for range 60 {
		s.expect(s.post(v), 403, palisade.ReasonProofWrong, 0)
	}
	answer := s.post(person)
	s.expect(answer, 403, palisade.ReasonBusy, 0)
	if level := s.last().Level; level != 1 {
		t.Errorf("level %d is asked for, want the first that needs no derivation", level)
	}
	again := typed(s.fill(answer.Body.String()))
	for range 60 { // the neighbour goes on
		s.post(v)
	}
	s.wait(9 * time.Second)
	s.expect(s.post(again), 303, palisade.ReasonClean, 1)
}

// Fetching tickets in one place for many gains nothing, and costs that place nothing.
func TestTicketsThatTravel(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Limits = nil })
	var forms []values
	for range 100 {
		forms = append(forms, typed(s.load()))
	}
	s.wait(20 * time.Second)
	seen := map[palisade.Reason]int{}
	for i, v := range forms {
		s.post(v, from(fmt.Sprintf("198.51.%d.7:1", i)))
		seen[s.last().Reason]++
	}
	if seen[palisade.ReasonClean] != 30 || seen[palisade.ReasonNetworkLimit] != 70 {
		t.Errorf("100 networks spent tickets of one: %v, want 30 clean and 70 over the limit", seen)
	}
	// Whoever sits where they were fetched does not notice.
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.expect(s.post(v), 303, palisade.ReasonClean, 31)
	// Nor does who left there with a page open: it is one step, and that counts elsewhere.
	mobile := from("192.0.2.77:1")
	v = typed(s.load())
	forms = []values{typed(s.load()), typed(s.load())}
	s.wait(20 * time.Second)
	for i, v := range forms { // the attackers go on
		s.post(v, from(fmt.Sprintf("198.51.%d.7:1", 101+i)))
	}
	answer := s.post(v, mobile)
	s.expect(answer, 403, palisade.ReasonNetworkLimit, 33)
	v = typed(s.fill(answer.Body.String()))
	s.wait(20 * time.Second)
	s.expect(s.post(v, mobile), 303, palisade.ReasonClean, 34)
}

// Each place where tickets are fetched has a count of its own.
func TestTicketsOfTwoPlacesThatTravel(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Limits = nil })
	var forms []values
	for range 31 {
		forms = append(forms, typed(s.load()))
	}
	other := typed(s.load(from("192.0.2.1:1")))
	s.wait(9 * time.Second)
	for i, v := range forms {
		s.post(v, from(fmt.Sprintf("198.51.%d.7:1", i)))
	}
	if s.last().Reason != palisade.ReasonNetworkLimit {
		t.Fatalf("%d tickets of one place: %s", len(forms), s.last().Reason)
	}
	s.expect(s.post(other, from("198.51.100.7:1")), 303, palisade.ReasonClean, 31)
}

func TestWhoeverMovesToAnotherNetworkDoesNotNotice(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Limits = nil })
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.expect(s.post(v, from("[2001:db8::7]:1")), 303, palisade.ReasonClean, 1)
}

func TestOneNetworkOfManyAddresses(t *testing.T) {
	for _, test := range []struct {
		name, addr string
	}{
		{"60 networks /64 of one /48", "[2001:db8:7:%x::1]:1"},
		{"60 addresses of one /24", "203.0.113.%d:1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Limits = nil })
			var forms []values
			for i := range 60 {
				forms = append(forms, typed(s.load(from(fmt.Sprintf(test.addr, i+1)))))
			}
			s.wait(20 * time.Second)
			seen := map[palisade.Reason]int{}
			var answer *httptest.ResponseRecorder
			for i, v := range forms {
				answer = s.post(v, from(fmt.Sprintf(test.addr, i+1)))
				seen[s.last().Reason]++
			}
			if seen[palisade.ReasonClean] != 30 || seen[palisade.ReasonNetworkLimit] != 30 {
				t.Errorf("%v, want 30 clean and 30 over the limit", seen)
			}
			// A step is enough, so a neighbour locks nobody out.
			if level := s.last().Level; level != 2 {
				t.Errorf("the step is of level %d, want the hardest, 2", level)
			}
			v := typed(s.fill(answer.Body.String()))
			s.wait(9 * time.Second) // too little for the network to have one back
			s.expect(s.post(v, from(fmt.Sprintf(test.addr, 60))), 303, palisade.ReasonClean, 31)
		})
	}
}
