package memory_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
)

// reference is the simplest store that keeps the laws. It never removes
// anything.
type reference struct {
	claims map[claimKey]time.Time  // when they expire
	ends   map[store.Key]time.Time // when all permits are back
}

type claimKey struct {
	store.Key
	store.Pool
}

func newReference() *reference {
	return &reference{claims: map[claimKey]time.Time{}, ends: map[store.Key]time.Time{}}
}

func (m *reference) look(trip store.Trip) store.Result {
	for i, c := range trip.Claims {
		switch {
		case !c.Expires.After(trip.Now), !c.Issued.IsZero() && c.Issued.Before(noon):
			return store.Result{Status: store.Forgotten, Index: i}
		case m.claims[claimKey{c.Key, c.Pool}].After(trip.Now):
			return store.Result{Status: store.Spent, Index: i}
		}
	}
	for i, t := range trip.Takes {
		if !t.Back.IsZero() || t.Force {
			continue
		}
		cost := min(max(t.Cost, 1), t.Burst+1)
		if wait := m.end(t, cost, trip.Now).Sub(trip.Now) - time.Duration(t.Burst)*t.Every; wait > 0 {
			return store.Result{Status: store.Limited, Index: i, Wait: wait}
		}
	}
	return store.Result{Status: store.Granted}
}

func (m *reference) spend(trip store.Trip) {
	for _, c := range trip.Claims {
		m.claims[claimKey{c.Key, c.Pool}] = c.Expires
	}
	for _, t := range trip.Takes {
		if !t.Back.IsZero() {
			m.giveBack(t, trip.Now)
			continue
		}
		if t.Force {
			m.force(t, trip.Now)
			continue
		}
		m.ends[t.Key] = m.end(t, max(t.Cost, 1), trip.Now)
	}
}

func (m *reference) force(t store.Take, now time.Time) {
	start := m.end(t, 0, now)
	end := start.Add(time.Duration(min(max(t.Cost, 1), 2*t.Burst)) * t.Every)
	if most := now.Add(3 * time.Duration(t.Burst) * t.Every); end.After(most) {
		end = most
	}
	if start.After(end) {
		end = start
	}
	m.ends[t.Key] = end
}

func (m *reference) giveBack(t store.Take, now time.Time) {
	owed := time.Duration(min(max(t.Cost, 1), t.Burst))*t.Every - max(now.Sub(t.Back), 0)
	if end := m.ends[t.Key]; owed > 0 && end.After(now) {
		if end = end.Add(-owed); end.Before(now) {
			end = now
		}
		m.ends[t.Key] = end
	}
}

func (m *reference) end(t store.Take, cost int, now time.Time) time.Time {
	end := m.ends[t.Key]
	if end.Before(now) {
		end = now
	}
	return end.Add(time.Duration(cost) * t.Every)
}

// program makes trips from bytes: eight bytes for a number of similar
// trips.
type program struct {
	bytes []byte
	ops   int
	now   time.Time
}

const opSize = 8

func (p *program) next() (op []byte, ok bool) {
	if p.ops++; len(p.bytes) < opSize || p.ops > 50 {
		return nil, false
	}
	op, p.bytes = p.bytes[:opSize], p.bytes[opSize:]
	return op, true
}

// trip returns the nth trip of op, at a time.
func trip(op []byte, n int, now time.Time) store.Trip {
	trip := store.Trip{Now: now}
	first := uint64(op[1]) + uint64(n)*uint64(1+op[0]>>6)
	for i := range uint64(op[0] & 3) {
		c := store.Claim{Key: key(first + 3*i), Pool: store.Pool(op[2] >> 7), Expires: now.Add(time.Duration(op[2]&127)*time.Second + time.Duration(op[3]))}
		if op[4]&1 == 1 {
			c.Issued = now.Add(-time.Duration(op[4]) * time.Second)
		}
		trip.Claims = append(trip.Claims, c)
	}
	for i := range uint64(op[0] >> 2 & 3) {
		trip.Takes = append(trip.Takes, store.Take{
			Key: key(first + 5*i), Every: time.Duration(1+int(op[3])) * 100 * time.Millisecond,
			Burst: 1 + int(op[4]>>4), Cost: int(op[4] & 15),
		})
		trip.Takes[i].Force = op[2]&3 == 2 && i == 0
		if op[2]&3 == 3 && i == 0 {
			trip.Takes[0].Back = now.Add(-time.Duration(op[2]>>2) * 50 * time.Millisecond)
		}
	}
	return trip
}

func seeds(f *testing.F) {
	f.Add([]byte("\x01\x00\x10\x00\x00\x01\x00\x00\x01\x00\x10\x00\x00\x01\x00\x00"))     // a claim, again
	f.Add([]byte("\x04\x07\x00\x20\x31\x05\x02\x00\x0d\x07\x3c\x09\x52\x40\x01\x00"))     // limits, then all kinds
	f.Add([]byte("\x45\x00\x3f\x80\x40\xff\x00\x00\x45\x00\x3f\x80\x40\xff\xff\x03"))     // many keys, later again
	f.Add([]byte("\x8f\x10\xff\xff\x95\xff\x80\x7f\x41\x20\x02\x01\x00\xff\x10\x80\x8f")) // ahead and back
}

// The law: for any trips, if their times are out of order by less than a minute, the
// store gives the answers of the reference.
func FuzzAnswersLikeTheReference(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, bytes []byte) {
		s, m := memory.New(memory.Epoch(noon)), newReference()
		p := program{bytes: bytes, now: noon.Add(time.Minute)}
		for op, ok := p.next(); ok; op, ok = p.next() {
			p.now = p.now.Add(time.Duration(op[6]) * 500 * time.Millisecond)
			now := p.now.Add(-time.Duration(op[7]) * 230 * time.Millisecond) // 58.65 s at most
			for n := range 1 + int(op[5]) {
				trip := trip(op, n, now)
				got, err := s.Spend(context.Background(), trip)
				if err != nil {
					t.Fatal(err)
				}
				want := m.look(trip)
				if got != want {
					t.Fatalf("trip %+v: got %+v, want %+v", trip, got, want)
				}
				if got.Status == store.Granted {
					m.spend(trip)
				}
			}
		}
	})
}

// The law: a store that is too small, with a clock that jumps, grants only trips that the
// reference grants.
func FuzzGrantsNoMoreThanTheReference(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, bytes []byte) {
		s := memory.New(memory.Epoch(noon), memory.Claims(200), memory.Unverified(64), memory.Limits(64))
		m := newReference()
		p := program{bytes: bytes, now: noon.Add(time.Hour)}
		for op, ok := p.next(); ok; op, ok = p.next() {
			p.now = p.now.Add(time.Duration(int8(op[6])) * time.Duration(op[7]) * 100 * time.Millisecond) // up to an hour on or back
			for n := range 1 + 4*int(op[5]) {
				trip := trip(op, n, p.now)
				got, err := s.Spend(context.Background(), trip)
				switch want := m.look(trip); {
				case errors.Is(err, store.ErrFull):
				case err != nil:
					t.Fatal(err)
				case got.Status == store.Granted && want.Status != store.Granted:
					t.Fatalf("trip %+v: granted, want %+v", trip, want)
				case got.Status == store.Granted:
					m.spend(trip)
				case got.Status == store.Spent && m.claims[claimKey{trip.Claims[got.Index].Key, trip.Claims[got.Index].Pool}].IsZero():
					t.Fatalf("trip %+v: spent, but never claimed", trip)
				}
			}
		}
	})
}
