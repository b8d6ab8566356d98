// Package attack runs the attackers that a protected form must resist against the demo, and
// reports the result of each one.
//
// Every attacker gets its own demo, reached by real HTTP over loopback. So its count of
// effects is its own, and no attacker uses up the limits of another. A second demo without
// the guard shows the effects without protection. The demo's /effects counts the effects,
// and /decisions gives the reasons of the refusals. Time is real: an attacker that has to
// wait does wait.
package attack

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/palisade-dev/palisade"
)

// Result is one row of the table.
type Result struct {
	Attack  string         `json:"attack"`
	Trusts  string         `json:"trusts"`            // the source of the client's address that the demo trusts
	Tried   int            `json:"tried"`             // submissions
	Answers map[string]int `json:"answers"`           // by status
	Effects int            `json:"effects"`           // accepted, by the demo's own count
	Least   int            `json:"least"`             // documented: the fewest accepted submissions …
	Most    int            `json:"most"`              // … and the most
	Without int            `json:"without_palisade"`  // effects at the same site without the guard
	Stopped map[string]int `json:"stopped,omitempty"` // refusals by reason
	Verdict string         `json:"verdict"`
	OK      bool           `json:"ok"` // the effects are within the documented range
}

// Failures counts the rows whose effects are outside the documented range.
func Failures(results []Result) (n int) {
	for _, r := range results {
		if !r.OK {
			n++
		}
	}
	return n
}

// Run runs all attackers and reports the result of each one, in a fixed order. It writes its
// progress, one line, to a writer. An error means that the attack itself could not be
// carried out.
func Run(ctx context.Context, progress io.Writer) ([]Result, error) {
	shop, err := openShop()
	if err != nil {
		return nil, err
	}
	defer shop.close()
	m := &means{shop: shop, solvers: make(chan struct{}, runtime.GOMAXPROCS(0)), oneAddress: !manyAddresses()}
	list := attackers()
	results := make([]Result, len(list))
	errs := make([]error, len(list))
	done := newProgress(progress, len(list))
	defer done.end()

	// The quick attackers run one after another: together they would be as slow as people on
	// a busy machine. The attackers that wait run together.
	for i, a := range list {
		if !a.waits {
			done.say("the quick ones, one by one")
			results[i], errs[i] = a.meet(ctx, m)
			done.add()
		}
	}
	done.say("the others wait as long as people type")
	var group sync.WaitGroup
	for i, a := range list {
		if a.waits {
			group.Go(func() {
				results[i], errs[i] = a.meet(ctx, m)
				done.add()
			})
		}
	}
	group.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s: %w", list[i].name, err)
		}
	}
	return results, nil
}

// means are the resources that all attackers share.
type means struct {
	shop       *shop
	solvers    chan struct{} // one slot for each processor
	oneAddress bool          // this machine can call from 127.0.0.1 alone
}

// meet runs one attacker against the guarded demo and against its twin without the guard.
func (a attacker) meet(ctx context.Context, m *means) (Result, error) {
	var twin *scene
	var twinErr error
	var group sync.WaitGroup
	group.Go(func() { twin, twinErr = a.play(ctx, m, false) })
	guarded, err := a.play(ctx, m, true)
	group.Wait()
	if err != nil {
		return Result{}, err
	}
	if twinErr != nil {
		return Result{}, fmt.Errorf("without palisade: %w", twinErr)
	}
	return a.result(guarded, twin), nil
}

// play runs the attacker against one demo and notes the result.
func (a attacker) play(ctx context.Context, m *means, protected bool) (*scene, error) {
	s, err := newScene(a, m, protected)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if err := a.run(ctx, s); err != nil {
		return nil, err
	}
	return s, s.takeDown(ctx)
}

// refilled is the part of the limit that came back while the attack ran.
func (a attacker) refilled(ran time.Duration) int {
	if a.every == 0 {
		return 0
	}
	return int(ran / a.every)
}

func (a attacker) result(guarded, twin *scene) Result {
	ran := guarded.last.Sub(guarded.first)
	refilled := a.refilled(ran)
	r := Result{
		Attack: a.name, Trusts: guarded.trusts, Answers: guarded.answers,
		Effects: guarded.effects, Least: a.least, Most: a.most + guarded.slow + refilled,
		Without: twin.effects, Stopped: guarded.stopped,
	}
	for _, n := range guarded.answers {
		r.Tried += n
	}
	r.OK = r.Effects >= r.Least && r.Effects <= r.Most
	r.Verdict = a.verdict
	switch {
	case r.OK && r.Effects > a.most && refilled > 0:
		r.Verdict = fmt.Sprintf("held to %d at once and %d more in %s, the limit", a.most, r.Effects-a.most, ran.Round(time.Second))
	case r.OK && r.Effects > a.most:
		r.Verdict = fmt.Sprintf("%d of %d were slower than people, on this busy machine", guarded.slow, r.Tried)
	case !r.OK:
		r.Verdict = fmt.Sprintf("FAILED: %d to %d may be accepted", r.Least, r.Most)
	}
	return r
}

// Why shortens the reason of a decision to one or two words. For a suspicious attempt it
// names the finding, which says more than "suspicious".
func Why(reason palisade.Reason, findings []palisade.Finding) string {
	if reason != palisade.ReasonSuspicious {
		return string(reason)
	}
	heaviest := 0.0
	for _, f := range findings {
		if f.Weight > heaviest {
			heaviest, reason = f.Weight, f.Reason
		}
	}
	return string(reason)
}
