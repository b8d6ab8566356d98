package storetest

import (
	"context"
	"sync"
	"time"

	"github.com/palisade-dev/palisade/store"
)

const (
	callers = 64
	rounds  = 100
)

// ConcurrencyLaws returns the laws that can fail only with many callers at once. They are
// separate for three reasons. A store that breaks a law of [Laws] would break these
// without new information. They can find a fault but cannot prove that there is none, so
// it is worth repeating them, with the race detector. And they need room for some ten
// thousand live claims, where Laws needs little.
func ConcurrencyLaws() []Law { return concurrencyLaws }

var concurrencyLaws = []Law{
	{Name: "of many claims at once one is first", check: func(t T, b *bench) {
		for range rounds {
			k := b.key()
			ends := b.race(t, func(int) store.Trip { return b.trip(claims(b.claim(k))) })
			if ends[store.Granted] != 1 || ends[store.Spent] != callers-1 {
				t.Fatalf("%d claims of one key at once: %d granted and %d spent, want 1 and %d",
					callers, ends[store.Granted], ends[store.Spent], callers-1)
			}
		}
	}},

	{Name: "many takes at once get what the burst holds", check: func(t T, b *bench) {
		for range rounds {
			k := b.key()
			ends := b.race(t, func(int) store.Trip { return b.trip(nil, hourly(k, 10)) })
			if ends[store.Granted] != 10 || ends[store.Limited] != callers-10 {
				t.Fatalf("%d takes of one key at once: %d granted and %d limited, want the burst of 10 and %d",
					callers, ends[store.Granted], ends[store.Limited], callers-10)
			}
		}
	}},

	// Each caller has its own ticket, and all share a limit: the tickets of refused
	// callers must still be good.
	{Name: "many trips at once spend all or nothing", check: func(t T, b *bench) {
		for range rounds / 4 {
			limit := b.key()
			var tickets [callers]store.Key
			for i := range tickets {
				tickets[i] = b.key()
			}
			ends := b.race(t, func(i int) store.Trip {
				return b.trip(claims(b.claim(tickets[i])), hourly(limit, 10))
			})
			good := 0
			for _, k := range tickets {
				if b.spend(t, claims(b.claim(k))).Status == store.Granted {
					good++
				}
			}
			if ends[store.Granted] != 10 || good != callers-10 {
				t.Fatalf("%d of %d trips granted under a burst of 10, and %d tickets still good, want %d",
					ends[store.Granted], callers, good, callers-10)
			}
		}
	}},

	// Some stores write first and undo a wrong write later. Such a store leaves no
	// trace afterwards; but other callers must not see the write meanwhile either.
	{Name: "what a refused trip asked for is never seen as spent", check: func(t T, b *bench) {
		full := b.key()
		b.want(t, store.Granted, "the limit's only permit", nil, hourly(full, 1))
		for range rounds {
			ticket, limit := b.key(), b.key()
			ends := b.race(t, func(i int) store.Trip {
				if i == callers/2 {
					return b.trip(claims(b.claim(ticket)), hourly(limit, 1))
				}
				return b.trip(claims(b.claim(b.key()), b.claim(ticket)), hourly(limit, 1), hourly(full, 1))
			})
			if ends[store.Granted] != 1 {
				t.Fatalf("the only trip that could be granted was refused, for what trips took that were refused themselves")
			}
		}
	}},

	{Name: "trips for the same keys in any order do not wait for each other", check: func(t T, b *bench) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range rounds {
				keys := [4]store.Key{b.key(), b.key(), b.key(), b.key()}
				b.race(t, func(i int) (trip store.Trip) {
					trip.Now = b.now()
					for n := range keys {
						trip.Takes = append(trip.Takes, hourly(keys[(n+i)%len(keys)], callers))
					}
					return trip
				})
			}
		}()
		select {
		case <-done:
		case <-time.After(b.Patience):
			t.Fatalf("trips for the same four keys, each in another order, wait for each other")
		}
	}},

	{Name: "no claim gets lost among many at once", check: func(t T, b *bench) {
		const each = 100
		var used [callers * each]store.Claim
		for i := range used {
			used[i] = b.claim(b.key())
		}
		for _, want := range []store.Status{store.Granted, store.Spent} {
			for n := range each {
				ends := b.race(t, func(i int) store.Trip { return b.trip(used[i*each+n : i*each+n+1]) })
				if ends[want] != callers {
					t.Fatalf("%d claims of different keys at once: %d %s, want all", callers, ends[want], name(want))
				}
			}
		}
	}},
}

// race makes a trip of each caller at once, and counts the results. The trips are made
// beforehand, one after another.
func (b *bench) race(t T, trip func(caller int) store.Trip) map[store.Status]int {
	type end struct {
		store.Result
		error
	}
	var (
		ends  [callers]end
		start = make(chan struct{})
		all   sync.WaitGroup
	)
	for i := range callers {
		mine := trip(i)
		all.Go(func() {
			<-start
			ends[i].Result, ends[i].error = b.Store.Spend(context.Background(), mine)
		})
	}
	close(start)
	all.Wait()
	count := make(map[store.Status]int)
	for _, e := range ends {
		if e.error != nil {
			t.Errorf("an error where there is no outage: %v", e.error)
		}
		count[e.Status]++
	}
	return count
}
