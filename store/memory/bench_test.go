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

// rival is a store under measurement: this one, or a simple one for comparison.
type rival interface{ worker() worker }

// worker is the state of one goroutine of a benchmark.
type worker interface {
	claim(i uint64, now, expires time.Time) bool
	take(i uint64, now time.Time) bool
}

type ours struct{ *memory.Store }

func newOurs() ours {
	return ours{memory.New(memory.Claims(4*million), memory.Limits(2*million), memory.Epoch(noon))}
}

func (s ours) worker() worker {
	return &ourWorker{Store: s.Store, takes: [1]store.Take{{Every: time.Millisecond, Burst: 1 << 30}}}
}

// ourWorker keeps its slices, as a careful caller does.
type ourWorker struct {
	*memory.Store
	claims [1]store.Claim
	takes  [1]store.Take
}

func (w *ourWorker) claim(i uint64, now, expires time.Time) bool {
	c := &w.claims[0]
	c.Key, c.Issued, c.Expires = key(i), now, expires
	r, err := w.Spend(context.Background(), store.Trip{Now: now, Claims: w.claims[:]})
	return err == nil && r.Status == store.Granted
}

func (w *ourWorker) take(i uint64, now time.Time) bool {
	w.takes[0].Key = key(i)
	r, err := w.Spend(context.Background(), store.Trip{Now: now, Takes: w.takes[:]})
	return err == nil && r.Status == store.Granted
}

// maps is the baseline: maps of the standard library, each with a lock. It removes
// nothing and has no bounds, and a trip of several keys would not be atomic.
type maps [64]struct {
	mu     sync.Mutex
	claims map[store.Key]int64
	ends   map[store.Key]int64
	_      [40]byte
}

func newMaps() *maps {
	m := new(maps)
	for i := range m {
		m[i].claims, m[i].ends = map[store.Key]int64{}, map[store.Key]int64{}
	}
	return m
}

func (m *maps) worker() worker { return m }

func (m *maps) claim(i uint64, now, expires time.Time) bool {
	k := key(i)
	part := &m[k[7]&63]
	part.mu.Lock()
	defer part.mu.Unlock()
	if part.claims[k] > now.UnixNano() {
		return false
	}
	part.claims[k] = expires.UnixNano()
	return true
}

func (m *maps) take(i uint64, now time.Time) bool {
	k := key(i)
	part := &m[k[7]&63]
	part.mu.Lock()
	defer part.mu.Unlock()
	end := max(part.ends[k], now.UnixNano()) + int64(time.Millisecond)
	if time.Duration(end-now.UnixNano()) > time.Millisecond<<30 {
		return false
	}
	part.ends[k] = end
	return true
}

// parallel calls do for the numbers from 0 to b.N in some goroutines, and returns
// the nanoseconds per call.
func parallel[W any](b *testing.B, goroutines int, worker func() W, do func(w W, i uint64)) float64 {
	var next atomic.Uint64
	var wg sync.WaitGroup
	runtime.GC() // the setup must not count
	b.ResetTimer()
	start := time.Now()
	for range goroutines {
		wg.Go(func() {
			w := worker()
			for {
				const batch = 64
				from := next.Add(batch) - batch
				if from >= uint64(b.N) {
					return
				}
				for i := from; i < min(from+batch, uint64(b.N)); i++ {
					do(w, i)
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	b.StopTimer()
	return float64(took.Nanoseconds()) / float64(b.N)
}

func goroutines(b *testing.B, run func(b *testing.B, n int)) {
	for _, n := range []int{1, 2, 16} {
		b.Run(fmt.Sprintf("goroutines=%d", n), func(b *testing.B) { run(b, n) })
	}
}

// compare measures the store, and directly afterwards the baseline with the same work.
func compare(b *testing.B, prepare func(w worker), do func(b *testing.B) func(w worker, i uint64)) {
	goroutines(b, func(b *testing.B, n int) {
		b.ReportAllocs()
		measure := func(r rival) float64 {
			prepare(r.worker())
			return parallel(b, n, r.worker, do(b))
		}
		maps := measure(newMaps())
		own := measure(newOurs()) // last, so that the reported allocations are those of the store
		b.ReportMetric(own, "ns/op")
		b.ReportMetric(maps/own, "x-faster-than-maps")
	})
}

// BenchmarkClaim measures two cases. fresh: a claim is granted while the store keeps as
// many others, and one of those expires for each new one. replay: the claim is refused.
func BenchmarkClaim(b *testing.B) {
	fresh := func(w worker, i uint64) bool {
		// One each 100 µs, kept for 45 s and a minute: a million.
		now := noon.Add(time.Duration(i) * 100 * time.Microsecond)
		return w.claim(i, now, now.Add(45*time.Second))
	}
	b.Run("fresh/keys=1M", func(b *testing.B) {
		compare(b, func(w worker) {
			for i := range uint64(million) {
				fresh(w, i)
			}
		}, func(b *testing.B) func(worker, uint64) {
			return func(w worker, i uint64) {
				if !fresh(w, million+i) {
					b.Error("a fresh claim was refused")
				}
			}
		})
	})
	for _, keys := range []uint64{1, million} {
		b.Run("replay/keys="+count(keys), func(b *testing.B) {
			expires := noon.Add(time.Hour)
			compare(b, func(w worker) {
				for i := range keys {
					w.claim(i, noon, expires)
				}
			}, func(b *testing.B) func(worker, uint64) {
				return func(w worker, i uint64) {
					if w.claim(i*7919%keys, noon, expires) {
						b.Error("a replay was granted")
					}
				}
			})
		})
	}
}

func BenchmarkTake(b *testing.B) {
	for _, keys := range []uint64{1, million} {
		b.Run("keys="+count(keys), func(b *testing.B) {
			compare(b, func(w worker) {
				for i := range keys {
					w.take(i, noon)
				}
			}, func(b *testing.B) func(worker, uint64) {
				return func(w worker, i uint64) {
					if !w.take(i*7919%keys, noon) {
						b.Error("a take within the burst was refused")
					}
				}
			})
		})
	}
}

// BenchmarkSpend measures the trip of a decision: two claims and four limits, with a
// million stored claims and a million limited keys.
func BenchmarkSpend(b *testing.B) {
	type worker struct {
		claims [2]store.Claim
		takes  [4]store.Take
	}
	goroutines(b, func(b *testing.B, n int) {
		s := newOurs()
		w := s.worker()
		for i := range uint64(million) {
			w.take(i, noon)
			w.claim(1<<40+i, noon, noon.Add(time.Duration(i)*100*time.Microsecond+time.Second))
		}
		b.ReportAllocs()
		parallel(b, n, func() *worker { return new(worker) }, func(w *worker, i uint64) {
			now := noon.Add(time.Duration(i) * 200 * time.Microsecond)
			for n := range w.claims {
				w.claims[n] = store.Claim{Key: key(2*i + uint64(n)), Issued: now, Expires: now.Add(45 * time.Second)}
			}
			for n := range w.takes {
				w.takes[n] = store.Take{Key: key((i*7919 + uint64(n)*100_003) % million), Every: time.Millisecond, Burst: 1 << 30}
			}
			r, err := s.Spend(context.Background(), store.Trip{Now: now, Claims: w.claims[:], Takes: w.takes[:]})
			if err != nil || r.Status != store.Granted {
				b.Error(r, err)
			}
		})
	})
}

// BenchmarkMemory prints the memory of a live claim at a million claims, and the largest
// value on the way from one million to two. It does so once, whatever b.N is.
func BenchmarkMemory(b *testing.B) {
	b.Run("ours", func(b *testing.B) { memoryOf(b, func() rival { return newOurs() }) })
	b.Run("maps", func(b *testing.B) { memoryOf(b, func() rival { return newMaps() }) })
}

func memoryOf(b *testing.B, open func() rival) {
	expires := noon.Add(time.Hour)
	before := heap()
	r := open()
	w := r.worker()
	perClaim := func(claims uint64) float64 { return float64(heap()-before) / float64(claims) }
	for i := range uint64(million) {
		w.claim(i, noon, expires)
	}
	first := perClaim(million)
	worst := first
	for i := uint64(million); i < 2*million; i++ {
		w.claim(i, noon, expires)
		if i%(million/16) == 0 {
			worst = max(worst, perClaim(i))
		}
	}
	runtime.KeepAlive(r)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(first, "B/claim")
	b.ReportMetric(worst, "B/claim-at-worst")
}

func count(keys uint64) string {
	if keys == million {
		return "1M"
	}
	return fmt.Sprint(keys)
}
