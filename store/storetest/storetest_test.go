package storetest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/storetest"
)

// plain is the simplest store that keeps the laws. Each mutant of it breaks one.
type plain struct {
	mu     sync.Mutex
	claims map[claimKey]time.Time
	tats   map[store.Key]time.Time
	epoch  time.Time
	most   int
	order  []claimKey

	// What is broken.
	checkThenSet     bool // looks and writes under two locks
	evicts           bool // forgets the oldest claim when full
	takesFirst       bool // takes permits before it looks at the claims
	spendsOnRefusal  bool // writes the claims although a limit refuses
	halfSpends       bool // writes only the first claim of a trip
	halfTakes        bool // takes only the first limit of a trip
	limitsFirst      bool // tells a limit before a replay
	mixesPools       bool
	forgetsEarly     bool // keeps a claim for half its life
	keepsExpired     bool // never lets a claim expire
	ignoresEpoch     bool // accepts what was issued before a restart
	fixedWindow      bool // refills the whole burst at once
	wrongWait        bool
	ignoresCost      bool
	ignoresContext   bool
	acceptsNonsense  bool
	keepsSlices      bool // looks at the caller's slice later
	dropsOnExpiry    bool // an expiring claim takes all others along
	noClaimAtAll     bool
	retained         [][]store.Claim
	locksInTripOrder bool // locks key by key, in the order of the trip
	locks            sync.Map
	windows          map[store.Key]int
}

type claimKey struct {
	key  store.Key
	pool store.Pool
}

func (s *plain) Spend(ctx context.Context, trip store.Trip) (store.Result, error) {
	if err := ctx.Err(); err != nil && !s.ignoresContext {
		return store.Result{}, err
	}
	if !valid(trip) && !s.acceptsNonsense {
		return store.Result{}, store.ErrInvalidTrip
	}
	if s.locksInTripOrder {
		for _, t := range trip.Takes {
			lock, _ := s.locks.LoadOrStore(t.Key, new(sync.Mutex))
			lock.(*sync.Mutex).Lock()
			defer lock.(*sync.Mutex).Unlock()
			time.Sleep(time.Microsecond)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, slice := range s.retained {
		for _, c := range slice {
			s.claims[s.keyOf(c)] = c.Expires
		}
	}
	if s.keepsSlices {
		s.retained = append(s.retained, trip.Claims)
		defer func() { s.claims = map[claimKey]time.Time{} }()
	}
	var limited store.Result
	if s.takesFirst {
		if limited = s.lookLimits(trip); limited.Status == 0 {
			for _, t := range trip.Takes {
				s.take(t, trip.Now)
			}
		}
	}
	if s.limitsFirst {
		if r := s.lookLimits(trip); r.Status != 0 {
			return r, nil
		}
	}
	if r := s.lookClaims(trip); r.Status != 0 {
		return r, nil
	}
	if s.checkThenSet {
		s.mu.Unlock()
		time.Sleep(10 * time.Microsecond)
		s.mu.Lock()
	}
	if limited.Status != 0 {
		return limited, nil
	}
	if !s.takesFirst {
		if r := s.lookLimits(trip); r.Status != 0 {
			if s.spendsOnRefusal {
				s.write(trip.Claims, trip.Now)
			}
			return r, nil
		}
	}
	if s.checkThenSet {
		s.mu.Unlock()
		time.Sleep(10 * time.Microsecond)
		s.mu.Lock()
	}
	if err := s.write(trip.Claims, trip.Now); err != nil {
		return store.Result{}, err
	}
	if !s.takesFirst {
		for i, t := range trip.Takes {
			if i == 0 || !s.halfTakes {
				s.take(t, trip.Now)
			}
		}
	}
	return store.Result{Status: store.Granted}, nil
}

func valid(trip store.Trip) bool {
	seen := map[any]bool{}
	for _, c := range trip.Claims {
		k := claimKey{c.Key, c.Pool}
		if c.Pool > store.Unverified || seen[k] {
			return false
		}
		seen[k] = true
	}
	for _, t := range trip.Takes {
		if t.Every <= 0 || t.Burst < 1 || t.Cost < 0 || seen[t.Key] {
			return false
		}
		seen[t.Key] = true
	}
	return true
}

func (s *plain) keyOf(c store.Claim) claimKey {
	if s.mixesPools {
		return claimKey{c.Key, 0}
	}
	return claimKey{c.Key, c.Pool}
}

func (s *plain) lookClaims(trip store.Trip) store.Result {
	for i, c := range trip.Claims {
		expires, found := s.claims[s.keyOf(c)]
		switch {
		case !c.Issued.IsZero() && c.Issued.Before(s.epoch) && !s.ignoresEpoch:
			return store.Result{Status: store.Forgotten, Index: i}
		case !c.Expires.After(trip.Now) && !s.keepsExpired:
			return store.Result{Status: store.Forgotten, Index: i}
		case found && (expires.After(trip.Now) || s.keepsExpired):
			return store.Result{Status: store.Spent, Index: i}
		}
	}
	return store.Result{}
}

func (s *plain) lookLimits(trip store.Trip) store.Result {
	for i, t := range trip.Takes {
		if wait := s.wait(t, trip.Now); wait > 0 {
			if s.wrongWait {
				wait *= 2
			}
			return store.Result{Status: store.Limited, Index: i, Wait: wait}
		}
	}
	return store.Result{}
}

func (s *plain) cost(t store.Take) time.Duration {
	if s.ignoresCost {
		return 1
	}
	return time.Duration(max(t.Cost, 1))
}

func (s *plain) wait(t store.Take, now time.Time) time.Duration {
	if s.cost(t) > time.Duration(t.Burst) {
		return time.Hour
	}
	if s.fixedWindow {
		window := now.Truncate(t.Every)
		if s.tats[t.Key] != window {
			s.tats[t.Key], s.windows[t.Key] = window, 0
		}
		if s.windows[t.Key]+int(s.cost(t)) > t.Burst {
			return window.Add(t.Every).Sub(now)
		}
		return 0
	}
	return s.next(t, now).Sub(now) - time.Duration(t.Burst)*t.Every
}

func (s *plain) next(t store.Take, now time.Time) time.Time {
	tat := s.tats[t.Key]
	if tat.Before(now) {
		tat = now
	}
	return tat.Add(s.cost(t) * t.Every)
}

func (s *plain) take(t store.Take, now time.Time) {
	if s.fixedWindow {
		s.windows[t.Key] += int(s.cost(t))
		return
	}
	s.tats[t.Key] = s.next(t, now)
}

func (s *plain) write(claims []store.Claim, now time.Time) error {
	for k, expires := range s.claims {
		if !expires.After(now) && !s.keepsExpired {
			delete(s.claims, k)
			if s.dropsOnExpiry {
				clear(s.claims)
			}
		}
	}
	for i, c := range claims {
		if s.noClaimAtAll || s.halfSpends && i > 0 {
			continue
		}
		if len(s.claims) >= s.most {
			if !s.evicts {
				return store.ErrFull
			}
			delete(s.claims, s.order[0])
			s.order = s.order[1:]
		}
		expires := c.Expires
		if s.forgetsEarly {
			expires = now.Add(c.Expires.Sub(now) / 2)
		}
		s.claims[s.keyOf(c)] = expires
		s.order = append(s.order, s.keyOf(c))
	}
	return nil
}

func newPlain(mutate func(*plain)) storetest.Harness {
	s := &plain{claims: map[claimKey]time.Time{}, tats: map[store.Key]time.Time{}, windows: map[store.Key]int{}, most: 5000}
	mutate(s)
	return storetest.Harness{
		Store: s,
		Fill:  5100,
		Restart: func(now time.Time) store.Store {
			again := newPlain(mutate).Store.(*plain)
			again.epoch = now
			return again
		},
	}
}

func TestPlainStoreKeepsTheLaws(t *testing.T) {
	open := func(storetest.T) storetest.Harness { return newPlain(func(*plain) {}) }
	storetest.Run(t, open)
	storetest.RunConcurrency(t, open)
}

// TestEachLawCanFail breaks the plain store in one way at a time: the law that
// forbids it must fail, and each law must have a mutant.
func TestEachLawCanFail(t *testing.T) {
	const deadlock = "trips that need the same keys in another order do not wait for each other"
	mutants := []struct {
		name   string
		law    string
		mutate func(*plain)
	}{
		{"claims are not kept", "a claim is first once", func(s *plain) { s.noClaimAtAll = true }},
		{"claims are kept for half their life", "a claim is remembered until it expires", func(s *plain) { s.forgetsEarly = true }},
		{"claims never expire", "a claim is remembered until it expires", func(s *plain) { s.keepsExpired = true }},
		{"one expiry clears all", "a live claim outlives others that expire", func(s *plain) { s.dropsOnExpiry = true }},
		{"pools share claims", "pools do not mix", func(s *plain) { s.mixesPools = true }},
		{"a restart goes unnoticed", "what was issued before the memory began is forgotten", func(s *plain) { s.ignoresEpoch = true }},
		{"a fixed window", "a limit is GCRA to the nanosecond", func(s *plain) { s.fixedWindow = true }},
		{"a wait that is too long", "a limit is GCRA to the nanosecond", func(s *plain) { s.wrongWait = true }},
		{"every cost is one", "a cost is taken whole or not at all", func(s *plain) { s.ignoresCost = true }},
		{"claims are written although a limit refuses", "refused by a limit, nothing is spent", func(s *plain) { s.spendsOnRefusal = true }},
		{"permits are taken before the claims are looked at", "refused by a claim, nothing is spent", func(s *plain) { s.takesFirst = true }},
		{"limits are looked at before claims", "a replay over a limit is told as a replay", func(s *plain) { s.limitsFirst = true }},
		{"only the first claim is written", "what was granted is spent whole", func(s *plain) { s.halfSpends = true }},
		{"only the first limit is taken", "what was granted is spent whole", func(s *plain) { s.halfTakes = true }},
		{"the caller's slice is kept", "the slices of a trip are the caller's again", func(s *plain) { s.keepsSlices = true }},
		{"the oldest claim makes room", "a full store refuses and forgets nothing", func(s *plain) { s.evicts = true }},
		{"an ended context is ignored", "a context that has ended is an error and spends nothing", func(s *plain) { s.ignoresContext = true }},
		{"nonsense is accepted", "an invalid trip is an error and spends nothing", func(s *plain) { s.acceptsNonsense = true }},
		{"check, then set", "of many claims at once, one is first", func(s *plain) { s.checkThenSet = true }},
		{"check, then set", "many takes at once get what the burst holds", func(s *plain) { s.checkThenSet = true }},
		{"check, then set", "many trips at once spend all or nothing", func(s *plain) { s.checkThenSet = true }},
		{"locks are taken in the order of the trip", deadlock, func(s *plain) { s.locksInTripOrder = true }},
	}
	tried := map[string]bool{}
	laws := map[string]storetest.Law{}
	for _, law := range append(storetest.Laws(), storetest.ConcurrencyLaws()...) {
		laws[law.Name] = law
	}
	for _, m := range mutants {
		t.Run(m.name+": "+m.law, func(t *testing.T) {
			law, found := laws[m.law]
			if !found {
				t.Fatalf("there is no law %q", m.law)
			}
			tried[m.law] = true
			h := newPlain(m.mutate)
			h.Patience = 2 * time.Second
			if failures := check(law, h); len(failures) == 0 {
				t.Errorf("the law holds for a store that breaks it")
			}
		})
	}
	for name := range laws {
		if !tried[name] {
			t.Errorf("no mutant shows that the law %q can fail", name)
		}
	}
}

// recorder is a T that notes failures instead of failing.
type recorder struct {
	failures []string
}

type stopped struct{}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(stopped{})
}

func check(law storetest.Law, h storetest.Harness) []string {
	r := &recorder{}
	func() {
		defer func() {
			if p := recover(); p != nil {
				if _, is := p.(stopped); !is {
					panic(p)
				}
			}
		}()
		law.Check(r, h)
	}()
	return r.failures
}
