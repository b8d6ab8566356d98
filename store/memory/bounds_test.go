package memory

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
)

// These tests are in the package itself, because filling a store of the default size takes seconds.

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

// A shard gets four standard deviations more than its share. So only a few of a
// thousand stores are short of room.
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

// fits reports whether a table has room for n more without long runs.
func fits(t *table, n int) bool { return t.used+n <= t.homes-t.homes/5 }

func TestATableMakesRoom(t *testing.T) {
	now := int64(1000 * day)
	tab := table{most: 1000}
	for i := range uint64(1000) {
		if !tab.room(1, now) || !fits(&tab, 1) {
			t.Fatalf("entry %d: %d of %d places are used", i, tab.used, tab.homes)
		}
		tab.set(i*0x9E3779B97F4A7C15>>shardBits, now+1)
	}
	if tab.used != 1000 {
		t.Errorf("%d entries are counted, want 1000", tab.used)
	}
	for most, want := range map[int]bool{0: false, 1: true} {
		if got := (&table{most: most}).room(1, now); got != want {
			t.Errorf("room for one in a table for %d: %v", most, got)
		}
	}
}

func TestASqueezedTableHasRoomForAsManyAsAskedFor(t *testing.T) {
	now := int64(1000 * day)
	tab := table{most: 200}
	for i := range uint64(20) {
		tab.room(1, now)
		tab.set(i*0x9E3779B97F4A7C15>>shardBits, now+1+int64(i))
	}
	if tab.squeeze(MaxEntries, now); !fits(&tab, MaxEntries) || tab.used < 15 {
		t.Errorf("%d of %d places are used", tab.used, tab.homes)
	}
}

// Squeezing removes some entries each time, also if gaps are most of the table.
func TestASmallTableStaysSmall(t *testing.T) {
	now := int64(1000 * day)
	tab := table{most: 4}
	for i := range uint64(10_000) {
		if !tab.room(1, now) {
			tab.squeeze(1, now)
		}
		tab.set(i*0x9E3779B97F4A7C15>>shardBits, now+1+int64(i))
		if tab.used > 20 {
			t.Fatalf("%d entries in a table for 4", tab.used)
		}
	}
}

// A full table is searched for room at intervals, not for each trip.
func TestAFullTableIsNotLookedThroughEachTime(t *testing.T) {
	now := int64(1000 * day)
	full := func() *table {
		tab := &table{most: 1}
		tab.room(1, now)
		for i := uint64(1); fits(tab, 1); i++ {
			tab.set(i<<40, now-lag+1) // expired for a nanosecond
		}
		return tab
	}
	tab := full()
	if tab.room(1, now) {
		t.Fatal("the table is not full")
	}
	if tab.room(1, now+recheck-1) {
		t.Error("it was searched again, too early")
	}
	if !tab.room(1, now+recheck) {
		t.Error("it was not searched again")
	}
	if tab = full(); !tab.room(1, now+1) {
		t.Error("an expired entry is kept")
	}
	if recheck != int64(100*time.Millisecond) {
		t.Errorf("a full pool is full for %v more", time.Duration(recheck))
	}
}
