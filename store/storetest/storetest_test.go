package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/storetest"
)

func TestThePlainStoreKeepsTheLaws(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Harness { return openPlain("", little) })
	storetest.RunConcurrency(t, func(*testing.T) storetest.Harness { return openPlain("", much) })
}

// A store that many processes share has its own clock, which runs on between two
// trips.
func TestAStoreWithItsOwnClockKeepsTheLaws(t *testing.T) {
	open := func(room int) storetest.Harness {
		h := openPlain("", room)
		now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		var mu sync.Mutex
		h.Advance = func(d time.Duration) {
			mu.Lock()
			defer mu.Unlock()
			now = now.Add(d)
		}
		h.Now = func() time.Time {
			h.Advance(time.Microsecond)
			mu.Lock()
			defer mu.Unlock()
			return now
		}
		h.Slack = time.Second
		h.Store.(*plain).clock = h.Now
		return h
	}
	storetest.Run(t, func(*testing.T) storetest.Harness { return open(little) })
	storetest.RunConcurrency(t, func(*testing.T) storetest.Harness { return open(much) })
}

// Each mutant breaks the plain store in one way. The law that forbids it must
// fail, and every law needs a mutant.
func TestEachLawFailsForAStoreThatBreaksIt(t *testing.T) {
	mutants := []struct {
		fault fault
		law   string
	}{
		{keepsNoClaims, "a claim is first once"},
		{comparesHalf, "keys are compared whole"},
		{forgetsEarly, "a claim is remembered until it expires"},
		{believesLongerLife, "a claim is remembered until it expires"},
		{neverForgets, "an expired claim is forgotten and never granted"},
		{grantsExpired, "an expired claim is forgotten and never granted"},
		{sweepsAll, "a live claim outlives others that expire"},
		{mixesPools, "pools do not mix"},
		{ignoresEpoch, "what was issued before the memory began is forgotten"},
		{goesByLatestClock, "a clock that goes back grants nothing twice"},
		{evicts, "a full pool refuses and forgets nothing"},
		{grantsUnkept, "a full pool refuses and forgets nothing"},
		{hidesFull, "a full pool refuses and forgets nothing"},
		{sharesRoom, "a full pool leaves the other its room"},
		{keepsUntilFull, "a trip that finds a pool full spends nothing"},

		{fixedWindow, "a limit lets its burst through and then one each Every"},
		{grantsTooLate, "a limit lets its burst through and then one each Every"},
		{waitsForAll, "a refused take is granted when its wait is over and not before"},
		{countsSeconds, "any history of a limit is that of GCRA"},
		{savesUp, "a long rest regains the burst and no more"},
		{countsCallsOnly, "a cost is taken whole or not at all"},
		{takesTheRest, "a cost is taken whole or not at all"},
		{freeOfCost, "no cost means one"},
		{overdraws, "a cost above the burst is never granted and takes nothing"},
		{ignoresForce, "a forced take is granted and counts"},
		{countsNoForce, "a forced take is granted and counts"},
		{forcesWithoutEnd, "forced takes make a key owe at most three times its burst"},
		{keepsAll, "what is given back can be taken again"},
		{asksForWhatComesBack, "what is given back can be taken again"},
		{givesToTheRested, "what is given back can be taken again"},
		{givesTwice, "taking and giving back gains nothing"},
		{limitsAllAsOne, "keys are limited apart"},
		{oneKeySpace, "a limit and a claim of one key do not mix"},

		{keepsFirstClaim, "what is granted is spent whole"},
		{takesFirstLimit, "what is granted is spent whole"},
		{claimsThenLooks, "refused by a limit nothing is spent"},
		{takesOneByOne, "refused by a limit nothing is spent"},
		{takesThenLooks, "refused by a claim nothing is spent"},
		{claimsOneByOne, "refused by a claim nothing is spent"},
		{limitsFirst, "a replay over a limit is told as a replay"},
		{namesNone, "a refusal names the first that refused"},
		{namesLast, "a refusal names the first that refused"},
		{saysNothing, "a grant is told by its status and nothing else"},
		{saysTooMuch, "a grant is told by its status and nothing else"},
		{keepsSlices, "the slices of a trip are the caller's"},
		{writesSlices, "the slices of a trip are the caller's"},
		{ignoresContext, "a context that has ended is an error and spends nothing"},
		{asksContextLate, "a context that has ended is an error and spends nothing"},
		{acceptsNonsense, "an invalid trip is an error and spends nothing"},
		{validatesLate, "an invalid trip is an error and spends nothing"},
		{acceptsNoTime, "a trip that does not say the time is invalid"},

		{checksThenSets, "of many claims at once one is first"},
		{checksThenSets, "many takes at once get what the burst holds"},
		{checksThenSets, "many trips at once spend all or nothing"},
		{undoes, "what a refused trip asked for is never seen as spent"},
		{locksAsAsked, "trips for the same keys in any order do not wait for each other"},
		{losesWrites, "no claim gets lost among many at once"},
	}
	laws, rooms := map[string]storetest.Law{}, map[string]int{}
	for _, law := range storetest.Laws() {
		laws[law.Name], rooms[law.Name] = law, little
	}
	for _, law := range storetest.ConcurrencyLaws() {
		laws[law.Name], rooms[law.Name] = law, much
	}
	tried := map[string]bool{}
	for _, m := range mutants {
		t.Run(string(m.fault), func(t *testing.T) {
			h := openPlain(m.fault, rooms[m.law])
			defer h.Store.(*plain).stop.Store(true)
			h.Patience = 100 * time.Millisecond
			law, found := laws[m.law]
			if !found || !law.Applies(h) {
				t.Fatalf("no such law for this store: %q", m.law)
			}
			if failures := check(law, h); len(failures) == 0 {
				t.Errorf("the law %q holds for a store that breaks it", m.law)
			} else {
				t.Logf("%s: %s", m.law, failures[0])
			}
			tried[m.law] = true
		})
	}
	for name := range laws {
		if !tried[name] {
			t.Errorf("no mutant shows that the law %q can fail", name)
		}
	}
}

// fault is one way in which a plain store can be broken; "" means none.
type fault string

const (
	keepsNoClaims      fault = "keeps no claims"
	comparesHalf       fault = "compares half of a key"
	forgetsEarly       fault = "keeps a claim for half its life"
	believesLongerLife fault = "treats a claim with a later expiry as a different claim"
	neverForgets       fault = "reports an expired claim as spent"
	grantsExpired      fault = "ignores the expiry of a claim"
	sweepsAll          fault = "removes all claims when one expires"
	mixesPools         fault = "has only one pool"
	ignoresEpoch       fault = "ignores the time of issue"
	goesByLatestClock  fault = "removes claims by the time of the latest trip"
	evicts             fault = "forgets a live claim to make room"
	grantsUnkept       fault = "grants a claim without room to store it"
	hidesFull          fault = "does not report that it is full"
	sharesRoom         fault = "has one bound for both pools"
	keepsUntilFull     fault = "keeps the claims of a trip until it is full"

	fixedWindow          fault = "regains the whole burst at once"
	grantsTooLate        fault = "grants a permit a moment too late"
	waitsForAll          fault = "reports the wait for the whole burst"
	countsSeconds        fault = "reads the time in seconds"
	savesUp              fault = "lets a key save up more than the burst"
	countsCallsOnly      fault = "takes one permit for any cost"
	takesTheRest         fault = "takes the remaining permits if the cost is higher"
	freeOfCost           fault = "takes nothing for a cost of 0"
	overdraws            fault = "grants a cost above the burst to a rested key"
	ignoresForce         fault = "refuses a forced take"
	countsNoForce        fault = "grants a forced take and forgets it"
	forcesWithoutEnd     fault = "lets a key owe as much as is forced"
	keepsAll             fault = "gives nothing back"
	asksForWhatComesBack fault = "takes what should be given back"
	givesToTheRested     fault = "lets a key save up what is given back"
	givesTwice           fault = "gives back what the key has regained"

	limitsAllAsOne fault = "has one limit for all keys"
	oneKeySpace    fault = "reports a limited key as claimed"

	keepsFirstClaim fault = "stores the first claim of a refused trip"
	takesFirstLimit fault = "takes the first limit of a refused trip"
	claimsThenLooks fault = "stores the claims before it checks the limits"
	takesOneByOne   fault = "takes each limit before it checks the next"
	takesThenLooks  fault = "takes the limits before it checks the claims"
	claimsOneByOne  fault = "stores each claim before it checks the next"
	limitsFirst     fault = "checks the limits first"
	namesNone       fault = "reports no index"
	namesLast       fault = "reports the last index that refuses"
	saysNothing     fault = "reports a grant with an empty result"
	saysTooMuch     fault = "reports a grant with an index"
	keepsSlices     fault = "keeps the slices of a trip"
	writesSlices    fault = "writes to the slices of a trip"
	ignoresContext  fault = "ignores the context"
	asksContextLate fault = "checks the context after the work"
	acceptsNonsense fault = "does not validate a trip"
	validatesLate   fault = "validates a trip after the work"
	acceptsNoTime   fault = "accepts a trip without a time"

	checksThenSets fault = "checks and sets under two locks"
	undoes         fault = "writes the claims and undoes them"
	locksAsAsked   fault = "locks keys in the order of the trip"
	losesWrites    fault = "loses writes at the same time"
)

// plain is the simplest store that keeps the laws, unless it has a fault.
type plain struct {
	fault fault
	room  int // for claims of one pool
	epoch time.Time
	clock func() time.Time // nil: Trip.Now

	mu     sync.Mutex
	claims map[claimKey]time.Time  // when they expire
	ends   map[store.Key]time.Time // when all permits are back

	// For some faults.
	latest  time.Time
	held    []store.Trip
	locks   sync.Map
	running atomic.Int32
	stop    atomic.Bool
}

type claimKey struct {
	store.Key
	store.Pool
}

const (
	little = 500    // so that it is soon full
	much   = 10_000 // as RunConcurrency requires
)

func openPlain(f fault, room int) storetest.Harness {
	open := func(epoch time.Time) *plain {
		return &plain{fault: f, room: room, epoch: epoch, claims: map[claimKey]time.Time{}, ends: map[store.Key]time.Time{}}
	}
	return storetest.Harness{
		Store:   open(time.Time{}),
		Restart: func(now time.Time) store.Store { return open(now) },
		Fill:    2*room + 100,
	}
}

func (s *plain) Spend(ctx context.Context, trip store.Trip) (store.Result, error) {
	if s.clock != nil {
		trip.Now = s.clock()
	}
	ended, invalid := ctx.Err(), validate(trip)
	if trip.Now.IsZero() && s.fault != acceptsNoTime {
		invalid = store.ErrInvalidTrip
	}
	switch s.fault {
	case ignoresContext, asksContextLate:
	case acceptsNonsense, validatesLate:
	default:
		if err := errors.Join(ended, invalid); err != nil {
			return store.Result{}, err
		}
	}
	if s.fault == locksAsAsked {
		defer s.lockAsAsked(trip)()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disturb(&trip)

	result, err := s.spend(trip)
	switch {
	case s.fault == asksContextLate && ended != nil:
		return store.Result{}, ended
	case s.fault == validatesLate && invalid != nil:
		return store.Result{}, invalid
	}
	return result, err
}

// spend performs a trip, under the lock.
func (s *plain) spend(trip store.Trip) (store.Result, error) {
	if s.fault == limitsFirst {
		if r := s.lookAtTakes(trip); r.Status != store.Granted {
			return r, nil
		}
	}
	if s.fault == takesThenLooks && s.lookAtTakes(trip).Status == store.Granted {
		s.take(trip.Takes, trip.Now)
		trip.Takes = nil
	}
	if r := s.lookAtClaims(trip); r.Status != store.Granted {
		return r, nil
	}
	if s.fault == claimsThenLooks {
		s.keep(trip.Claims, trip.Now)
	}
	if s.fault == undoes {
		s.keep(trip.Claims, trip.Now)
		s.letOthersIn()
		for _, c := range trip.Claims {
			delete(s.claims, s.claimKey(c))
		}
	}
	if r := s.lookAtTakes(trip); r.Status != store.Granted {
		return r, nil
	}
	if s.fault == checksThenSets {
		s.letOthersIn()
	}
	if err := s.makeRoom(trip); err != nil {
		return store.Result{}, err
	}
	s.keep(trip.Claims, trip.Now)
	if s.fault != takesOneByOne {
		s.take(trip.Takes, trip.Now)
	}
	switch s.fault {
	case saysNothing:
		return store.Result{}, nil
	case saysTooMuch:
		return store.Result{Status: store.Granted, Index: len(trip.Claims) + len(trip.Takes) - 1}, nil
	}
	return store.Result{Status: store.Granted}, nil
}

func (s *plain) letOthersIn() {
	s.mu.Unlock()
	for range 10 {
		runtime.Gosched()
	}
	s.mu.Lock()
}

func validate(trip store.Trip) error {
	seen := map[any]bool{}
	for _, c := range trip.Claims {
		k := claimKey{c.Key, c.Pool}
		if c.Pool > store.Unverified || seen[k] {
			return store.ErrInvalidTrip
		}
		seen[k] = true
	}
	for _, t := range trip.Takes {
		if t.Force && !t.Back.IsZero() {
			return store.ErrInvalidTrip
		}
		if t.Every <= 0 || t.Burst < 1 || t.Cost < 0 || seen[t.Key] {
			return store.ErrInvalidTrip
		}
		seen[t.Key] = true
	}
	return nil
}

func (s *plain) lookAtClaims(trip store.Trip) store.Result {
	refused := store.Result{Status: store.Granted}
	for i, c := range trip.Claims {
		if status := s.lookAtClaim(c, trip.Now); status != store.Granted {
			refused = store.Result{Status: status, Index: i}
			if s.fault != namesLast {
				break
			}
		}
		if s.fault == claimsOneByOne {
			s.keep(trip.Claims[i:i+1], trip.Now)
		}
	}
	if s.fault == namesNone {
		refused.Index = 0
	}
	return refused
}

func (s *plain) lookAtClaim(c store.Claim, now time.Time) store.Status {
	expires, found := s.claims[s.claimKey(c)]
	_, limited := s.ends[c.Key]
	switch {
	case s.fault == neverForgets && found:
		return store.Spent
	case s.fault == oneKeySpace && limited:
		return store.Spent
	case s.fault == believesLongerLife && found && c.Expires.After(expires):
		return store.Granted
	case !c.Expires.After(now) && s.fault != grantsExpired:
		return store.Forgotten
	case !c.Issued.IsZero() && c.Issued.Before(s.epoch) && s.fault != ignoresEpoch:
		return store.Forgotten
	case found && expires.After(now):
		return store.Spent
	}
	return store.Granted
}

func (s *plain) lookAtTakes(trip store.Trip) store.Result {
	refused := store.Result{Status: store.Granted}
	for i, t := range trip.Takes {
		if wait := s.wait(t, trip.Now); wait > 0 {
			refused = store.Result{Status: store.Limited, Index: i, Wait: wait}
			if s.fault != namesLast {
				break
			}
		}
		if s.fault == takesOneByOne {
			s.take(trip.Takes[i:i+1], trip.Now)
		}
	}
	if s.fault == namesNone {
		refused.Index = 0
	}
	return refused
}

func (s *plain) wait(t store.Take, now time.Time) time.Duration {
	if !t.Back.IsZero() && s.fault != asksForWhatComesBack || t.Force && s.fault != ignoresForce {
		return 0
	}
	cost := s.cost(t)
	if cost > t.Burst {
		_, known := s.ends[t.Key]
		if s.fault == overdraws && !known {
			return 0
		}
		return t.Every // never granted, so any wait is correct
	}
	end := s.end(t, now)
	wait := end.Add(time.Duration(cost-t.Burst) * t.Every).Sub(now)
	switch {
	case s.fault == takesTheRest && wait < time.Duration(cost)*t.Every:
		return 0
	case s.fault == waitsForAll && wait > 0:
		return end.Sub(now)
	case s.fault == grantsTooLate && end.After(now):
		return wait + 1
	case s.fault == fixedWindow && wait > 0 && now.Sub(s.latest) >= t.Every:
		return 0
	}
	return wait
}

// end returns when a key has regained all permits, if nothing is taken.
func (s *plain) end(t store.Take, now time.Time) time.Time {
	end, found := s.ends[s.limitKey(t.Key)]
	if s.fault == countsSeconds {
		now = now.Truncate(time.Second)
	}
	if end.Before(now) && (s.fault != savesUp && s.fault != givesToTheRested || !found) {
		return now
	}
	return end
}

func (s *plain) cost(t store.Take) int {
	switch s.fault {
	case countsCallsOnly:
		return 1
	case freeOfCost:
		return t.Cost
	}
	return max(t.Cost, 1)
}

func (s *plain) take(takes []store.Take, now time.Time) {
	for i, t := range takes {
		if s.fault == takesFirstLimit && i > 0 {
			return
		}
		if !t.Back.IsZero() && s.fault != asksForWhatComesBack {
			s.giveBack(t, now)
			continue
		}
		if t.Force && s.fault != ignoresForce {
			s.force(t, now)
			continue
		}
		end := s.end(t, now)
		if s.fault == fixedWindow && now.Sub(s.latest) >= t.Every {
			end, s.latest = now, now
		}
		s.ends[s.limitKey(t.Key)] = end.Add(time.Duration(s.cost(t)) * t.Every)
	}
}

func (s *plain) force(t store.Take, now time.Time) {
	if s.fault == countsNoForce {
		return
	}
	start := s.end(t, now)
	end := start.Add(time.Duration(min(max(t.Cost, 1), 2*t.Burst)) * t.Every)
	if most := now.Add(3 * time.Duration(t.Burst) * t.Every); end.After(most) && s.fault != forcesWithoutEnd {
		end = most
		if start.After(most) {
			end = start
		}
	}
	s.ends[s.limitKey(t.Key)] = end
}

func (s *plain) giveBack(t store.Take, now time.Time) {
	owed := time.Duration(max(t.Cost, 1)) * t.Every
	if s.fault != givesTwice {
		owed -= now.Sub(t.Back)
	}
	end := s.ends[s.limitKey(t.Key)]
	switch {
	case s.fault == givesToTheRested:
		end = s.end(t, now).Add(-owed)
	case owed <= 0 || !end.After(now) || s.fault == keepsAll:
		return
	default:
		end = end.Add(-owed)
	}
	s.ends[s.limitKey(t.Key)] = end
}

func (s *plain) makeRoom(trip store.Trip) error {
	if len(s.claims)+len(trip.Claims) <= s.room && s.fault != sweepsAll {
		return nil
	}
	var used [2]int
	for k, expires := range s.claims {
		switch {
		case expires.After(trip.Now):
			used[k.Pool]++
		case s.fault == sweepsAll:
			clear(s.claims)
			return nil
		}
	}
	if s.fault == sharesRoom {
		used[store.Signed] += used[store.Unverified]
	}
	for i, c := range trip.Claims {
		used[min(c.Pool, store.Unverified)]++
		if used[min(c.Pool, store.Unverified)] <= s.room {
			continue
		}
		switch s.fault {
		case evicts:
			for k := range s.claims {
				if k.Pool == c.Pool {
					delete(s.claims, k)
					break
				}
			}
		case grantsUnkept:
			trip.Claims[i].Expires = trip.Now
		case hidesFull:
			return errors.New("something went wrong")
		case keepsUntilFull:
			s.keep(trip.Claims[:i], trip.Now)
			return store.ErrFull
		default:
			return store.ErrFull
		}
	}
	return nil
}

func (s *plain) keep(claims []store.Claim, now time.Time) {
	for i, c := range claims {
		if s.fault == keepsNoClaims || s.fault == keepsFirstClaim && i > 0 || s.fault == losesWrites && s.running.Load() > 1 {
			continue
		}
		if s.fault == forgetsEarly {
			c.Expires = now.Add(c.Expires.Sub(now) / 2)
		}
		s.claims[s.claimKey(c)] = c.Expires
	}
}

func (s *plain) claimKey(c store.Claim) claimKey {
	k := claimKey{s.limitKey(c.Key), c.Pool}
	if s.fault == mixesPools {
		k.Pool = 0
	}
	return k
}

func (s *plain) limitKey(k store.Key) store.Key {
	switch s.fault {
	case comparesHalf:
		clear(k[8:])
	case limitsAllAsOne:
		return store.Key{}
	}
	return k
}

// disturb implements the faults that involve more than one trip.
func (s *plain) disturb(trip *store.Trip) {
	switch s.fault {
	case goesByLatestClock:
		if trip.Now.After(s.latest) {
			s.latest = trip.Now
		}
		for k, expires := range s.claims {
			if !expires.After(s.latest) {
				delete(s.claims, k)
			}
		}
	case keepsSlices: // it reads them again when they belong to the caller
		clear(s.claims)
		clear(s.ends)
		for _, held := range s.held {
			s.keep(held.Claims, held.Now)
			s.take(held.Takes, held.Now)
		}
		s.held = append(s.held, *trip)
	case writesSlices:
		defer clear(trip.Claims)
		trip.Claims = append([]store.Claim(nil), trip.Claims...)
	case losesWrites:
		s.running.Add(1)
		s.letOthersIn()
		defer s.running.Add(-1)
	}
}

// lockAsAsked locks the keys of a trip in the order of the trip. It gives up when the test is over.
func (s *plain) lockAsAsked(trip store.Trip) (unlock func()) {
	var locked []*sync.Mutex
	for _, t := range trip.Takes {
		lock, _ := s.locks.LoadOrStore(t.Key, new(sync.Mutex))
		mu := lock.(*sync.Mutex)
		for !mu.TryLock() && !s.stop.Load() {
			time.Sleep(time.Millisecond)
		}
		if s.stop.Load() {
			break
		}
		locked = append(locked, mu)
		runtime.Gosched()
	}
	return func() {
		for _, mu := range locked {
			mu.Unlock()
		}
	}
}

// recorder is a T that notes failures instead of failing.
type recorder struct{ failures []string }

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

// check returns the failures of a law for a store.
func check(law storetest.Law, h storetest.Harness) []string {
	r := new(recorder)
	done := make(chan struct{})
	go func() { // Fatalf ends it
		defer close(done)
		law.Check(r, h)
	}()
	<-done
	return r.failures
}
