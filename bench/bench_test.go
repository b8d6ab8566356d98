//go:build linux

package bench

import (
	"net/http"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/bench/internal/rig"
)

// BenchmarkSmall is what most requests are: not to a form, with a small answer.
func BenchmarkSmall(b *testing.B) {
	newStage(b).compare(b, 1500, reach{ratio: 1.10}, get("/small", false))
}

// BenchmarkPage is a page of 100 KB: read through for forms, and with one found.
func BenchmarkPage(b *testing.B) {
	b.Run("form", func(b *testing.B) {
		s := newStage(b)
		s.guarded.mustChallenge("/page")
		s.compare(b, 300, reach{ratio: 1.6}, get("/page", false))
	})
	b.Run("bare", func(b *testing.B) { newStage(b).compare(b, 300, reach{}, get("/bare", false)) })
	// The app packed it; the guard must unpack it and pack it again.
	b.Run("gzip", func(b *testing.B) { newStage(b).compare(b, 200, reach{}, get("/page", true)) })
}

// BenchmarkPost is a submission that is allowed. Under the silent proof one
// derivation is part of it, as many iterations of PBKDF2 as the visitor made for
// each guess; under the visible one a signature stands for it.
func BenchmarkPost(b *testing.B) {
	b.Run("silent", func(b *testing.B) {
		s := newStage(b)
		s.compare(b, 500, reach{added: 40}, s.prepare(b, "/form", "/signup", 64))
	})
	b.Run("visible", func(b *testing.B) {
		s := newStage(b)
		posts := s.prepare(b, "/visible", "/visible", 48)
		time.Sleep(3 * time.Second) // the least age of its tickets
		s.compare(b, 500, reach{added: 40}, posts)
	})
}

// BenchmarkMemory is what issuing 100 000 challenges leaves behind in the process:
// "collected" after the garbage was, "returned" after free memory was given back to
// the system. The difference is no memory of the guard's, but room that the
// runtime keeps for the next garbage.
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

// mustChallenge sees to it that what is measured is what is meant.
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
