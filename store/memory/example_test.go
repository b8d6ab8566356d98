package memory_test

import (
	"context"
	"fmt"
	"time"

	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
)

// A ticket is good once, and its sender has two attempts a minute.
func Example() {
	s := memory.New()
	ticket, sender := store.Key{1}, store.Key{2} // keyed hashes in a real program
	now := time.Now()
	for range 2 {
		result, err := s.Spend(context.Background(), store.Trip{
			Now:    now,
			Claims: []store.Claim{{Key: ticket, Issued: now, Expires: now.Add(time.Hour)}},
			Takes:  []store.Take{{Key: sender, Every: 30 * time.Second, Burst: 2}},
		})
		switch {
		case err != nil:
			fmt.Println("refuse: the store is out of order")
		case result.Status == store.Granted:
			fmt.Println("go on")
		case result.Status == store.Spent:
			fmt.Println("refuse: used before")
		}
	}
	// Output:
	// go on
	// refuse: used before
}
