package memory_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
)

func cpu() int64 {
	var r syscall.Rusage
	syscall.Getrusage(0, &r)
	return r.Utime.Nano() + r.Stime.Nano()
}

func cpuRun(b *testing.B, name string, g int, pre func() func(i uint64)) {
	b.Run(name, func(b *testing.B) {
		do := pre()
		b.ResetTimer()
		c := cpu()
		parallel(b, g, do)
		b.ReportMetric(float64(cpu()-c)/float64(b.N), "cpu-ns/op")
	})
}

func BenchmarkCPU(b *testing.B) {
	for _, g := range []int{1, 2} {
		p := []string{"", "g1/", "g2/"}[g]
		for _, base := range []bool{false, true} {
			open := func() spender {
				if base {
					return newMaps()
				}
				return ours{memory.New(memory.Claims(4*million), memory.Limits(2*million), memory.Epoch(noon))}
			}
			q := p + "ours/"
			if base {
				q = p + "maps/"
			}
			cpuRun(b, q+"replay1", g, func() func(uint64) {
				s := open()
				s.claim(0, noon, time.Hour)
				return func(i uint64) { s.claim(0, noon, time.Hour) }
			})
			cpuRun(b, q+"replay1M", g, func() func(uint64) {
				s := open()
				for i := range uint64(million) {
					s.claim(i, noon, time.Hour)
				}
				return func(i uint64) { s.claim(i*7919%million, noon, time.Hour) }
			})
			cpuRun(b, q+"take1", g, func() func(uint64) {
				s := open()
				return func(i uint64) { s.take(0, noon) }
			})
			cpuRun(b, q+"take1M", g, func() func(uint64) {
				s := open()
				for i := range uint64(million) {
					s.take(i, noon)
				}
				return func(i uint64) { s.take(i*7919%million, noon) }
			})
			cpuRun(b, q+"fresh1M", g, func() func(uint64) {
				s := open()
				const life, pause = 45 * time.Second, 100 * time.Microsecond
				for i := range uint64(million) {
					s.claim(i, noon.Add(time.Duration(i)*pause), life)
				}
				return func(i uint64) { i += million; s.claim(i, noon.Add(time.Duration(i)*pause), life) }
			})
		}
		cpuRun(b, p+"spend", g, func() func(uint64) {
			s := open2()
			return func(i uint64) {
				now := noon.Add(time.Duration(i) * 200 * time.Microsecond)
				expires := now.Add(40 * time.Second)
				claims := [2]store.Claim{
					{Key: key(1<<40 + 2*i), Issued: now, Expires: expires},
					{Key: key(1<<40 + 2*i + 1), Issued: now, Expires: expires},
				}
				var takes [4]store.Take
				for n := range takes {
					takes[n] = store.Take{Key: key((i*7919 + uint64(n)*1e5) % million), Every: time.Millisecond, Burst: 1 << 30}
				}
				s.Spend(context.Background(), store.Trip{Now: now, Claims: claims[:], Takes: takes[:]})
			}
		})
	}
}

func open2() ours {
	s := ours{memory.New(memory.Claims(4*million), memory.Limits(2*million), memory.Epoch(noon))}
	for i := range uint64(million) {
		s.take(i, noon)
		s.claim(i, noon, time.Hour)
	}
	return s
}
