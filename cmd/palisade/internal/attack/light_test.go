package attack

import (
	"context"
	"slices"
	"testing"
)

// The attackers that hardly solve anything, so that they can run with the race
// detector on. All of them run in the test of the command.
func TestLightAttackers(t *testing.T) {
	light := []string{
		"posts without a token", "a made-up token", "the same token 50 times at once",
		"the JSON twin, called directly", "a filled decoy", "a person",
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

// Where a system has but one loopback address, the attack plays a proxy that the
// demo trusts. Either way each network is a visitor of its own.
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
