//go:build linux

package bench

import (
	"net/http"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/bench/internal/rig"
)

// BenchmarkSmall is the most common kind of request: not to a form, with a small answer.
func BenchmarkSmall(b *testing.B) {
	newStage(b).compare(b, 1500, reach{ratio: 1.10}, get("/small", false))
}

// BenchmarkPage is a page of 100 KB that the guard scans for forms, without and with a form.
func BenchmarkPage(b *testing.B) {
	b.Run("form", func(b *testing.B) {
		s := newStage(b)
		s.guarded.mustChallenge("/page")
		s.compare(b, 300, reach{ratio: 1.6}, get("/page", false))
	})
	b.Run("bare", func(b *testing.B) { newStage(b).compare(b, 300, reach{}, get("/bare", false)) })
	// The app compressed it; the guard must decompress it and compress it again.
	b.Run("gzip", func(b *testing.B) { newStage(b).compare(b, 200, reach{}, get("/page", true)) })
}

// BenchmarkPost is an allowed submission. With the silent proof it includes one derivation,
// of as many PBKDF2 iterations as the visitor made for each guess. With the visible proof it
// includes a signature instead.
func BenchmarkPost(b *testing.B) {
	b.Run("silent", func(b *testing.B) {
		s := newStage(b)
		s.compare(b, 500, reach{added: 40}, s.prepare(b, "/form", "/signup", 64))
	})
	b.Run("visible", func(b *testing.B) {
		s := newStage(b)
		posts := s.prepare(b, "/visible", "/visible", 48)
		time.Sleep(3 * time.Second) // the minimum age of its tickets
		s.compare(b, 500, reach{added: 40}, posts)
	})
}

// BenchmarkMemory is the memory that 100 000 issued challenges leave in the process.
// "collected" is the value after the garbage collection. "returned" is the value after free
// memory was given back to the system. The difference is not memory of the guard, but space
// that the runtime keeps for later garbage.
func BenchmarkMemory(b *testing.B) {
	const challenges = 100_000
	p := newStage(b).guarded
	form := get("/form", false)
	p.mustChallenge("/form")
	p.round(2000, form)
	var collected, returned float64
	for b.Loop() {
		first, before := p.number("/rss/collected"), p.number("/rss/returned")
		p.round(challenges, form)
		collected = float64(p.number("/rss/collected")-first) / (1 << 20)
		returned = float64(p.number("/rss/returned")-before) / (1 << 20)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(collected, "collected-MiB")
	b.ReportMetric(returned, "returned-MiB")
	if most := 10.0; collected > most || returned > most {
		b.Logf("not reached: at most %.0f MiB", most)
	}
}

// mustChallenge makes sure that the benchmark measures a challenge.
func (p *proxy) mustChallenge(page string) {
	p.t.Helper()
	markup, err := p.send(get(page, false)(0))
	if err != nil || len(rig.Fields(markup)) == 0 {
		p.t.Fatalf("no ticket in %s: %v", page, err)
	}
}

func get(path string, zipped bool) func(int) request {
	return func(int) request {
		return request{method: http.MethodGet, path: path, zipped: zipped, status: http.StatusOK}
	}
}
