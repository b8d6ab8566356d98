//go:build unix

package palisade

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/challenge/work"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
)

// benchSite is a guard whose proofs are cheap to make, so that thousands can be
// prepared; what they cost to check beyond the derivation is the same.
type benchSite struct {
	form   *Form
	now    time.Time
	bodies []string
	store  *rounds
}

const prepared = 256

func newBenchSite(b *testing.B) *benchSite {
	s := &benchSite{now: time.Now()}
	guard, err := New(Config{
		Keys: Keys{Current: bytes.Repeat([]byte("current-key-0123"), 2)}, ClientIP: clientip.RemoteAddr(), Site: "example.com",
		Clock: func() time.Time { return s.now }, Logger: slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		b.Fatal(err)
	}
	guard.budget = unlimited{}
	levels := pow.DefaultLevels()
	levels[0] = pow.Work{Cost: 1, Prefix: "0"}
	proofs, err := pow.New(pow.Config{Keys: guard.keys.Proofs, Levels: levels})
	if err != nil {
		b.Fatal(err)
	}
	guard.proofs = work.New(proofs)
	s.form, err = guard.Form(FormConfig{Name: "signup", Ask: WhenRisky, Limits: []Limit{
		{Rate: 1e6, Per: time.Minute, By: ByIP}, {Rate: 1e6, Per: time.Minute, By: ByNetwork}, {Rate: 1e6, Per: time.Minute, By: ByField("email")},
	}})
	if err != nil {
		b.Fatal(err)
	}
	page := s.request(http.MethodGet, "")
	for n := range prepared {
		page.RemoteAddr = addrOf(n)
		s.bodies = append(s.bodies, fillIn(b, string(s.form.Fields(page))))
	}
	s.now = s.now.Add(20 * time.Second)
	return s
}

func (s *benchSite) request(method, body string) *http.Request {
	r := httptest.NewRequest(method, "/signup", strings.NewReader(body))
	r.RemoteAddr = "203.0.113.7:40000"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "https://example.com")
	return r
}

// submission is the n-th prepared one, each from a network of its own.
func (s *benchSite) submission(n int) *http.Request {
	r := s.request(http.MethodPost, s.bodies[n])
	r.RemoteAddr = addrOf(n)
	return r
}

func addrOf(n int) string { return fmt.Sprintf("10.%d.%d.1:40000", n>>8, n&255) }

var (
	inputTag  = regexp.MustCompile(`<input[^>]* name="([^"]*)"[^>]* value="([^"]*)"`)
	proofData = regexp.MustCompile(`data-palisade-challenge="([^"]*)"`)
)

func fillIn(b *testing.B, markup string) string {
	v := url.Values{"username": {"ada"}, "email": {"ada@example.org"}}
	for _, m := range inputTag.FindAllStringSubmatch(markup, -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	challenge := html.UnescapeString(proofData.FindStringSubmatch(markup)[1])
	proof, err := pow.Solve(context.Background(), []byte(challenge))
	if err != nil {
		b.Fatal(err)
	}
	v.Set(FieldProof, proof)
	return v.Encode()
}

// cpuTimer measures the processor time of the process, which other work on the
// machine does not change as it does the time on the wall.
type cpuTimer struct{ total, since time.Duration }

func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func (c *cpuTimer) start() { c.since = cpuTime() }
func (c *cpuTimer) stop()  { c.total += cpuTime() - c.since }
func (c *cpuTimer) report(b *testing.B) {
	b.ReportMetric(float64(c.total)/float64(b.N), "cpu-ns/op")
}

// BenchmarkCheck is the judgement of a good form POST: all signals, three limits,
// two claims. "parsed" leaves out reading the body; neither has the derivation,
// which BenchmarkDerive in package pow measures.
func BenchmarkCheck(b *testing.B) {
	b.Run("whole", func(b *testing.B) {
		s := newBenchSite(b)
		requests := make([]*http.Request, prepared)
		var cpu cpuTimer
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if i%prepared == 0 {
				b.StopTimer()
				if i > 0 {
					cpu.stop()
				}
				s.fresh()
				for n := range requests {
					requests[n] = s.submission(n)
				}
				cpu.start()
				b.StartTimer()
			}
			if d := s.form.Check(requests[i%prepared]); !d.Allowed() {
				b.Fatal(d.Reason, d.Findings)
			}
		}
		cpu.stop()
		cpu.report(b)
	})
	b.Run("parsed", func(b *testing.B) {
		s := newBenchSite(b)
		attempts := make([]*attempt, prepared)
		for n := range attempts {
			attempts[n] = s.form.begin(NewSubmission(s.submission(n)))
			if attempts[n].read(context.Background()); attempts[n].sub.err != nil {
				b.Fatal(attempts[n].sub.err)
			}
		}
		ctx := context.Background()
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if i%prepared == 0 {
				s.fresh()
			}
			a := attempts[i%prepared]
			a.now, a.findings, a.score, a.need, a.answer = s.now, nil, signal.Score{}, 0, nil
			if d := judgeParsed(ctx, a); !d.Allowed() {
				b.Fatal(d.Reason, d.Findings)
			}
		}
	})
}

// judgeParsed is judge without the steps read and derive.
func judgeParsed(ctx context.Context, a *attempt) Decision {
	for _, step := range parsedSteps {
		if v := step.run(a, ctx); v.ends {
			return a.decide(v)
		}
	}
	return a.decide(ending{outcome: Allow, reason: ReasonClean})
}

var parsedSteps = without((*attempt).read, (*attempt).derive)

func without(left ...func(*attempt, context.Context) ending) (kept []step) {
	at := func(step any) uintptr { return reflect.ValueOf(step).Pointer() }
	for _, step := range steps {
		if !slices.ContainsFunc(left, func(l func(*attempt, context.Context) ending) bool { return at(l) == at(step.run) }) {
			kept = append(kept, step)
		}
	}
	if len(kept)+len(left) != len(steps) {
		panic("a step to be left out is none")
	}
	return kept
}

// fresh lets the prepared tickets be used again, in the same store, which is in
// the middle of its life and not new.
func (s *benchSite) fresh() {
	if s.store == nil {
		s.store = &rounds{Store: memory.New(memory.Claims(1<<24), memory.Epoch(s.now.Add(-time.Hour)))}
		s.form.guard.config.Store = s.store
	}
	s.store.round++
	s.now = s.now.Add(time.Second) // the budgets of each network come back
}

// rounds is a store to which each round's claims are new.
type rounds struct {
	store.Store
	round uint32
}

func (r *rounds) Spend(ctx context.Context, trip store.Trip) (store.Result, error) {
	for i := range trip.Claims {
		binary.LittleEndian.PutUint32(trip.Claims[i].Key[12:], r.round<<2+uint32(i))
	}
	return r.Store.Spend(ctx, trip)
}

// BenchmarkRefusal is what an attempt costs that has nothing.
func BenchmarkRefusal(b *testing.B) {
	s := newBenchSite(b)
	rows := []struct{ name, body string }{
		{"no ticket", "username=bot"},
		{"forged ticket", "palisade-ticket=" + strings.Repeat("A", 78)},
		{"forged proof", strings.Replace(s.bodies[0], "palisade-proof=ey", "palisade-proof=eY", 1)},
	}
	for _, row := range rows {
		b.Run(row.name, func(b *testing.B) {
			ctx := context.Background()
			a := s.form.begin(NewSubmission(s.request(http.MethodPost, row.body)))
			if a.read(context.Background()); a.sub.err != nil {
				b.Fatal(a.sub.err)
			}
			b.ReportAllocs()
			for b.Loop() {
				a.findings, a.score, a.need = a.findings[:0], signal.Score{}, 0
				if d := judgeParsed(ctx, a); d.Allowed() {
					b.Fatal("allowed")
				}
			}
		})
	}
}

// BenchmarkOffer is what a page costs: a ticket and its challenge.
func BenchmarkOffer(b *testing.B) {
	s := newBenchSite(b)
	page := s.request(http.MethodGet, "")
	b.Run("ticket and challenge", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.form.offer(page, wish{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("markup", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = s.form.Fields(page)
		}
	})
}

// unlimited is a budget without end.
type unlimited struct{}

func (unlimited) Spend(context.Context, store.Trip) (store.Result, error) {
	return store.Result{Status: store.Granted}, nil
}
