package attack

import (
	"context"
	"slices"
	"testing"
	"time"
)

// These attackers solve hardly any proof, so they can run with the race detector. The test
// of the command runs all attackers.
func TestLightAttackers(t *testing.T) {
	light := []string{
		"posts without a token", "a made-up token", "the same token 50 times at once",
		"the JSON twin, called directly", "a filled decoy", "a person",
		"one session, 64 writes at once", "a stolen session cookie",
	}
	m := &means{solvers: make(chan struct{}, 2)}
	for _, a := range attackers() {
		if !slices.Contains(light, a.name) {
			continue
		}
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			r, err := a.meet(context.Background(), m)
			if err != nil {
				t.Fatal(err)
			}
			if !r.OK || r.Effects != a.most {
				t.Errorf("%+v", r)
			}
			if r.Without != r.Tried {
				t.Errorf("without the guard %d of %d had an effect", r.Without, r.Tried)
			}
		})
	}
}

// On a slow machine an attack takes so long that part of the limit comes back. Only this
// raises the number of allowed effects.
func TestWhatIsAllowedGrowsWithTheLengthOfTheAttack(t *testing.T) {
	began := time.Now()
	for _, c := range []struct {
		every         time.Duration
		ran           time.Duration
		effects, most int
		ok            bool
		verdict       string
	}{
		{signupEvery, signupEvery - time.Second, 5, 5, true, limited},
		{signupEvery, signupEvery - time.Second, 6, 5, false, "FAILED: 5 to 5 may be accepted"},
		{signupEvery, signupEvery, 5, 6, true, limited},
		{signupEvery, signupEvery, 6, 6, true, "held to 5 at once and 1 more in 2m0s, the limit"},
		{signupEvery, 2*signupEvery + time.Second, 8, 7, false, "FAILED: 5 to 7 may be accepted"},
		{0, 2 * signupEvery, 6, 5, false, "FAILED: 5 to 5 may be accepted"},
	} {
		a := attacker{least: signupLimit, most: signupLimit, verdict: limited, every: c.every}
		r := a.result(&scene{first: began, last: began.Add(c.ran), effects: c.effects}, &scene{})
		if r.Most != c.most || r.OK != c.ok || r.Verdict != c.verdict {
			t.Errorf("%+v: %d to %d may be accepted, %v, %q", c, r.Least, r.Most, r.OK, r.Verdict)
		}
	}
}

// If a system has only one loopback address, the attack acts as a proxy that the demo
// trusts. In both cases each network counts as its own visitor.
func TestManyNetworksAreManyVisitors(t *testing.T) {
	trusted := map[string]bool{trustsProxy: true}
	if manyAddresses() {
		trusted[trustsSocket] = false
	}
	for name, oneAddress := range trusted {
		t.Run(name, func(t *testing.T) {
			s, err := newScene(attacker{networks: true}, &means{oneAddress: oneAddress}, true)
			if err != nil {
				t.Fatal(err)
			}
			defer s.close()
			if s.trusts != name {
				t.Errorf("it trusts the %s", s.trusts)
			}
			for n := range 6 {
				if _, err := s.visitorIn(byte(n/2)).post(t.Context(), "vote", typed("vote", n)); err != nil {
					t.Fatal(err)
				}
			}
			var decisions []struct{ Visitor string }
			if err := s.visitor().getJSON(t.Context(), "/decisions", &decisions); err != nil {
				t.Fatal(err)
			}
			visitors := make(map[string]int)
			for _, d := range decisions {
				visitors[d.Visitor]++
			}
			if len(visitors) != 3 || len(decisions) != 6 {
				t.Errorf("%d decisions about visitors %v, want 6 about 3", len(decisions), visitors)
			}
		})
	}
}
