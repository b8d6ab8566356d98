package memory

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
)

// These are tests from within: to fill a store of the default size takes seconds.

func TestTheDefaultsAreThoseOfTheDocumentation(t *testing.T) {
	now := time.Now()
	s := New()
	sh := &s.shards[0]
	for name, table := range map[string]struct {
		table *table
		most  int
	}{
		"signed claims":     {&sh.claims[store.Signed], 2_097_152},
		"unverified claims": {&sh.claims[store.Unverified], 262_144},
		"limits":            {&sh.limits, 1_048_576},
	} {
		if got := table.table.most * numShards; got < table.most || got > table.most*6/5 {
			t.Errorf("room for %d %s, want %d or up to a fifth more", got, name, table.most)
		}
	}
	for life, want := range map[time.Duration]error{25 * time.Hour: nil, 25*time.Hour + time.Nanosecond: store.ErrInvalidTrip} {
		_, err := s.Spend(context.Background(), store.Trip{Now: now, Claims: []store.Claim{{Key: store.Key{1}, Issued: now, Expires: now.Add(life)}}})
		if !errors.Is(err, want) {
			t.Errorf("a claim for %v: %v, want %v", life, err, want)
		}
	}
}

// A shard gets so much more than its share that a few of a thousand stores would be
// short of room: four standard deviations.
func TestTheShareOfAShard(t *testing.T) {
	for most, want := range map[int]int{-1: 0, 0: 0, 1: 1 + 4, 64: 1 + 4, 65: 2 + 4, 6400: 100 + 40, 640_000: 10_000 + 400} {
		if got := share(most); got != want {
			t.Errorf("of %d: %d, want %d", most, got, want)
		}
	}
}

// A trip locks the shards in which it writes.
func TestAShardHasItsBit(t *testing.T) {
	s := New()
	for i := range s.shards {
		var set shardSet
		if s.shardOf(uint64(i)<<(64-shardBits)|1, &set) != &s.shards[i] || set != 1<<i {
			t.Errorf("shard %d has the bits %b", i, set)
		}
	}
}
