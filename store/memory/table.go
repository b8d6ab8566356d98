package memory

import (
	"math/bits"
	"slices"
	"time"
)

// entry is all that is kept of a key: until when it counts. For a claim that is
// its expiry; for a limit it is the theoretical arrival time of GCRA, at which
// all permits are back. Either way, once the time has come the entry says no
// more than a key that was never seen, and may be let go of.
type entry struct {
	hash  uint64
	until int64 // Unix nanoseconds; 0 is a gap
}

// table is a set of entries in the order of their hashes, with gaps between
// them. A hash has a home, in proportion to its value, and stands there or as
// little behind as the order allows, with no gap on the way from its home. So a
// search is short, and rebuilding to any size is one pass over neighbours. The
// greatest hash comes first: then a gap, whose hash is 0, ends a search without
// being asked for. There are no pointers for the garbage collector to follow.
//
// A table keeps one promise whatever it lets go of: an entry that is not there
// counted until floor at the latest.
type table struct {
	entries []entry
	homes   int   // the last run may stand out behind the last home
	used    int   // entries that are not gaps
	most    int   // entries that the table need not let go of
	floor   int64 // latest until of what was let go of
	full    int64 // when room was last looked for and not found
}

const (
	// lag is for how long an entry is kept after its time has come, for trips
	// whose Now is behind that of others.
	lag = int64(time.Minute)
	// recheck is how often a full table is looked through for room.
	recheck = int64(100 * time.Millisecond)
	// spare places let small tables be built once.
	spare = 16
)

func (t *table) home(hash uint64) int {
	home, _ := bits.Mul64(^hash<<shardBits, uint64(t.homes)) // the shard's bits are the same in all
	return int(home)
}

// find returns the place of a hash, and whether it stands there.
func (t *table) find(hash uint64) (at int, found bool) {
	at = t.home(hash)
	for at < len(t.entries) && t.entries[at].hash > hash {
		at++
	}
	return at, at < len(t.entries) && t.entries[at].hash == hash && t.entries[at].until != 0
}

// until returns until when a hash counts. One that is not there may have been
// let go of: it is taken for the latest of those.
func (t *table) until(hash uint64) (until int64, found bool) {
	if at, found := t.find(hash); found {
		return t.entries[at].until, true
	}
	return t.floor, false
}

// set writes an entry, for which room has been made if it is new.
func (t *table) set(hash uint64, until int64) {
	at, found := t.find(hash)
	if !found {
		t.open(at)
		t.used++
	}
	t.entries[at] = entry{hash, until}
}

// open makes a place free: the run that stands there moves on by one.
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

// room sees to it that n more entries fit, and says whether they do without
// letting go of one that counts.
func (t *table) room(n int, now int64) bool {
	if t.used+n <= t.homes-t.homes/5 { // fuller, runs would get long
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

// squeeze makes room for n more entries by letting go of those that count for the
// shortest time, an eighth of all: see [Limits] for what that means.
func (t *table) squeeze(n int, now int64) {
	cut := max(now-lag, t.lowest())
	t.rebuild(cut, t.after(cut)+n)
}

// after counts the entries that count beyond a time.
func (t *table) after(cut int64) (n int) {
	for i := range t.entries {
		if t.entries[i].until > cut {
			n++
		}
	}
	return n
}

// lowest returns the time by which about an eighth of the entries end, judged by
// a sample: in the order of hashes, times stand at random.
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

// rebuild lets go of what counted until cut or less, and spreads the others so
// that there is room for count in all and some more.
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
