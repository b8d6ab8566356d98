package memory_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
	"github.com/palisade-dev/palisade/store/storetest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func open(storetest.T) storetest.Harness {
	return storetest.Harness{
		Store:   memory.New(memory.Claims(5000), memory.Epoch(noon)),
		Restart: func(now time.Time) store.Store { return memory.New(memory.Epoch(now)) },
		Fill:    6000,
	}
}

func TestStore(t *testing.T) {
	storetest.Run(t, open)
	storetest.RunConcurrency(t, open)
}

func TestUnverifiedClaimsCannotFillTheSignedPool(t *testing.T) {
	s := memory.New(memory.Unverified(1000), memory.Epoch(noon))
	full := 0
	for i := range uint64(5000) {
		if _, err := claim(s, i, store.Unverified); err != nil {
			full++
		}
	}
	if full == 0 {
		t.Fatal("the unverified pool has no bound")
	}
	if r, err := claim(s, 1, store.Signed); err != nil || r.Status != store.Granted {
		t.Errorf("a signed claim after the flood: %+v, %v", r, err)
	}
}

func TestClaimStaysExpiredForTripsThatReadTheClockEarlier(t *testing.T) {
	s := memory.New(memory.Epoch(noon))
	c := store.Claim{Key: key(1), Issued: noon, Expires: noon.Add(time.Minute)}
	spend := func(now time.Time) store.Status {
		r, err := s.Spend(context.Background(), store.Trip{Now: now, Claims: []store.Claim{c}})
		if err != nil {
			t.Fatal(err)
		}
		return r.Status
	}
	if got := spend(noon); got != store.Granted {
		t.Fatalf("first: %d", got)
	}
	spend(noon.Add(2 * time.Minute)) // from here on the store may let go of it
	if got := spend(noon.Add(59 * time.Second)); got == store.Granted {
		t.Error("a claim was granted twice by going back in time")
	}
}

// When more keys are limited at once than are kept, the rest share counters:
// nobody gets more than the limit, and nobody's count is forgotten.
func TestFullLimitsRefuseRatherThanForget(t *testing.T) {
	s := memory.New(memory.Limits(64), memory.Epoch(noon))
	take := func(i uint64, now time.Time) store.Status {
		r, err := s.Spend(context.Background(), store.Trip{Now: now, Takes: []store.Take{{Key: key(i), Every: time.Minute, Burst: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		return r.Status
	}
	var granted []uint64
	for i := range uint64(20_000) {
		if take(i, noon) == store.Granted {
			granted = append(granted, i)
		}
	}
	for _, i := range granted {
		if take(i, noon.Add(30*time.Second)) != store.Limited {
			t.Fatalf("the count of key %d was forgotten", i)
		}
	}
	for i := range uint64(50) {
		if take(1_000_000+i, noon.Add(time.Hour)) != store.Granted {
			t.Error("no room although all counts are over")
		}
	}
}

// reference is the plainest store that keeps the laws.
type reference struct {
	claims map[store.Claim]time.Time // by Key and Pool alone
	tats   map[store.Key]time.Time
}

func (m *reference) spend(trip store.Trip) store.Result {
	for i, c := range trip.Claims {
		if expires, found := m.claims[store.Claim{Key: c.Key, Pool: c.Pool}]; found && expires.After(trip.Now) {
			return store.Result{Status: store.Spent, Index: i}
		}
	}
	for i, t := range trip.Takes {
		if wait := m.next(t, trip.Now).Sub(trip.Now) - time.Duration(t.Burst)*t.Every; wait > 0 {
			return store.Result{Status: store.Limited, Index: i, Wait: wait}
		}
	}
	for _, c := range trip.Claims {
		m.claims[store.Claim{Key: c.Key, Pool: c.Pool}] = c.Expires
	}
	for _, t := range trip.Takes {
		m.tats[t.Key] = m.next(t, trip.Now)
	}
	return store.Result{Status: store.Granted}
}

func (m *reference) next(t store.Take, now time.Time) time.Time {
	tat := m.tats[t.Key]
	if tat.Before(now) {
		tat = now
	}
	return tat.Add(time.Duration(max(t.Cost, 1)) * t.Every)
}

// The law: whatever trips come in whatever order, the store answers like the
// reference.
func FuzzSpend(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	f.Add([]byte("\x00\x00\x00\x00\x01\x00\x00\x00\x00\xff\x00\x00"))
	f.Fuzz(func(t *testing.T, program []byte) {
		s := memory.New(memory.Epoch(noon))
		m := &reference{claims: map[store.Claim]time.Time{}, tats: map[store.Key]time.Time{}}
		now := noon
		for len(program) >= 4 {
			op := program[:4]
			program = program[4:]
			now = now.Add(time.Duration(op[3]) * time.Second / 2)
			trip := store.Trip{Now: now}
			for n := range op[0] % 3 {
				trip.Claims = append(trip.Claims, store.Claim{
					Key: key(uint64(op[1]+n) % 16), Pool: store.Pool(op[2] & 1), Expires: now.Truncate(time.Second).Add(time.Duration(1+op[2]%64) * time.Second),
				})
			}
			for n := range op[0] >> 4 % 3 {
				kind := uint64(op[2]+n) % 16
				trip.Takes = append(trip.Takes, store.Take{
					Key: key(100 + kind), Every: time.Duration(1+kind) * time.Second, Burst: int(1 + kind%4), Cost: int(op[1]) % int(2+kind%4),
				})
			}
			if op[2]&1 == 0 && (now.Nanosecond() != 0) {
				trip.Claims = nil // the store rounds expiry up to seconds; compare where both are exact
			}
			got, err := s.Spend(context.Background(), trip)
			if err != nil {
				t.Fatal(err)
			}
			if want := m.spend(trip); got != want {
				t.Fatalf("trip %+v: got %+v, want %+v", trip, got, want)
			}
		}
	})
}

func key(i uint64) (k store.Key) {
	binary.LittleEndian.PutUint64(k[:], (i+1)*0x9E3779B97F4A7C15)
	binary.LittleEndian.PutUint64(k[8:], i)
	return k
}

func claim(s *memory.Store, i uint64, pool store.Pool) (store.Result, error) {
	c := [1]store.Claim{{Key: key(i), Pool: pool, Issued: noon, Expires: noon.Add(time.Hour)}}
	return s.Spend(context.Background(), store.Trip{Now: noon, Claims: c[:]})
}

const million = 1 << 20

// parallel runs do in a number of goroutines, each over numbers of its own.
func parallel(b *testing.B, goroutines int, do func(i uint64)) {
	var next atomic.Uint64
	var wg sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	for range goroutines {
		wg.Go(func() {
			for {
				const batch = 64
				from := next.Add(batch) - batch
				if from >= uint64(b.N) {
					return
				}
				for i := from; i < min(from+batch, uint64(b.N)); i++ {
					do(i)
				}
			}
		})
	}
	wg.Wait()
}

func each(b *testing.B, run func(b *testing.B, goroutines int)) {
	for _, n := range []int{1, 2, 16} {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) { run(b, n) })
	}
}

func BenchmarkClaim(b *testing.B) {
	b.Run("new", func(b *testing.B) {
		each(b, func(b *testing.B, n int) {
			s := memory.New(memory.Claims(1<<30), memory.Epoch(noon))
			parallel(b, n, func(i uint64) { claim(s, i, store.Signed) })
		})
	})
	for _, keys := range []uint64{1, million} {
		b.Run(fmt.Sprintf("replay/keys=%d", keys), func(b *testing.B) {
			each(b, func(b *testing.B, n int) {
				s := memory.New(memory.Epoch(noon))
				for i := range keys {
					claim(s, i, store.Signed)
				}
				parallel(b, n, func(i uint64) { claim(s, i*7919%keys, store.Signed) })
			})
		})
	}
	// The baseline: what one would write first, without expiry or bound.
	b.Run("baseline: one map and mutex", func(b *testing.B) {
		each(b, func(b *testing.B, n int) {
			var mu sync.Mutex
			used := map[store.Key]time.Time{}
			parallel(b, n, func(i uint64) {
				mu.Lock()
				if _, found := used[key(i)]; !found {
					used[key(i)] = noon
				}
				mu.Unlock()
			})
		})
	})
}

func BenchmarkTake(b *testing.B) {
	for _, keys := range []uint64{1, million} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			each(b, func(b *testing.B, n int) {
				s := memory.New(memory.Limits(2*million), memory.Epoch(noon))
				parallel(b, n, func(i uint64) {
					t := [1]store.Take{{Key: key(i * 7919 % keys), Every: time.Second, Burst: 1 << 20}}
					s.Spend(context.Background(), store.Trip{Now: noon, Takes: t[:]})
				})
			})
		})
	}
}

// BenchmarkSpend is what a decision asks: two claims and four limits.
func BenchmarkSpend(b *testing.B) {
	each(b, func(b *testing.B, n int) {
		s := memory.New(memory.Claims(1<<30), memory.Epoch(noon))
		parallel(b, n, func(i uint64) {
			expires := noon.Add(time.Hour)
			c := [2]store.Claim{{Key: key(2 * i), Issued: noon, Expires: expires}, {Key: key(2*i + 1), Issued: noon, Expires: expires}}
			var t [4]store.Take
			for n := range t {
				t[n] = store.Take{Key: key(uint64(n)<<32 | i%1000), Every: time.Millisecond, Burst: 1 << 20}
			}
			s.Spend(context.Background(), store.Trip{Now: noon, Claims: c[:], Takes: t[:]})
		})
	})
}

// BenchmarkMemory prints what a live claim takes when there are a million.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := memory.New(memory.Epoch(noon))
		for i := range uint64(million) {
			if r, err := claim(s, i+rand.Uint64N(1)<<40, store.Signed); err != nil || r.Status != store.Granted {
				b.Fatal(r, err)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/million, "B/claim")
		runtime.KeepAlive(s)
	}
}
