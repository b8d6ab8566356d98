package memory

import (
	"math/bits"
	"slices"
	"time"
)

// entry is the data of a key: the time until which it counts. For a claim this is its
// expiry. For a limit it is the theoretical arrival time of GCRA, at which all permits
// are regained. After that time the entry means the same as an unknown key, and may be
// removed.
type entry struct {
	hash  uint64
	until int64 // Unix nanoseconds; 0 is a gap
}

// table is a set of entries in the order of their hashes, with gaps between them. A hash
// has a home, in proportion to its value. Its entry is at the home or as little after it
// as the order allows, without a gap between. So a search is short, and rebuilding to any
// size is one pass over neighbours. The greatest hash comes first. Then a gap, whose hash
// is 0, ends a search without a check of its own. The garbage collector has no pointers
// to follow.
//
// A table keeps one promise, whatever it removes: a missing entry counted until floor at
// the latest.
type table struct {
	entries []entry
	homes   int   // the last run may extend beyond the last home
	used    int   // entries that are not gaps
	most    int   // number of entries that the table need not remove
	floor   int64 // latest until of the removed entries
	full    int64 // when a search for room last failed
}

const (
	// lag is how long an entry is kept after its time, for trips whose Now is behind
	// that of others.
	lag = int64(time.Minute)
	// recheck is the interval at which a full table is searched for room.
	recheck = int64(100 * time.Millisecond)
	// spare places avoid rebuilding small tables.
	spare = 16
)

func (t *table) home(hash uint64) int {
	home, _ := bits.Mul64(^hash<<shardBits, uint64(t.homes)) // the shard's bits are the same in all
	return int(home)
}

// find returns the place of a hash, and whether the hash is there.
func (t *table) find(hash uint64) (at int, found bool) {
	at = t.home(hash)
	for at < len(t.entries) && t.entries[at].hash > hash {
		at++
	}
	return at, at < len(t.entries) && t.entries[at].hash == hash && t.entries[at].until != 0
}

// until returns the time until which a hash counts. A missing hash may have been
// removed, so it counts like the latest of the removed ones.
func (t *table) until(hash uint64) (until int64, found bool) {
	if at, found := t.find(hash); found {
		return t.entries[at].until, true
	}
	return t.floor, false
}

// set writes an entry. If it is new, there must be room for it.
func (t *table) set(hash uint64, until int64) {
	at, found := t.find(hash)
	if !found {
		t.open(at)
		t.used++
	}
	t.entries[at] = entry{hash, until}
}

// open frees a place: it moves the run at that place on by one.
func (t *table) open(at int) {
	gap := at
	for gap < len(t.entries) && t.entries[gap].until != 0 {
		gap++
	}
	if gap == len(t.entries) {
		t.entries = append(t.entries, entry{})
	}
	copy(t.entries[at+1:gap+1], t.entries[at:gap])
}

// room tries to make room for n more entries. It reports whether they fit without
// removing an entry that counts.
func (t *table) room(n int, now int64) bool {
	if t.used+n <= t.homes-t.homes/5 { // in a fuller table runs would get long
		return true
	}
	if now < t.full+recheck { // at an earlier time it was no less full
		return false
	}
	live := t.after(now - lag)
	if live+n > t.most {
		t.full = now
		return false
	}
	t.rebuild(now-lag, live+n)
	return true
}

// squeeze makes room for n more entries. It removes those that count for the shortest
// time, an eighth of all: see [Limits] for the effect.
func (t *table) squeeze(n int, now int64) {
	cut := max(now-lag, t.lowest())
	t.rebuild(cut, t.after(cut)+n)
}

// after returns the number of entries that count beyond a time.
func (t *table) after(cut int64) (n int) {
	for i := range t.entries {
		if t.entries[i].until > cut {
			n++
		}
	}
	return n
}

// lowest returns the time by which about an eighth of the entries end. It uses a sample:
// in the order of hashes, times are random.
func (t *table) lowest() int64 {
	var sample [128]int64
	n := 0
	for i := 0; i < len(t.entries) && n < len(sample); i += 1 + len(t.entries)/len(sample) {
		if until := t.entries[i].until; until != 0 {
			sample[n] = until
			n++
		}
	}
	slices.Sort(sample[:n])
	return sample[n/8]
}

// rebuild removes the entries that counted until cut or less, and spreads the others so
// that there is room for count entries and some more.
func (t *table) rebuild(cut int64, count int) {
	old := t.entries
	t.homes = spare + min(count, t.most)*3/2
	t.entries = make([]entry, t.homes, t.homes+t.homes/64+spare)
	t.used = 0
	next := 0
	for _, e := range old {
		if e.until <= cut {
			t.floor = max(t.floor, e.until)
			continue
		}
		at := max(next, t.home(e.hash))
		if at == len(t.entries) {
			t.entries = append(t.entries, entry{})
		}
		t.entries[at] = e
		t.used++
		next = at + 1
	}
}
