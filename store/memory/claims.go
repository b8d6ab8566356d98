package memory

import "github.com/palisade-dev/palisade/store"

// claimTable is a set of claims with their expiry: open addressing with linear
// probing, 20 bytes a slot, no pointers for the garbage collector to follow.
// Slots of expired claims are used again, and dropped when the table is rebuilt.
type claimTable struct {
	keys    []store.Key
	expires []uint32 // Unix seconds; 0 is a slot never used
	used    int      // slots that are not 0, live or expired
	most    int      // live claims
}

const minSlots = 16

// limit is how full a table may get: above it probing becomes long.
func limit(slots int) int { return slots - slots/4 }

func (t *claimTable) mask() uint64 { return uint64(len(t.expires) - 1) }

// has reports whether a live claim of key is in the table.
func (t *claimTable) has(hash uint64, key *store.Key, now uint32) bool {
	if len(t.expires) == 0 {
		return false
	}
	for i := hash & t.mask(); t.expires[i] != 0; i = (i + 1) & t.mask() {
		if t.keys[i] == *key && t.expires[i] > now {
			return true
		}
	}
	return false
}

// reserve sees to it that n more claims fit. It reports false when that would
// take forgetting a live one.
func (t *claimTable) reserve(s *Store, n int, now uint32) bool {
	if t.used+n <= limit(len(t.expires)) && t.used+n <= t.most {
		return true
	}
	live := 0
	for _, e := range t.expires {
		if e > now {
			live++
		}
	}
	if live+1 > t.most {
		return false
	}
	slots := max(minSlots, len(t.expires))
	for live+n > limit(slots) || live > slots/2 {
		slots *= 2 // at most half full after a rebuild, so that rebuilding is rare
	}
	t.rebuild(s, slots, now)
	return true
}

func (t *claimTable) rebuild(s *Store, slots int, now uint32) {
	old := *t
	t.keys, t.expires, t.used = make([]store.Key, slots), make([]uint32, slots), 0
	for i, e := range old.expires {
		if e > now {
			t.put(s.hashKey(&old.keys[i]), &old.keys[i], e, now)
		}
	}
}

// put adds a claim for which there is room and that is not there.
func (t *claimTable) put(hash uint64, key *store.Key, expires, now uint32) {
	i := hash & t.mask()
	for t.expires[i] > now {
		i = (i + 1) & t.mask()
	}
	if t.expires[i] == 0 {
		t.used++
	}
	t.keys[i], t.expires[i] = *key, expires
}
