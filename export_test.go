package palisade

import (
	"github.com/palisade-dev/palisade/challenge/work"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/store"
)

// CheapProofs makes the guard ask for hardly any work, so that a test can afford
// thousands of proofs. What is checked about them stays the same; the real work
// is done in the tests of package pow, of the demo and of the browser.
func CheapProofs(g *Guard) error {
	cheap, err := pow.New(pow.Config{Keys: g.keys.Proofs, Levels: []pow.Work{
		{Cost: 1, Prefix: "0"}, {Cost: 1, Counters: 2}, {Cost: 2, Counters: 2},
	}})
	g.proofs = work.New(cheap)
	return err
}

// Remembered is how many answers a form keeps for double clicks.
func Remembered(f *Form) int { return f.recent.Len() }

// BreakBudget puts a store in the place of the one that bounds minting.
func BreakBudget(g *Guard, s store.Store) { g.budget = s }
