// Package memory is the default store: the memory of one process.
//
//	s := memory.New()                          // room for two million live claims
//	s = memory.New(memory.Claims(10_000_000))  // for more, at up to 25 bytes each
//
// The store is bounded and needs no goroutine: expired entries are removed when their
// place is needed. It reads no clock: the time comes from the trips.
//
// # Claims
//
// The store never removes a live claim. When a pool is full, [Store.Spend] returns an
// error that wraps store.ErrFull; the other pool has its own room.
//
// Nothing survives a restart. A ticket or proof may have been issued before the store's
// memory began (see [Epoch]). The store cannot know whether it was used, and answers
// store.Forgotten. The clock must not go back over a restart: otherwise the store takes
// used things from the repeated time for unused.
//
// # Limits
//
// Limits are exact (GCRA), and a key that has regained all permits takes no room.
// See [Limits] for the case that more keys owe permits than the store can hold.
//
// # Time
//
// Trips need not come in the order of their times. A trip whose Now is up to a minute
// behind the latest gets the exact answer of its own time. For an older trip, the store
// may have removed claims in the meantime. If it cannot know the answer, it is
// store.Forgotten, never store.Granted. An unknown key of a limit then counts like the
// removed key that owed most. So a clock that jumps makes the store stricter until time
// has caught up, and nothing can be used twice.
//
// # Keys
//
// The store keeps 64 bits of a key, hashed with a seed of the store. The probability that
// a new key is mistaken for one of n live ones is n in 1.8 × 10^19. At a million live
// claims, one in 2 × 10^13 is wrongly refused as spent.
package memory

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"math/bits"
	"sync"
	"time"

	"github.com/palisade-dev/palisade/store"
)

const (
	shardBits = 6
	numShards = 1 << shardBits // as many as bits in a word, see shardSet

	// MaxEntries is the most claims and takes of a trip together. It bounds how
	// long the trip holds its locks. For more the error is store.ErrInvalidTrip.
	MaxEntries = 20

	defaultClaims     = 2 << 20
	defaultUnverified = 256 << 10
	defaultLimits     = 1 << 20
	defaultMaxLife    = 25 * time.Hour
)

// Store is a store.Store in the memory of this process, safe for concurrent use.
// It is made by [New]; the zero Store refuses every trip with an error.
type Store struct {
	seed   maphash.Seed // makes places unpredictable, so that no client can crowd one
	epoch  int64
	life   int64
	shards [numShards]shard
}

type shard struct {
	mu     sync.Mutex
	claims [2]table // by store.Pool
	limits table
	_      [56]byte // fills whole cache lines, so that neighbours do not slow each other down
}

// Option changes a bound of a [Store].
type Option func(*options)

type options struct {
	claims, unverified, limits int
	life                       time.Duration
	epoch                      time.Time
}

// Claims sets the number of live claims that the pool store.Signed can hold; up to a
// fifth more may fit. Default 2 097 152, which take 50 MiB when stored. With 0 or less
// the pool can hold none.
func Claims(most int) Option { return func(o *options) { o.claims = most } }

// Unverified sets the same for the pool store.Unverified. Default 262 144, which
// take 7 MiB.
func Unverified(most int) Option { return func(o *options) { o.unverified = most } }

// Limits sets how many keys can owe permits at once before the store removes any.
// Default 1 048 576, which take 25 MiB when stored. It is at least 64.
//
// If more keys owe permits, the store removes those that owe for the shortest time. From
// then on, an unknown key counts as if it owed as much as the removed key that owed most.
// So no key is ever granted more than the limit, however many keys an attacker has. A key
// that sends much stays counted exactly. Other keys lose at most the rest of the
// smallest debts from their burst, and are refused only if that is the whole burst. (This
// is the Space-Saving algorithm of Metwally, Agrawal and El Abbadi, 2005, with time in
// place of counts.)
func Limits(most int) Option { return func(o *options) { o.limits = most } }

// MaxLife sets how far from now a claim may expire. For a longer life the error is
// store.ErrInvalidTrip, because the claim would occupy its place so long. Default 25 hours.
func MaxLife(d time.Duration) Option { return func(o *options) { o.life = d } }

// Epoch sets when the store's memory begins; default the time of New. If trips have the
// times of another clock, the store needs that clock's epoch.
func Epoch(epoch time.Time) Option { return func(o *options) { o.epoch = epoch } }

// New returns an empty store.
func New(opts ...Option) *Store {
	o := options{
		claims: defaultClaims, unverified: defaultUnverified, limits: defaultLimits,
		life: defaultMaxLife, epoch: time.Now(),
	}
	for _, opt := range opts {
		opt(&o)
	}
	s := &Store{
		seed: maphash.MakeSeed(),
		// Times of issue have milliseconds: a time that was cut must not seem older
		// than the memory.
		epoch: nanos(o.epoch.Truncate(time.Millisecond)),
		life:  int64(o.life),
	}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.claims[store.Signed].most = share(o.claims)
		sh.claims[store.Unverified].most = share(o.unverified)
		sh.limits.most = share(max(o.limits, numShards))
	}
	return s
}

// share returns the room of a shard that makes all together large enough: by
// chance one shard gets more entries than others.
func share(most int) int {
	mean := (max(most, 0) + numShards - 1) / numShards
	return mean + 4*int(math.Sqrt(float64(mean)))
}

// Spend performs a trip. Trip.Now must be set; the store reads no clock.
func (s *Store) Spend(ctx context.Context, trip store.Trip) (store.Result, error) {
	if err := ctx.Err(); err != nil {
		return store.Result{}, err
	}
	now := nanos(trip.Now)
	if err := s.validate(&trip, now); err != nil {
		return store.Result{}, err
	}
	var all [MaxEntries]change
	changes := all[:len(trip.Claims)+len(trip.Takes)]
	set := s.locate(changes, &trip)
	s.lock(set)
	defer s.unlock(set)

	claims, takes := changes[:len(trip.Claims)], changes[len(trip.Claims):]
	for i := range claims {
		if status := s.claim(&claims[i], &trip.Claims[i], now); status != store.Granted {
			return store.Result{Status: status, Index: i}, nil
		}
	}
	for i := range takes {
		if !trip.Takes[i].Back.IsZero() {
			takes[i].giveBack(&trip.Takes[i], now)
		} else if wait := takes[i].take(&trip.Takes[i], now); wait > 0 {
			return store.Result{Status: store.Limited, Index: i, Wait: wait}, nil
		}
	}
	// Nothing has been written so far. Making room has no visible effect, because the
	// removed entries had expired.
	for i := range claims {
		if !claims[i].table.room(len(claims), now) {
			return store.Result{}, errFull[trip.Claims[i].Pool]
		}
	}
	for i := range takes {
		if takes[i].until != 0 && !takes[i].table.room(len(takes), now) {
			takes[i].table.squeeze(len(takes), now)
		}
	}
	for i := range changes {
		if changes[i].until != 0 {
			changes[i].table.set(changes[i].hash, changes[i].until)
		}
	}
	return store.Result{Status: store.Granted}, nil
}

// errFull are the errors for a full pool, by store.Pool.
var errFull = [...]error{
	store.Signed:     fmt.Errorf("%w (pool of signed claims)", store.ErrFull),
	store.Unverified: fmt.Errorf("%w (pool of unverified claims)", store.ErrFull),
}

// change is the write for one claim or take, if the whole trip is granted.
type change struct {
	table *table
	hash  uint64
	until int64 // 0: nothing is written
}

// shardSet is a set of shards, one bit each.
type shardSet uint64

// locate finds the tables of a trip and their shards.
func (s *Store) locate(changes []change, trip *store.Trip) (set shardSet) {
	for i := range trip.Claims {
		c := &trip.Claims[i]
		hash := maphash.Bytes(s.seed, c.Key[:])
		changes[i] = change{table: &s.shardOf(hash, &set).claims[c.Pool], hash: hash}
	}
	for i := range trip.Takes {
		hash := maphash.Bytes(s.seed, trip.Takes[i].Key[:])
		changes[len(trip.Claims)+i] = change{table: &s.shardOf(hash, &set).limits, hash: hash}
	}
	return set
}

// shardOf returns the shard of a hash and adds it to set.
func (s *Store) shardOf(hash uint64, set *shardSet) *shard {
	i := hash >> (64 - shardBits)
	*set |= 1 << i
	return &s.shards[i]
}

// lock locks shards in the same order for all trips, so that no two trips deadlock.
func (s *Store) lock(set shardSet) {
	for ; set != 0; set &= set - 1 {
		s.shards[bits.TrailingZeros64(uint64(set))].mu.Lock()
	}
}

func (s *Store) unlock(set shardSet) {
	for ; set != 0; set &= set - 1 {
		s.shards[bits.TrailingZeros64(uint64(set))].mu.Unlock()
	}
}

// claim reports whether a claim can be granted, and records the write in change.
func (s *Store) claim(change *change, c *store.Claim, now int64) store.Status {
	change.until = nanos(c.Expires)
	if change.until <= now || !c.Issued.IsZero() && nanos(c.Issued) < s.epoch {
		return store.Forgotten
	}
	until, found := change.table.until(change.hash)
	switch {
	case until <= now:
		return store.Granted
	case found:
		return store.Spent
	}
	return store.Forgotten
}

// take returns how long until a take can be granted, 0 or less for now, and records the
// write in change.
func (change *change) take(t *store.Take, now int64) (wait time.Duration) {
	cost := min(max(int64(t.Cost), 1), int64(t.Burst)+1) // every cost over the burst counts as one over it
	tat, _ := change.table.until(change.hash)
	debt := max(tat-now, 0)
	if t.Force {
		whole := int64(t.Burst) * int64(t.Every)
		debt = min(debt+min(max(int64(t.Cost), 1), 2*int64(t.Burst))*int64(t.Every), max(3*whole, debt))
		change.until = now + debt
		return 0
	}
	debt += cost * int64(t.Every)
	change.until = now + debt
	return time.Duration(debt) - time.Duration(t.Burst)*t.Every
}

// giveBack records the write in change: what a take made the key owe, less the time since
// then, in which it has come back by itself.
func (change *change) giveBack(t *store.Take, now int64) {
	owed := min(max(int64(t.Cost), 1), int64(t.Burst))*int64(t.Every) - max(now-nanos(t.Back), 0)
	tat, found := change.table.until(change.hash)
	if found && owed > 0 && tat > now {
		change.until = max(tat-owed, now)
	}
}

// The allowed times and spans of a trip. Within them no calculation here can
// overflow 64 bits of nanoseconds.
const (
	day      = 24 * time.Hour
	firstNow = int64(365 * day)       // 1971
	lastNow  = int64(230 * 365 * day) // 2199
	maxSpan  = 10 * 365 * day         // Every × Burst
)

// nanos returns a time as Unix nanoseconds: 0 for a time before 1970 (such as the
// zero time), and the largest number for a time far in the future.
func nanos(t time.Time) int64 {
	switch seconds := t.Unix(); {
	case seconds < 0:
		return 0
	case seconds >= math.MaxInt64/int64(time.Second):
		return math.MaxInt64
	}
	return t.UnixNano()
}

var errZero = errors.New("memory: a Store must be made by New")

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{store.ErrInvalidTrip}, args...)...)
}

func (s *Store) validate(trip *store.Trip, now int64) error {
	switch {
	case s.seed == maphash.Seed{}:
		return errZero
	case now < firstNow || now > lastNow:
		return invalid("Now is not set, or not between 1971 and 2199")
	case len(trip.Claims)+len(trip.Takes) > MaxEntries:
		return invalid("more than %d claims and takes", MaxEntries)
	}
	for i := range trip.Claims {
		if err := s.validateClaim(trip.Claims, i, now); err != nil {
			return err
		}
	}
	for i := range trip.Takes {
		if err := validateTake(trip.Takes, i); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) validateClaim(claims []store.Claim, i int, now int64) error {
	c := &claims[i]
	if c.Pool > store.Unverified {
		return invalid("Claims[%d] is of an unknown pool", i)
	}
	if nanos(c.Expires)-now > s.life {
		return invalid("Claims[%d] expires in more than %v", i, time.Duration(s.life))
	}
	for j := range claims[:i] {
		if claims[j].Key == c.Key && claims[j].Pool == c.Pool {
			return invalid("Claims[%d] and Claims[%d] have the same key", j, i)
		}
	}
	return nil
}

func validateTake(takes []store.Take, i int) error {
	t := &takes[i]
	if t.Force && !t.Back.IsZero() {
		return invalid("Takes[%d] takes and gives back", i)
	}
	if t.Every <= 0 || t.Burst < 1 || t.Cost < 0 || t.Every > maxSpan/time.Duration(t.Burst) {
		return invalid("Takes[%d] has Every %v, Burst %d, Cost %d", i, t.Every, t.Burst, t.Cost)
	}
	for j := range takes[:i] {
		if takes[j].Key == t.Key {
			return invalid("Takes[%d] and Takes[%d] have the same key", j, i)
		}
	}
	return nil
}
