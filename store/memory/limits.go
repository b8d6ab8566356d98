package memory

import (
	"time"

	"github.com/palisade-dev/palisade/store"
)

// limitTable holds the theoretical arrival times of GCRA: for each key the time
// at which all its permits are back. A key whose time has passed equals one that
// was never seen, so its slot is free without anybody sweeping.
//
// Slots are found by the key itself, which is a keyed hash and so spread evenly
// already.
type limitTable struct {
	slots []limitSlot
	used  int // slots that are not free for good
	most  int // live keys

	// overflow is shared by the keys that find no slot because all are live. A
	// counter that many share refuses too much; forgetting a live key would
	// refuse too little.
	overflow []limitSlot
	retry    int64 // when to look for dead slots again after finding none
}

type limitSlot struct {
	key uint64 // fragment of the key; 0 is a slot never used
	tat int64  // Unix nanoseconds
}

const (
	overflowSlots = 64
	retryEvery    = 100 * time.Millisecond
)

// arrival returns the theoretical arrival time after a take, and for how long it
// is still too early for it.
func arrival(tat, now int64, t *store.Take) (next int64, wait time.Duration) {
	cost := max(t.Cost, 1)
	if cost > t.Burst {
		return tat, time.Duration(t.Burst) * t.Every // never granted; any positive wait is as true
	}
	next = max(tat, now) + int64(cost)*int64(t.Every)
	return next, time.Duration(next - now - int64(t.Burst)*int64(t.Every))
}

// wait returns how long until a take could be granted; 0 is now.
func (t *limitTable) wait(key uint64, take *store.Take, now int64) time.Duration {
	var tat int64
	if slot := t.find(key, now); slot != nil {
		tat = slot.tat
	}
	_, wait := arrival(tat, now, take)
	return max(wait, 0)
}

// take writes what wait has found to be granted.
func (t *limitTable) take(key uint64, take *store.Take, now int64) {
	slot := t.find(key, now)
	if slot == nil {
		slot = t.place(key, now)
	}
	slot.tat, _ = arrival(slot.tat, now, take)
}

// find returns the slot in which a key is counted, or nil.
func (t *limitTable) find(key uint64, now int64) *limitSlot {
	if len(t.slots) > 0 {
		for i := t.start(key); t.slots[i].key != 0; i = t.next(i) {
			if t.slots[i].key == key {
				return &t.slots[i]
			}
		}
	}
	if t.overflow != nil {
		// As long as the shared counter is live, the key may be one of those in it.
		if slot := &t.overflow[t.shared(key)]; slot.tat > now {
			return slot
		}
	}
	return nil
}

// place returns a slot for a key that has none, with nothing counted in it or,
// when all slots are live, the shared one.
func (t *limitTable) place(key uint64, now int64) *limitSlot {
	if !t.reserve(now) {
		if t.overflow == nil {
			t.overflow = make([]limitSlot, overflowSlots)
		}
		return &t.overflow[t.shared(key)]
	}
	i := t.start(key)
	for t.slots[i].key != 0 && t.slots[i].tat > now {
		i = t.next(i)
	}
	if t.slots[i].key == 0 {
		t.used++
	}
	t.slots[i] = limitSlot{key: key}
	return &t.slots[i]
}

// reserve makes room for one more key, if that takes no forgetting.
func (t *limitTable) reserve(now int64) bool {
	if t.used < limit(len(t.slots)) && t.used < t.most {
		return true
	}
	if now < t.retry {
		return false
	}
	live := 0
	for i := range t.slots {
		if t.slots[i].tat > now {
			live++
		}
	}
	if live >= t.most {
		t.retry = now + int64(retryEvery)
		return false
	}
	slots := max(minSlots, len(t.slots))
	for live >= slots/2 {
		slots *= 2
	}
	t.rebuild(slots, now)
	return true
}

func (t *limitTable) rebuild(slots int, now int64) {
	old := t.slots
	t.slots, t.used = make([]limitSlot, slots), 0
	for _, slot := range old {
		if slot.tat <= now {
			continue
		}
		i := t.start(slot.key)
		for t.slots[i].key != 0 {
			i = t.next(i)
		}
		t.slots[i] = slot
		t.used++
	}
}

func (t *limitTable) start(key uint64) uint64  { return key >> 1 & uint64(len(t.slots)-1) }
func (t *limitTable) next(i uint64) uint64     { return (i + 1) & uint64(len(t.slots)-1) }
func (t *limitTable) shared(key uint64) uint64 { return key >> 32 % overflowSlots }
