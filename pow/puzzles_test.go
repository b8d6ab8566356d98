package pow_test

import (
	"context"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/pow"
)

func TestPuzzlesAreShared(t *testing.T) {
	c, err := pow.New(pow.Config{Keys: pow.Keys{Current: make([]byte, pow.MinKey)}, Levels: []pow.Work{{Cost: 1, Counters: 2}, {Cost: 1, Counters: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	var p pow.Puzzles
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	get := func(network byte, level uint8, at time.Time) *pow.Puzzle {
		t.Helper()
		puzzle, err := p.Shared(context.Background(), c, [16]byte{network}, level, at)
		if err != nil {
			t.Fatal(err)
		}
		return puzzle
	}
	first := get(1, 0, now)
	for _, test := range []struct {
		name   string
		got    *pow.Puzzle
		shared bool
	}{
		{"the same network at once", get(1, 0, now), true},
		{"the same network a moment before it ends", get(1, 0, now.Add(4*time.Second-1)), true},
		{"another network", get(2, 0, now), false},
		{"another level", get(1, 1, now), false},
		{"the same network when it has ended", get(1, 0, now.Add(4*time.Second)), false},
	} {
		if shared := test.got == first; shared != test.shared {
			t.Errorf("%s: shared %v, want %v", test.name, shared, test.shared)
		}
	}
	later := get(1, 0, now.Add(time.Minute))
	if get(1, 0, now) == later {
		t.Error("after the clock went back a puzzle from the future is used")
	}
}

func TestPuzzlesOfManyNetworksAreBounded(t *testing.T) {
	c, err := pow.New(pow.Config{Keys: pow.Keys{Current: make([]byte, pow.MinKey)}, Levels: []pow.Work{{Cost: 1, Counters: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	var p pow.Puzzles
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	made := func(seconds int) int {
		seen := map[*pow.Puzzle]bool{}
		for i := range 1000 * seconds {
			puzzle, err := p.Shared(context.Background(), c, [16]byte{1: byte(i), 2: byte(i >> 8), 3: byte(i >> 16), 4: byte(seconds)}, 0, now)
			if err != nil {
				t.Fatal(err)
			}
			seen[puzzle] = true
			if i%1000 == 999 {
				now = now.Add(time.Second)
			}
		}
		return len(seen)
	}
	if n := made(1); n != 64 {
		t.Errorf("1000 networks in a second had %d puzzles made, want 64", n)
	}
	if n := made(100); n != 100*64 {
		t.Errorf("100 000 networks in 100 seconds had %d puzzles made, want %d", n, 100*64)
	}
	if shared, order := pow.Kept(&p); shared > 4*64 || order != shared {
		t.Errorf("%d puzzles and %d names are kept, want those of 4 seconds at most", shared, order)
	}
	now = now.Add(-time.Hour)
	made(1)
	if shared, order := pow.Kept(&p); shared > 4*64 || order != shared {
		t.Errorf("after the clock went back %d puzzles and %d names are kept", shared, order)
	}
}

// If no puzzle can be made, the caller gets the last one, however old it is.
func TestWhereNoPuzzleCanBeMadeTheLastOneServes(t *testing.T) {
	keys, work := pow.Keys{Current: make([]byte, pow.MinKey)}, pow.Work{Cost: 1, Counters: 2}
	both, err := pow.New(pow.Config{Keys: keys, Levels: []pow.Work{work, work}})
	if err != nil {
		t.Fatal(err)
	}
	one, err := pow.New(pow.Config{Keys: keys, Levels: []pow.Work{work}}) // it makes no puzzle of level 1
	if err != nil {
		t.Fatal(err)
	}
	var p pow.Puzzles
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	made, err := p.Shared(context.Background(), both, [16]byte{1}, 1, now)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := p.Shared(context.Background(), one, [16]byte{2}, 1, now.Add(time.Hour)); err != nil || got != made {
		t.Errorf("%v, %v; want the last one", got, err)
	}
	if _, err := p.Shared(context.Background(), both, [16]byte{3}, 1, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if shared, order := pow.Kept(&p); shared != 1 || order != 1 {
		t.Errorf("%d puzzles and %d names are kept, want the one that is fresh", shared, order)
	}
}

func TestAPuzzleIsOfItsLevel(t *testing.T) {
	c, err := pow.New(pow.Config{Keys: pow.Keys{Current: make([]byte, pow.MinKey)}, Levels: []pow.Work{{Cost: 1, Counters: 2}, {Cost: 2, Counters: 2}}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	puzzle, err := c.Pick(context.Background(), 0, now)
	if err != nil {
		t.Fatal(err)
	}
	ask := pow.Challenge{Binding: []byte("a"), Level: 1, Issued: now, Expires: now.Add(time.Hour)}
	if text, err := c.AppendPuzzle(nil, ask, puzzle); err == nil {
		t.Errorf("a puzzle of level 0 makes a challenge of level 1: %s", text)
	}
	if _, err := c.Pick(context.Background(), 2, now); err == nil {
		t.Error("there is a puzzle of a level that does not exist")
	}
	if puzzle, err := new(pow.Puzzles).Shared(context.Background(), c, [16]byte{}, 2, now); err == nil || puzzle != nil {
		t.Errorf("a puzzle of a level that does not exist is shared: %v, %v", puzzle, err)
	}
	// One solution solves each challenge that shares the puzzle, but for no other binding.
	ask.Level = 0
	for _, binding := range []string{"a", "b"} {
		ask.Binding = []byte(binding)
		text, err := c.AppendPuzzle(nil, ask, puzzle)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := pow.Solve(context.Background(), text)
		if err != nil {
			t.Fatal(err)
		}
		if proof, why := c.Check(payload, []byte(binding), now); why != "" || !proof.Derived() {
			t.Errorf("for %s: %s, derived %v", binding, why, proof.Derived())
		}
		if _, why := c.Check(payload, []byte("c"), now); why != pow.ReasonForged {
			t.Errorf("for another binding: %q", why)
		}
	}
}
