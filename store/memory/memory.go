// Package memory is the default store: the memory of one process.
//
// It is bounded and needs no goroutine: what has expired is let go of when its
// place is wanted. It never lets go of a live claim: when no more can be kept,
// [Store.Spend] returns store.ErrFull. After a restart it knows nothing of what
// was used before, and says so: whatever was issued earlier is answered
// store.Forgotten.
//
//	s := memory.New()                          // about two million live claims at most
//	s := memory.New(memory.Claims(10_000_000)) // more, at 27 to 54 bytes each
//
// Rate limits are exact (GCRA). A key whose permits are all back takes no room.
// If more keys are being limited at once than the store keeps, further ones share
// a number of common counters: limits then refuse more than they should, and
// never less.
package memory

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/palisade-dev/palisade/store"
)

const (
	shardBits = 6
	numShards = 1 << shardBits

	// maxEntries is the most claims and takes of a trip, which bounds how long
	// its locks are held. A decision has about six.
	maxEntries = 32

	defaultClaims     = 2 << 20
	defaultUnverified = 256 << 10
	defaultLimits     = 1 << 20
)

// Store is a store.Store in the memory of this process. It is safe for
// concurrent use.
type Store struct {
	seed   maphash.Seed // places cannot be foretold, so nobody can crowd one
	epoch  time.Time
	latest atomic.Int64 // newest second seen, so that a claim that expired stays so
	shards [numShards]shard
}

type shard struct {
	mu     sync.Mutex
	claims [2]claimTable // by store.Pool
	limits limitTable
	_      [64]byte // keep neighbours' locks off this cache line
}

// Option changes a bound of a [Store].
type Option func(*options)

type options struct {
	claims, unverified, limits int
	epoch                      time.Time
}

// Claims sets about how many live claims of the pool store.Signed are kept.
// Default 2 097 152.
func Claims(most int) Option { return func(o *options) { o.claims = most } }

// Unverified sets about how many live claims of the pool store.Unverified are
// kept. Default 262 144.
func Unverified(most int) Option { return func(o *options) { o.unverified = most } }

// Limits sets about how many keys can be under a limit at once before they share
// counters. Default 1 048 576, at 16 bytes each and up to twice that.
func Limits(most int) Option { return func(o *options) { o.limits = most } }

// Epoch sets when the store's memory begins; default the time of New. Claims of
// what was issued earlier are answered store.Forgotten.
func Epoch(epoch time.Time) Option { return func(o *options) { o.epoch = epoch } }

// New returns an empty store.
func New(opts ...Option) *Store {
	o := options{claims: defaultClaims, unverified: defaultUnverified, limits: defaultLimits, epoch: time.Now()}
	for _, opt := range opts {
		opt(&o)
	}
	s := &Store{
		seed: maphash.MakeSeed(),
		// Times of issue travel in milliseconds: one that is cut must not seem
		// older than the memory.
		epoch: o.epoch.Truncate(time.Millisecond),
	}
	for i := range s.shards {
		sh := &s.shards[i]
		sh.claims[store.Signed].most = perShard(o.claims)
		sh.claims[store.Unverified].most = perShard(o.unverified)
		sh.limits.most = perShard(o.limits)
	}
	return s
}

func perShard(most int) int { return max(1, (most+numShards-1)/numShards) }

// Spend performs a trip. Now must be set; this store reads no clock.
func (s *Store) Spend(ctx context.Context, trip store.Trip) (store.Result, error) {
	if err := ctx.Err(); err != nil {
		return store.Result{}, err
	}
	if err := validate(&trip); err != nil {
		return store.Result{}, err
	}
	var p plan
	p.hash(s, &trip)
	p.lock(s)
	defer p.unlock(s)

	now := s.second(trip.Now)
	for i := range trip.Claims {
		if status := s.look(&p, i, &trip.Claims[i], now); status != store.Granted {
			return store.Result{Status: status, Index: i}, nil
		}
	}
	for i := range trip.Takes {
		if wait := s.wait(&p, i, &trip.Takes[i], trip.Now); wait > 0 {
			return store.Result{Status: store.Limited, Index: i, Wait: wait}, nil
		}
	}
	if err := s.reserve(&p, &trip, now); err != nil {
		return store.Result{}, err
	}
	s.commit(&p, &trip, now)
	return store.Result{Status: store.Granted}, nil
}

func validate(trip *store.Trip) error {
	if trip.Now.IsZero() {
		return fmt.Errorf("%w: Now is not set", store.ErrInvalidTrip)
	}
	if len(trip.Claims)+len(trip.Takes) > maxEntries {
		return fmt.Errorf("%w: more than %d claims and takes", store.ErrInvalidTrip, maxEntries)
	}
	for i, c := range trip.Claims {
		if c.Pool > store.Unverified {
			return fmt.Errorf("%w: Claims[%d] is of an unknown pool", store.ErrInvalidTrip, i)
		}
		for _, other := range trip.Claims[:i] {
			if other.Key == c.Key && other.Pool == c.Pool {
				return fmt.Errorf("%w: Claims[%d] is there twice", store.ErrInvalidTrip, i)
			}
		}
	}
	for i, t := range trip.Takes {
		if t.Every <= 0 || t.Burst < 1 || t.Cost < 0 || t.Every > maxSpan/time.Duration(t.Burst) {
			return fmt.Errorf("%w: Takes[%d] has Every %v, Burst %d, Cost %d", store.ErrInvalidTrip, i, t.Every, t.Burst, t.Cost)
		}
		for _, other := range trip.Takes[:i] {
			if other.Key == t.Key {
				return fmt.Errorf("%w: Takes[%d] is there twice", store.ErrInvalidTrip, i)
			}
		}
	}
	return nil
}

// maxSpan bounds Every × Burst, far above any limit and far below an overflow.
const maxSpan = 100 * 365 * 24 * time.Hour

// plan is where the entries of a trip live: claims first, then takes.
type plan struct {
	hashes [maxEntries]uint64
	order  [maxEntries]uint8 // shards to lock, ascending, each once
	locks  int
	takes  int // index of the first take
}

func (p *plan) hash(s *Store, trip *store.Trip) {
	n := 0
	add := func(key *store.Key) {
		h := maphash.Bytes(s.seed, key[:])
		p.hashes[n], p.order[n] = h, shardOf(h)
		n++
	}
	for i := range trip.Claims {
		add(&trip.Claims[i].Key)
	}
	p.takes = n
	for i := range trip.Takes {
		add(&trip.Takes[i].Key)
	}
	slices.Sort(p.order[:n])
	p.locks = len(slices.Compact(p.order[:n]))
}

func shardOf(hash uint64) uint8 { return uint8(hash >> (64 - shardBits)) }

// lock takes the locks in ascending order, so that two trips cannot wait for
// each other.
func (p *plan) lock(s *Store) {
	for _, i := range p.order[:p.locks] {
		s.shards[i].mu.Lock()
	}
}

func (p *plan) unlock(s *Store) {
	for _, i := range p.order[:p.locks] {
		s.shards[i].mu.Unlock()
	}
}

// second returns the newest second that any trip has told, rounded down. Trips
// may come a little out of order; a claim that one of them saw expired may have
// been let go of, so it is expired for all.
func (s *Store) second(now time.Time) uint32 {
	second := now.Unix()
	for {
		latest := s.latest.Load()
		if second <= latest {
			return uint32(latest)
		}
		if s.latest.CompareAndSwap(latest, second) {
			return uint32(second)
		}
	}
}

// expiry rounds up, so that nothing is forgotten too early.
func expiry(t time.Time) uint32 {
	return uint32(t.Add(time.Second - 1).Unix())
}

func (s *Store) look(p *plan, i int, c *store.Claim, now uint32) store.Status {
	switch {
	case !c.Issued.IsZero() && c.Issued.Before(s.epoch), expiry(c.Expires) <= now, c.Expires.Unix() > 1<<32-2:
		return store.Forgotten
	case s.claimsOf(p, i, c).has(p.hashes[i], &c.Key, now):
		return store.Spent
	}
	return store.Granted
}

func (s *Store) claimsOf(p *plan, i int, c *store.Claim) *claimTable {
	return &s.shards[shardOf(p.hashes[i])].claims[c.Pool]
}

func (s *Store) limitsOf(p *plan, i int) *limitTable {
	return &s.shards[shardOf(p.hashes[p.takes+i])].limits
}

// wait returns how long until a take could be granted; 0 is now.
func (s *Store) wait(p *plan, i int, t *store.Take, now time.Time) time.Duration {
	return s.limitsOf(p, i).wait(fragment(&t.Key), t, now.UnixNano())
}

// reserve makes room for every claim before any is written.
func (s *Store) reserve(p *plan, trip *store.Trip, now uint32) error {
	for i := range trip.Claims {
		c := &trip.Claims[i]
		table := s.claimsOf(p, i, c)
		if !table.reserve(s, len(trip.Claims), now) {
			return fmt.Errorf("%w (pool %d)", store.ErrFull, c.Pool)
		}
	}
	return nil
}

func (s *Store) commit(p *plan, trip *store.Trip, now uint32) {
	for i := range trip.Claims {
		c := &trip.Claims[i]
		s.claimsOf(p, i, c).put(p.hashes[i], &c.Key, expiry(c.Expires), now)
	}
	for i := range trip.Takes {
		t := &trip.Takes[i]
		s.limitsOf(p, i).take(fragment(&t.Key), t, trip.Now.UnixNano())
	}
}

// fragment is the part of a key that a limit's slot holds. Keys are keyed
// hashes: two that share 64 bits would share a limit, once in 10^19 pairs.
func fragment(key *store.Key) uint64 { return binary.LittleEndian.Uint64(key[:]) | 1 }

func (s *Store) hashKey(key *store.Key) uint64 { return maphash.Bytes(s.seed, key[:]) }
