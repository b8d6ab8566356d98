package memory_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
)

const million = 1 << 20

// spender is what a benchmark measures: the store, or what one would write first.
type spender interface {
	claim(i uint64, now time.Time, life time.Duration) bool
	take(i uint64, now time.Time) bool
}

// ours goes through the concrete type: what a caller pays for an interface is
// not the store's.
type ours struct{ *memory.Store }

func (s ours) claim(i uint64, now time.Time, life time.Duration) bool {
	claims := [1]store.Claim{{Key: key(i), Issued: now, Expires: now.Add(life)}}
	r, err := s.Spend(context.Background(), store.Trip{Now: now, Claims: claims[:]})
	return err == nil && r.Status == store.Granted
}

func (s ours) take(i uint64, now time.Time) bool {
	takes := [1]store.Take{{Key: key(i), Every: time.Millisecond, Burst: 1 << 30}}
	r, err := s.Spend(context.Background(), store.Trip{Now: now, Takes: takes[:]})
	return err == nil && r.Status == store.Granted
}

// maps is the baseline: maps of the standard library behind as many locks, in
// which nothing expires and nothing is bounded, and of which a trip of more than
// one key would not be atomic.
type maps [64]struct {
	mu     sync.Mutex
	claims map[store.Key]int64
	tats   map[store.Key]int64
	_      [40]byte
}

func newMaps() *maps {
	m := new(maps)
	for i := range m {
		m[i].claims, m[i].tats = map[store.Key]int64{}, map[store.Key]int64{}
	}
	return m
}

func (m *maps) claim(i uint64, now time.Time, life time.Duration) bool {
	k := key(i)
	part := &m[k[7]&63]
	part.mu.Lock()
	defer part.mu.Unlock()
	if part.claims[k] > now.UnixNano() {
		return false
	}
	part.claims[k] = now.Add(life).UnixNano()
	return true
}

func (m *maps) take(i uint64, now time.Time) bool {
	k := key(i)
	part := &m[k[7]&63]
	part.mu.Lock()
	defer part.mu.Unlock()
	next := max(part.tats[k], now.UnixNano()) + int64(time.Millisecond)
	if time.Duration(next-now.UnixNano()) > time.Millisecond<<30 {
		return false
	}
	part.tats[k] = next
	return true
}

// parallel calls do for 0 to b.N in a number of goroutines, and returns the
// nanoseconds a call.
func parallel(b *testing.B, goroutines int, do func(i uint64)) float64 {
	var next atomic.Uint64
	var wg sync.WaitGroup
	start := time.Now()
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
	return float64(time.Since(start).Nanoseconds()) / float64(b.N)
}

// compare measures the store, and beside it the baseline on the same work.
func compare(b *testing.B, run func(b *testing.B, s spender, goroutines int) float64) {
	for _, n := range []int{1, 2, 16} {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			own := run(b, ours{memory.New(memory.Claims(4*million), memory.Limits(2*million), memory.Epoch(noon))}, n)
			b.StopTimer()
			base := run(b, newMaps(), n)
			b.ReportMetric(own, "ns/op")
			b.ReportMetric(base/own, "x-faster-than-maps")
		})
	}
}

// BenchmarkClaim: fresh is a new claim while as many others are live, each of
// which ends as another comes; replay is one that was used.
func BenchmarkClaim(b *testing.B) {
	b.Run("fresh/keys=1M", func(b *testing.B) {
		compare(b, func(b *testing.B, s spender, goroutines int) float64 {
			// A claim each 100 µs, and each is kept for 105 s.
			const life, pause = 45 * time.Second, 100 * time.Microsecond
			for i := range uint64(million) {
				s.claim(i, noon.Add(time.Duration(i)*pause), life)
			}
			b.ResetTimer()
			return parallel(b, goroutines, func(i uint64) {
				i += million
				if !s.claim(i, noon.Add(time.Duration(i)*pause), life) {
					b.Error("a fresh claim was refused")
				}
			})
		})
	})
	for _, keys := range []uint64{1, million} {
		b.Run("replay/keys="+count(keys), func(b *testing.B) {
			compare(b, func(b *testing.B, s spender, goroutines int) float64 {
				for i := range keys {
					s.claim(i, noon, time.Hour)
				}
				b.ResetTimer()
				return parallel(b, goroutines, func(i uint64) {
					if s.claim(i*7919%keys, noon, time.Hour) {
						b.Error("a replay was granted")
					}
				})
			})
		})
	}
}

func BenchmarkTake(b *testing.B) {
	for _, keys := range []uint64{1, million} {
		b.Run("keys="+count(keys), func(b *testing.B) {
			compare(b, func(b *testing.B, s spender, goroutines int) float64 {
				for i := range keys {
					s.take(i, noon)
				}
				b.ResetTimer()
				return parallel(b, goroutines, func(i uint64) {
					if !s.take(i*7919%keys, noon) {
						b.Error("a take within the burst was refused")
					}
				})
			})
		})
	}
}

// BenchmarkSpend is what one decision asks: four limits and two claims, with a
// million keys limited and up to a million claims live.
func BenchmarkSpend(b *testing.B) {
	for _, goroutines := range []int{1, 2, 16} {
		b.Run(fmt.Sprintf("goroutines=%d", goroutines), func(b *testing.B) {
			s := ours{memory.New(memory.Claims(4*million), memory.Limits(2*million), memory.Epoch(noon))}
			for i := range uint64(million) {
				s.take(i, noon)
				s.claim(i, noon, time.Hour)
			}
			b.ReportAllocs()
			b.ResetTimer()
			parallel(b, goroutines, func(i uint64) {
				now := noon.Add(time.Duration(i) * 200 * time.Microsecond)
				expires := now.Add(40 * time.Second)
				claims := [2]store.Claim{
					{Key: key(1<<40 + 2*i), Issued: now, Expires: expires},
					{Key: key(1<<40 + 2*i + 1), Issued: now, Expires: expires},
				}
				var takes [4]store.Take
				for n := range takes {
					takes[n] = store.Take{Key: key((i*7919 + uint64(n)*1e5) % million), Every: time.Millisecond, Burst: 1 << 30}
				}
				r, err := s.Spend(context.Background(), store.Trip{Now: now, Claims: claims[:], Takes: takes[:]})
				if err != nil || r.Status != store.Granted {
					b.Error(r, err)
				}
			})
		})
	}
}

// BenchmarkMemory prints what a live claim takes, at the least and the most that
// are seen on the way to two million. It does so once, whatever b.N is.
func BenchmarkMemory(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		memoryOf(b, func() spender { return ours{memory.New(memory.Claims(4*million), memory.Epoch(noon))} })
	})
	b.Run("maps", func(b *testing.B) { memoryOf(b, func() spender { return newMaps() }) })
}

func memoryOf(b *testing.B, open func() spender) {
	before := heap()
	s := open()
	for i := range uint64(million) {
		s.claim(i, noon, time.Hour)
	}
	at1M := float64(heap()-before) / million
	worst := at1M
	for i := uint64(million); i < 2*million; i++ {
		s.claim(i, noon, time.Hour)
		if i%(million/16) == 0 {
			worst = max(worst, float64(heap()-before)/float64(i))
		}
	}
	runtime.KeepAlive(s)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(at1M, "B/claim")
	b.ReportMetric(worst, "B/claim-at-worst")
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func count(keys uint64) string {
	if keys == million {
		return "1M"
	}
	return fmt.Sprint(keys)
}
