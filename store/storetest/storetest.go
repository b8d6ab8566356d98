// Package storetest holds the laws of a store.Store, to be run by the test of
// every implementation:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t storetest.T) storetest.Harness { return … })
//		storetest.RunConcurrency(t, func(t storetest.T) storetest.Harness { return … })
//	}
//
// Each law is a subtest whose name is a sentence, and a failure says which
// promise broke. The suite's own test breaks a store in one way for each law and
// checks that just that law fails.
package storetest

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
)

// Harness is one empty store under test.
type Harness struct {
	Store store.Store
	// Now tells the store's time. Nil: the tests keep a time of their own and
	// pass it in each trip.
	Now func() time.Time
	// Advance lets time pass on the store's own clock. Nil where trips carry the
	// time.
	Advance func(time.Duration)
	// Restart returns a store that has just lost its memory, as of now. Nil for
	// stores that keep it.
	Restart func(now time.Time) store.Store
	// Fill is a number of claims that the store cannot keep all of. 0: the store
	// has no bound that a test could reach.
	Fill int
	// Patience is for how long trips may wait for each other before that counts
	// as a deadlock. 0: a minute, which only a deadlock takes.
	Patience time.Duration
}

// T is what the laws need of a *testing.T; the suite's own test passes another.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Law is one promise of the interface.
type Law struct {
	Name  string
	check func(T, *bench)
}

// bench is a store on the table.
type bench struct {
	Harness
	now  time.Time
	keys uint64
}

func newBench(h Harness) *bench {
	b := &bench{Harness: h, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	if h.Now != nil {
		b.now = h.Now()
	}
	return b
}

// key returns one that no test has used.
func (b *bench) key() (k store.Key) {
	b.keys++
	binary.BigEndian.PutUint64(k[:], b.keys*0x9E3779B97F4A7C15)
	binary.BigEndian.PutUint64(k[8:], b.keys)
	return k
}

func (b *bench) pass(d time.Duration) {
	b.now = b.now.Add(d)
	if b.Advance != nil {
		b.Advance(d)
	}
}

func (b *bench) claim(k store.Key) store.Claim {
	return store.Claim{Key: k, Issued: b.now, Expires: b.now.Add(time.Hour)}
}

func (b *bench) spend(t T, claims []store.Claim, takes ...store.Take) store.Result {
	t.Helper()
	result, err := b.Store.Spend(context.Background(), store.Trip{Now: b.now, Claims: claims, Takes: takes})
	if err != nil {
		t.Fatalf("an error where there is no outage: %v", err)
	}
	return result
}

func (b *bench) want(t T, promise string, got store.Result, want store.Status) {
	t.Helper()
	if got.Status != want {
		t.Errorf("%s: status %d, want %d (%+v)", promise, got.Status, want, got)
	}
}

func claims(c ...store.Claim) []store.Claim { return c }

// hourly is a limit of burst at once and one more each hour.
func hourly(k store.Key, burst int) store.Take {
	return store.Take{Key: k, Every: time.Hour, Burst: burst}
}

// Laws returns the laws that one caller at a time can see.
func Laws() []Law {
	return []Law{
		{"a claim is first once", func(t T, b *bench) {
			k := b.key()
			b.want(t, "the first claim", b.spend(t, claims(b.claim(k))), store.Granted)
			for range 3 {
				b.want(t, "a claim of what is used", b.spend(t, claims(b.claim(k))), store.Spent)
			}
			b.want(t, "a claim of something else", b.spend(t, claims(b.claim(b.key()))), store.Granted)
		}},
		{"a claim is remembered until it expires", func(t T, b *bench) {
			c := b.claim(b.key())
			b.spend(t, claims(c))
			b.pass(time.Hour - 2*time.Second)
			b.want(t, "two seconds before it expires", b.spend(t, claims(c)), store.Spent)
			b.pass(4 * time.Second)
			b.want(t, "after it expired", b.spend(t, claims(c)), store.Forgotten)
		}},
		{"a live claim outlives others that expire", func(t T, b *bench) {
			keep := store.Claim{Key: b.key(), Issued: b.now, Expires: b.now.Add(3 * time.Hour)}
			b.spend(t, claims(keep))
			for range 3 {
				for range 500 {
					b.spend(t, claims(store.Claim{Key: b.key(), Expires: b.now.Add(time.Minute)}))
				}
				b.pass(2 * time.Minute)
			}
			b.want(t, "a live claim among 1500 that expired", b.spend(t, claims(keep)), store.Spent)
		}},
		{"pools do not mix", func(t T, b *bench) {
			signed := b.claim(b.key())
			unverified := signed
			unverified.Pool = store.Unverified
			b.want(t, "unverified", b.spend(t, claims(unverified)), store.Granted)
			b.want(t, "the same key, signed", b.spend(t, claims(signed)), store.Granted)
			b.want(t, "unverified again", b.spend(t, claims(unverified)), store.Spent)
		}},
		{"what was issued before the memory began is forgotten", func(t T, b *bench) {
			if b.Restart == nil {
				return // this store keeps its memory
			}
			old := b.claim(b.key())
			b.pass(time.Minute)
			b.Store = b.Restart(b.now)
			b.want(t, "issued before the restart", b.spend(t, claims(old)), store.Forgotten)
			b.want(t, "issued at the restart", b.spend(t, claims(b.claim(b.key()))), store.Granted)
			unknown := store.Claim{Key: b.key(), Expires: b.now.Add(time.Hour)}
			b.want(t, "of unknown issue", b.spend(t, claims(unknown)), store.Granted)
		}},
		{"a limit is GCRA to the nanosecond", func(t T, b *bench) {
			take := store.Take{Key: b.key(), Every: time.Minute, Burst: 3}
			for range 3 {
				b.want(t, "within the burst", b.spend(t, nil, take), store.Granted)
			}
			r := b.spend(t, nil, take)
			b.want(t, "over the burst", r, store.Limited)
			if b.Advance == nil && r.Wait != time.Minute {
				t.Errorf("over the burst: wait %v, want a minute", r.Wait)
			}
			if b.Advance == nil {
				b.pass(r.Wait - 1)
				b.want(t, "a nanosecond before the wait is over", b.spend(t, nil, take), store.Limited)
				b.pass(1)
			} else {
				b.pass(r.Wait + time.Second)
			}
			b.want(t, "when the wait is over", b.spend(t, nil, take), store.Granted)
			b.want(t, "one permit came back, not two", b.spend(t, nil, take), store.Limited)
			b.pass(time.Hour)
			for range 3 {
				b.want(t, "after a long rest, the burst again", b.spend(t, nil, take), store.Granted)
			}
			b.want(t, "after a long rest, no more than the burst", b.spend(t, nil, take), store.Limited)
		}},
		{"a cost is taken whole or not at all", func(t T, b *bench) {
			take := store.Take{Key: b.key(), Every: time.Hour, Burst: 5, Cost: 3}
			b.want(t, "three of five", b.spend(t, nil, take), store.Granted)
			b.want(t, "three of two", b.spend(t, nil, take), store.Limited)
			take.Cost = 2
			b.want(t, "two of two", b.spend(t, nil, take), store.Granted)
			take.Key, take.Cost = b.key(), 6
			b.want(t, "six of a burst of five", b.spend(t, nil, take), store.Limited)
			take.Cost = 0
			b.want(t, "no cost means one", b.spend(t, nil, store.Take{Key: take.Key, Every: time.Hour, Burst: 1}), store.Granted)
			b.want(t, "and one was taken", b.spend(t, nil, store.Take{Key: take.Key, Every: time.Hour, Burst: 1}), store.Limited)
		}},
		{"refused by a limit, nothing is spent", func(t T, b *bench) {
			full, free, ticket := b.key(), b.key(), b.key()
			b.spend(t, nil, hourly(full, 1))
			r := b.spend(t, claims(b.claim(ticket)), hourly(free, 1), hourly(full, 1))
			b.want(t, "over the second of two limits", r, store.Limited)
			if r.Index != 1 {
				t.Errorf("over the second of two limits: Index %d, want 1", r.Index)
			}
			b.want(t, "the first limit was not taken", b.spend(t, nil, hourly(free, 1)), store.Granted)
			b.want(t, "the ticket was not claimed", b.spend(t, claims(b.claim(ticket))), store.Granted)
		}},
		{"refused by a claim, nothing is spent", func(t T, b *bench) {
			used, other, limit := b.key(), b.key(), b.key()
			b.spend(t, claims(b.claim(used)))
			r := b.spend(t, claims(b.claim(other), b.claim(used)), hourly(limit, 1))
			b.want(t, "the second of two claims is used", r, store.Spent)
			if r.Index != 1 {
				t.Errorf("the second of two claims is used: Index %d, want 1", r.Index)
			}
			b.want(t, "the first claim is still free", b.spend(t, claims(b.claim(other))), store.Granted)
			b.want(t, "the limit was not taken", b.spend(t, nil, hourly(limit, 1)), store.Granted)
		}},
		{"a replay over a limit is told as a replay", func(t T, b *bench) {
			used, full := b.key(), b.key()
			b.spend(t, claims(b.claim(used)), hourly(full, 1))
			b.want(t, "used and over the limit", b.spend(t, claims(b.claim(used)), hourly(full, 1)), store.Spent)
		}},
		{"what was granted is spent whole", func(t T, b *bench) {
			c1, c2, l1, l2 := b.key(), b.key(), b.key(), b.key()
			b.want(t, "two claims, two limits", b.spend(t, claims(b.claim(c1), b.claim(c2)), hourly(l1, 1), hourly(l2, 1)), store.Granted)
			b.want(t, "the first claim", b.spend(t, claims(b.claim(c1))), store.Spent)
			b.want(t, "the second claim", b.spend(t, claims(b.claim(c2))), store.Spent)
			b.want(t, "the first limit", b.spend(t, nil, hourly(l1, 1)), store.Limited)
			b.want(t, "the second limit", b.spend(t, nil, hourly(l2, 1)), store.Limited)
		}},
		{"the slices of a trip are the caller's again", func(t T, b *bench) {
			k := b.key()
			c, l := claims(b.claim(k)), []store.Take{hourly(b.key(), 1)}
			take := l[0]
			b.spend(t, c, l...)
			c[0], l[0] = b.claim(b.key()), hourly(b.key(), 9)
			b.want(t, "the claim, after its slice was used for another", b.spend(t, claims(b.claim(k))), store.Spent)
			b.want(t, "the limit, after its slice was used for another", b.spend(t, nil, take), store.Limited)
		}},
		{"a full store refuses and forgets nothing", func(t T, b *bench) {
			if b.Fill == 0 {
				return // no bound that a test could reach
			}
			var kept []store.Key
			var full error
			for range b.Fill {
				k := b.key()
				_, err := b.Store.Spend(context.Background(), store.Trip{Now: b.now, Claims: claims(b.claim(k))})
				if err != nil {
					full = err
					continue
				}
				kept = append(kept, k)
			}
			if !errors.Is(full, store.ErrFull) {
				t.Errorf("%d claims and the error is %v, want ErrFull", b.Fill, full)
			}
			for _, k := range kept {
				if r, err := b.Store.Spend(context.Background(), store.Trip{Now: b.now, Claims: claims(b.claim(k))}); err != nil || r.Status != store.Spent {
					t.Fatalf("a live claim was forgotten to make room: %+v, %v", r, err)
				}
			}
			b.pass(2 * time.Hour)
			b.want(t, "room again when the claims have expired", b.spend(t, claims(b.claim(b.key()))), store.Granted)
		}},
		{"a context that has ended is an error and spends nothing", func(t T, b *bench) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			k := b.key()
			r, err := b.Store.Spend(ctx, store.Trip{Now: b.now, Claims: claims(b.claim(k))})
			if err == nil || r.Status == store.Granted {
				t.Errorf("a context that has ended: %+v, %v", r, err)
			}
			b.want(t, "the claim afterwards", b.spend(t, claims(b.claim(k))), store.Granted)
		}},
		{"an invalid trip is an error and spends nothing", func(t T, b *bench) {
			k := b.key()
			for name, trip := range map[string]store.Trip{
				"a limit that regains nothing": {Takes: []store.Take{{Key: b.key(), Burst: 1}}},
				"a limit without permits":      {Takes: []store.Take{{Key: b.key(), Every: time.Second}}},
				"a negative cost":              {Takes: []store.Take{{Key: b.key(), Every: time.Second, Burst: 1, Cost: -1}}},
				"a limit twice":                {Takes: []store.Take{hourly(k, 5), hourly(k, 5)}},
				"a claim twice":                {Claims: claims(b.claim(k), b.claim(k))},
				"an unknown pool":              {Claims: claims(store.Claim{Key: b.key(), Pool: 9, Expires: b.now.Add(time.Hour)})},
			} {
				trip.Now = b.now
				trip.Claims = append(trip.Claims, b.claim(k))
				if name == "a claim twice" {
					trip.Claims = trip.Claims[:2]
				}
				r, err := b.Store.Spend(context.Background(), trip)
				if !errors.Is(err, store.ErrInvalidTrip) || r.Status == store.Granted {
					t.Errorf("%s: %+v, %v; want ErrInvalidTrip", name, r, err)
				}
			}
			b.want(t, "the claim of the invalid trips", b.spend(t, claims(b.claim(k))), store.Granted)
		}},
	}
}

// ConcurrencyLaws returns the laws that only many callers at once can see. They
// stand apart because they say nothing about a store whose sequential laws fail,
// and because they deserve the race detector.
func ConcurrencyLaws() []Law {
	const rounds, callers = 50, 64
	return []Law{
		{"of many claims at once, one is first", func(t T, b *bench) {
			for range rounds {
				k := b.key()
				if n := b.race(callers, func(int) store.Trip { return store.Trip{Claims: claims(b.claim(k))} }); n != 1 {
					t.Fatalf("%d of %d claims at once were first", n, callers)
				}
			}
		}},
		{"many takes at once get what the burst holds", func(t T, b *bench) {
			for range rounds {
				k := b.key()
				if n := b.race(callers, func(int) store.Trip { return store.Trip{Takes: []store.Take{hourly(k, 10)}} }); n != 10 {
					t.Fatalf("%d of %d takes at once were granted of a burst of 10", n, callers)
				}
			}
		}},
		{"many trips at once spend all or nothing", func(t T, b *bench) {
			for range rounds {
				// Each caller has a ticket of its own and shares a limit of 10: the
				// tickets of those who were refused must still be good.
				limit := b.key()
				tickets := make([]store.Key, callers)
				for i := range tickets {
					tickets[i] = b.key()
				}
				n := b.race(callers, func(i int) store.Trip {
					return store.Trip{Claims: claims(b.claim(tickets[i])), Takes: []store.Take{hourly(limit, 10)}}
				})
				unused := 0
				for _, k := range tickets {
					if b.spend(t, claims(b.claim(k))).Status == store.Granted {
						unused++
					}
				}
				if n != 10 || unused != callers-10 {
					t.Fatalf("%d trips granted of a burst of 10, and %d of %d tickets unused", n, unused, callers)
				}
			}
		}},
		{"trips that need the same keys in another order do not wait for each other", func(t T, b *bench) {
			done := make(chan bool)
			go func() {
				defer close(done)
				for range rounds {
					keys := [4]store.Key{b.key(), b.key(), b.key(), b.key()}
					b.race(callers, func(i int) store.Trip {
						var trip store.Trip
						for n := range keys {
							trip.Takes = append(trip.Takes, hourly(keys[(n+i)%len(keys)], 1000))
						}
						return trip
					})
				}
			}()
			select {
			case <-done:
			case <-time.After(cmp.Or(b.Patience, time.Minute)):
				t.Fatalf("trips wait for each other")
			}
		}},
	}
}

// race makes trips at once and returns how many were granted.
func (b *bench) race(callers int, trip func(i int) store.Trip) int {
	var start, done sync.WaitGroup
	var granted atomic.Int64
	start.Add(1)
	for i := range callers {
		mine := trip(i)
		mine.Now = b.now
		done.Go(func() {
			start.Wait()
			if r, err := b.Store.Spend(context.Background(), mine); err == nil && r.Status == store.Granted {
				granted.Add(1)
			}
		})
	}
	start.Done()
	done.Wait()
	return int(granted.Load())
}

// Run checks the laws that one caller at a time can see, each on a new store.
func Run(t *testing.T, open func(T) Harness) { run(t, Laws(), open) }

// RunConcurrency checks the laws that only many callers at once can see.
func RunConcurrency(t *testing.T, open func(T) Harness) { run(t, ConcurrencyLaws(), open) }

func run(t *testing.T, laws []Law, open func(T) Harness) {
	for _, law := range laws {
		t.Run(law.Name, func(t *testing.T) { law.Check(t, open(t)) })
	}
}

// Check checks one law against one empty store.
func (l Law) Check(t T, h Harness) { l.check(t, newBench(h)) }
