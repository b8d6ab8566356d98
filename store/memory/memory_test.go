package memory_test

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
	"github.com/palisade-dev/palisade/store/storetest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func key(i uint64) (k store.Key) {
	binary.LittleEndian.PutUint64(k[:], (i+1)*0x9E3779B97F4A7C15)
	binary.LittleEndian.PutUint64(k[8:], i)
	return k
}

func TestLaws(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		return storetest.Harness{
			Store:   memory.New(memory.Claims(1000), memory.Unverified(1000)),
			Restart: func(now time.Time) store.Store { return memory.New(memory.Epoch(now)) },
			Fill:    5000,
		}
	})
}

func TestConcurrency(t *testing.T) {
	storetest.RunConcurrency(t, func(t *testing.T) storetest.Harness {
		return storetest.Harness{Store: memory.New()}
	})
}
