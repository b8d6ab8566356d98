package memory

import (
	"encoding/binary"
	"testing"
	"time"
)

// The law: after any writes in any order, a table finds each entry that it has not
// removed. It removes no entry that still counts, except in squeeze. For a removed entry
// it returns at least the time until which the entry counted.
//
// This test is in the package itself, because a test outside does not know the seed and
// so cannot make hashes that crowd one place.
func FuzzTable(f *testing.F) {
	f.Add([]byte("\x00\x01\x00\x09\x00\x02\x00\x09\x00\x01\x00\x20\xff\xff\xff\x01"))
	f.Add([]byte("\xff\xff\x01\x01\xff\xfe\x01\x01\xff\xfd\x01\x01\xff\xfc\x80\x01\x00\x00\x81\x00"))
	f.Fuzz(func(t *testing.T, program []byte) {
		const start = int64(365 * day)
		table := table{most: 20}
		model := map[uint64]int64{}
		now := start
		for ; len(program) >= 4; program = program[4:] {
			// 64 regions of a shard, with 1024 neighbours each. The last region is likely
			// to extend beyond the end.
			region, neighbour := uint64(program[0]>>2), uint64(binary.BigEndian.Uint16(program)&1023)
			hash := region<<(64-shardBits-6) | neighbour
			now = max(start, now+int64(int8(program[2]))*int64(time.Second))
			until := now + 1 + int64(program[3])*int64(time.Second)
			if _, found := table.find(hash); !found && !table.room(1, now) {
				if program[3]&1 == 0 {
					continue // full; claims would get ErrFull
				}
				table.squeeze(1, now)
			}
			table.set(hash, until)
			model[hash] = until
			holds(t, &table, model)
		}
	})
}

func holds(t *testing.T, table *table, model map[uint64]int64) {
	t.Helper()
	used, gap, last := 0, -1, ^uint64(0)
	for at, e := range table.entries {
		if e.until == 0 {
			gap = at
			continue
		}
		if e.hash > last {
			t.Fatalf("place %d: the order of hashes is broken", at)
		}
		if table.home(e.hash) <= gap {
			t.Fatalf("place %d: a gap at %d is on the way from the home %d", at, gap, table.home(e.hash))
		}
		used, last = used+1, e.hash
	}
	if used != table.used {
		t.Fatalf("%d entries are used, and %d counted", used, table.used)
	}
	if limit := 4 * (spare + 3*table.most/2) / 5; used > limit+2 {
		t.Fatalf("%d entries in a table for %d", used, table.most)
	}
	for hash, until := range model {
		switch got, found := table.until(hash); {
		case found && got != until:
			t.Fatalf("%x counts until %d, want %d", hash, got, until)
		case !found && got < until:
			t.Fatalf("%x counted until %d and is gone, but the floor is %d", hash, until, got)
		}
	}
}
