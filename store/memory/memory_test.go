package memory_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
	"github.com/palisade-dev/palisade/store/storetest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func key(i uint64) (k store.Key) {
	binary.LittleEndian.PutUint64(k[:], (i+1)*0x9E3779B97F4A7C15)
	binary.LittleEndian.PutUint64(k[8:], i)
	return k
}

func TestLaws(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Harness {
		return storetest.Harness{
			Store:   memory.New(memory.Claims(1000), memory.Unverified(1000)),
			Restart: func(now time.Time) store.Store { return memory.New(memory.Epoch(now)) },
			Fill:    5000,
		}
	})
}

func TestConcurrency(t *testing.T) {
	storetest.RunConcurrency(t, func(*testing.T) storetest.Harness {
		return storetest.Harness{Store: memory.New()}
	})
}

// site is a store and the trips that the tests make.
type site struct {
	*testing.T
	*memory.Store
}

func newSite(t *testing.T, options ...memory.Option) site {
	return site{t, memory.New(append(options, memory.Epoch(noon))...)}
}

func (s site) spend(trip store.Trip) store.Result {
	s.Helper()
	r, err := s.Spend(context.Background(), trip)
	if err != nil {
		s.Fatal(err)
	}
	return r
}

func (s site) claim(now time.Time, i uint64, expires time.Time) store.Status {
	s.Helper()
	return s.spend(store.Trip{Now: now, Claims: []store.Claim{{Key: key(i), Expires: expires}}}).Status
}

// take takes one of five permits; one permit is regained each minute.
func (s site) take(now time.Time, i uint64) store.Result {
	s.Helper()
	return s.spend(store.Trip{Now: now, Takes: []store.Take{{Key: key(i), Every: time.Minute, Burst: 5}}})
}

func TestTripsAMinuteAheadHarmNoLiveClaim(t *testing.T) {
	s := newSite(t)
	for i := range uint64(1000) {
		if got := s.claim(noon, i, noon.Add(time.Second)); got != store.Granted {
			t.Fatalf("claim: status %d", got)
		}
	}
	for i := range uint64(10_000) { // enough to make the store make room
		s.claim(noon.Add(time.Minute), 1000+i, noon.Add(2*time.Minute))
	}
	for i := range uint64(1000) {
		if got := s.claim(noon, i, noon.Add(time.Second)); got != store.Spent {
			t.Fatalf("a live claim, of a trip that is a minute behind: status %d, want spent", got)
		}
		if got := s.claim(noon, 1e6+i, noon.Add(time.Second)); got != store.Granted {
			t.Fatalf("a new claim, of a trip that is a minute behind: status %d, want granted", got)
		}
	}
}

func TestTripsFarBehindGetNothingThatMayHaveBeenLetGoOf(t *testing.T) {
	s := newSite(t)
	for i := range uint64(1000) {
		s.claim(noon, i, noon.Add(time.Minute))
		s.take(noon, i)
	}
	for i := range uint64(10_000) {
		s.claim(noon.Add(time.Hour), 1000+i, noon.Add(2*time.Hour))
		s.take(noon.Add(time.Hour), 1000+i)
	}
	for i := range uint64(1000) {
		for _, expires := range []time.Time{noon.Add(time.Minute), noon.Add(3 * time.Hour)} {
			if got := s.claim(noon.Add(time.Second), i, expires); got != store.Spent && got != store.Forgotten {
				t.Fatalf("a claim that is live by the time of its trip: status %d, want spent or forgotten", got)
			}
		}
		granted := 0
		for range 6 {
			if s.take(noon.Add(time.Second), i).Status == store.Granted {
				granted++
			}
		}
		if granted > 4 {
			t.Fatalf("%d permits beside one that was taken a second ago, of a burst of 5", granted)
		}
	}
	if got := s.claim(noon.Add(time.Second), 5e6, noon.Add(time.Minute)); got != store.Forgotten {
		t.Errorf("an unknown claim, of a time before the floor: status %d, want forgotten", got)
	}
	if got := s.claim(noon.Add(time.Hour), 1e6, noon.Add(2*time.Hour)); got != store.Granted {
		t.Errorf("a new claim after the time has caught up: status %d, want granted", got)
	}
}

func TestMemoryBeginsWithTheStore(t *testing.T) {
	spend := func(s *memory.Store, i uint64, now, issued time.Time) store.Status {
		t.Helper()
		r, err := s.Spend(context.Background(), store.Trip{Now: now, Claims: []store.Claim{
			{Key: key(i), Issued: issued, Expires: now.Add(time.Hour)}}})
		if err != nil {
			t.Fatal(err)
		}
		return r.Status
	}
	before := time.Now()
	s := memory.New()
	after := time.Now()
	if got := spend(s, 1, after, before.Add(-time.Millisecond)); got != store.Forgotten {
		t.Errorf("issued before New: status %d, want forgotten", got)
	}
	if got := spend(s, 2, after, after.Truncate(time.Millisecond)); got != store.Granted {
		t.Errorf("issued after New, as told in milliseconds: status %d, want granted", got)
	}
	s = memory.New(memory.Epoch(noon.Add(999 * time.Microsecond)))
	if got := spend(s, 3, noon.Add(time.Second), noon); got != store.Granted {
		t.Errorf("issued after the epoch, as told in milliseconds: status %d, want granted", got)
	}
	if got := spend(s, 4, noon.Add(time.Second), noon.Add(-1)); got != store.Forgotten {
		t.Errorf("issued before the epoch: status %d, want forgotten", got)
	}
}

func TestTripsThatAreRefusedAsInvalid(t *testing.T) {
	s := newSite(t, memory.MaxLife(time.Hour))
	entries := func(n int) (takes []store.Take) {
		for i := range n {
			takes = append(takes, store.Take{Key: key(uint64(i)), Every: time.Second, Burst: 1})
		}
		return takes
	}
	lives := func(d time.Duration) []store.Claim { return []store.Claim{{Key: key(1), Expires: noon.Add(d)}} }
	rows := []struct {
		name  string
		trip  store.Trip
		valid bool
	}{
		{"a claim for the longest life", store.Trip{Now: noon, Claims: lives(time.Hour)}, true},
		{"a claim for longer", store.Trip{Now: noon, Claims: lives(time.Hour + 1)}, false},
		{"a claim for ever", store.Trip{Now: noon, Claims: []store.Claim{{Expires: time.Unix(1<<60, 0)}}}, false},
		{"as many entries as there may be", store.Trip{Now: noon, Takes: entries(memory.MaxEntries)}, true},
		{"one entry more", store.Trip{Now: noon, Takes: entries(memory.MaxEntries + 1)}, false},
		{"no time", store.Trip{}, false},
		{"the first time", store.Trip{Now: time.Unix(365*24*60*60, 0)}, true},
		{"a time before it", store.Trip{Now: time.Unix(365*24*60*60-1, 0)}, false},
		{"a time in 2150", store.Trip{Now: time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC)}, true},
		{"the last time", store.Trip{Now: time.Unix(230*365*24*60*60, 0)}, true},
		{"a time after it", store.Trip{Now: time.Unix(230*365*24*60*60, 1)}, false},
		{"the shortest span of a limit", store.Trip{Now: noon, Takes: []store.Take{{Key: key(99), Every: 1, Burst: 1}}}, true},
		{"a time of long ago", store.Trip{Now: time.Unix(0, 0)}, false},
		{"a time far ahead", store.Trip{Now: time.Unix(1<<60, 0)}, false},
		{"a burst of ten years", store.Trip{Now: noon, Takes: []store.Take{{Every: 24 * time.Hour, Burst: 3650}}}, true},
		{"a burst of more", store.Trip{Now: noon, Takes: []store.Take{{Every: 24 * time.Hour, Burst: 3651}}}, false},
		{"a burst beyond 64 bits", store.Trip{Now: noon, Takes: []store.Take{{Every: time.Hour, Burst: math.MaxInt}}}, false},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r, err := s.Spend(context.Background(), row.trip)
			switch {
			case row.valid && (err != nil || r.Status != store.Granted):
				t.Errorf("%+v, %v; want granted", r, err)
			case !row.valid && (!errors.Is(err, store.ErrInvalidTrip) || r != store.Result{}):
				t.Errorf("%+v, %v; want ErrInvalidTrip", r, err)
			}
		})
	}
}

func TestEndsOfClaims(t *testing.T) {
	s := newSite(t)
	s.claim(noon, 1, noon.Add(time.Minute))
	if got := s.claim(noon.Add(time.Minute), 1, noon.Add(time.Hour)); got != store.Granted {
		t.Errorf("when an earlier claim of the key ends: status %d, want granted", got)
	}
	for _, expires := range []time.Time{{}, time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC), noon} {
		if got := s.claim(noon, 2, expires); got != store.Forgotten {
			t.Errorf("a claim that ends at %v: status %d, want forgotten", expires, got)
		}
	}
}

// A cost of more than the burst waits no longer than a cost of one more.
func TestACostOverTheBurstIsOneOverIt(t *testing.T) {
	s := newSite(t)
	take := store.Take{Key: key(1), Every: time.Minute, Burst: 5, Cost: 100}
	if r := s.spend(store.Trip{Now: noon, Takes: []store.Take{take}}); r.Status != store.Limited || r.Wait != time.Minute {
		t.Errorf("%+v, want a wait of a minute", r)
	}
}

func TestTheZeroStoreRefuses(t *testing.T) {
	var s memory.Store
	if r, err := s.Spend(context.Background(), store.Trip{Now: noon}); err == nil || r.Status == store.Granted {
		t.Errorf("%+v, %v; want an error", r, err)
	}
}

func TestAFullPoolIsNamed(t *testing.T) {
	rows := map[store.Pool]string{store.Signed: "signed", store.Unverified: "unverified"}
	for pool, name := range rows {
		s := memory.New(memory.Claims(0), memory.Unverified(-1))
		_, err := s.Spend(context.Background(), store.Trip{Now: noon, Claims: []store.Claim{{Pool: pool, Expires: noon.Add(1)}}})
		if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), " "+name+" ") {
			t.Errorf("%v; want ErrFull and that it is the pool of %s claims", err, name)
		}
	}
}

func TestThereIsRoomForAsManyClaimsAsAskedFor(t *testing.T) {
	for _, most := range []uint64{1, 64, 1000, 8000, 100_000} {
		s := newSite(t, memory.Claims(int(most)))
		for i := range most {
			if got := s.claim(noon, i, noon.Add(time.Hour)); got != store.Granted { // fails on an error too
				t.Fatalf("claim %d of %d: status %d", i, most, got)
			}
		}
	}
}

func TestAFullPoolHasRoomAgainWhenClaimsHaveExpired(t *testing.T) {
	s := newSite(t, memory.Claims(10_000))
	var full error
	for i := uint64(0); full == nil; i++ {
		expires := noon.Add(time.Minute + time.Duration(i%2)*time.Hour)
		_, full = s.Spend(context.Background(), store.Trip{Now: noon, Claims: []store.Claim{{Key: key(i), Expires: expires}}})
	}
	later := noon.Add(3 * time.Minute) // half of them expired more than a minute ago
	for i := range uint64(3000) {
		s.claim(later, 1e6+i, later.Add(time.Hour))
	}
}

// If more keys owe permits than fit, the store removes those that owe least. Their taken
// permits still count.
func TestOverfullLimitsNeverGrantMore(t *testing.T) {
	s := newSite(t, memory.Limits(64))
	const keys = 5000
	var granted [keys]int
	for round := range 8 {
		for i := range granted {
			now := noon.Add(time.Duration(round*keys+i) * time.Microsecond) // less than a second in all
			if s.take(now, uint64(i)).Status == store.Granted {
				granted[i]++
			}
		}
	}
	for i, n := range granted {
		if n > 5 {
			t.Fatalf("key %d was granted %d permits of a burst of 5", i, n)
		}
	}
}

// An attacker who has sent from three times as many keys as fit takes at most the newest
// part of the burst from others, and only for a short time.
func TestOverfullLimitsDoNotShutOutNewKeys(t *testing.T) {
	const most = 6400
	s := newSite(t, memory.Limits(most))
	for i := range uint64(3 * most) {
		s.take(noon.Add(time.Duration(i)*time.Millisecond), i)
	}
	now := noon.Add(3 * most * time.Millisecond)
	for i := range uint64(1000) {
		for n := range 3 {
			if s.take(now, 1e6+i).Status != store.Granted {
				t.Fatalf("permit %d of 5 was refused to a key that sent nothing else", n+1)
			}
		}
	}
	now = now.Add(10 * time.Minute)
	for i := range uint64(100) {
		for n := range 5 {
			if s.take(now, 2e6+i).Status != store.Granted {
				t.Fatalf("permit %d of 5 was refused after all debts have ended", n+1)
			}
		}
	}
}

func TestAFloodTakesBoundedMemory(t *testing.T) {
	s := newSite(t, memory.Claims(10_000), memory.Unverified(10_000), memory.Limits(10_000))
	before := heap()
	for i := range uint64(50_000) {
		s.Spend(context.Background(), store.Trip{Now: noon, Claims: []store.Claim{{Key: key(i), Expires: noon.Add(time.Hour)}}})
		s.Spend(context.Background(), store.Trip{Now: noon, Claims: []store.Claim{{Key: key(i), Pool: store.Unverified, Expires: noon.Add(time.Hour)}}})
		s.take(noon, i)
	}
	if grown := heap() - before; grown > 3*10_000*36 {
		t.Errorf("%d bytes for 3 × 10 000 entries and a flood", grown)
	}
	runtime.KeepAlive(s)
}

func TestATripDoesNotAllocate(t *testing.T) {
	s := newSite(t)
	var claims [3]store.Claim
	var takes [5]store.Take
	var i uint64
	spend := func() {
		for n := range claims {
			i++
			claims[n] = store.Claim{Key: key(i), Pool: store.Pool(n % 2), Issued: noon, Expires: noon.Add(time.Hour)}
		}
		for n := range takes {
			i++
			takes[n] = store.Take{Key: key(i), Every: time.Second, Burst: 10}
		}
		s.Spend(context.Background(), store.Trip{Now: noon, Claims: claims[:], Takes: takes[:]})
	}
	for range 10_000 {
		spend() // growing tables allocate, so let them grow first
	}
	if n := testing.AllocsPerRun(1000, spend); n != 0 {
		t.Errorf("%v allocations a trip of eight keys", n)
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
