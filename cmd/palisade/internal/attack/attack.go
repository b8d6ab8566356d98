// Package attack runs the attackers that a protected form has to stand up to
// against the demo, and says what each one got.
//
// Every attacker gets a demo of its own, reached by real HTTP over loopback, so
// that its count of effects is its own and no attacker uses up another's limits.
// A second demo without the guard shows what would have happened. The truth is
// what the demo's /effects counts; why the rest was refused is what /decisions
// says. Time is real: whoever has to wait, waits.
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
	Trusts  string         `json:"trusts"`            // whose word the demo takes for the client's address
	Tried   int            `json:"tried"`             // submissions
	Answers map[string]int `json:"answers"`           // by status
	Effects int            `json:"effects"`           // really accepted, by the demo's own count
	Least   int            `json:"least"`             // documented: what has to be accepted …
	Most    int            `json:"most"`              // … and what may be
	Without int            `json:"without_palisade"`  // effects at the same site without the guard
	Stopped map[string]int `json:"stopped,omitempty"` // refusals by reason
	Verdict string         `json:"verdict"`
	OK      bool           `json:"ok"` // the effects are within what is documented
}

// Failures counts the rows that are not as documented.
func Failures(results []Result) (n int) {
	for _, r := range results {
		if !r.OK {
			n++
		}
	}
	return n
}

// Run runs all attackers and reports what each one got, in a fixed order.
// Progress goes to a writer, one line. An error means that the attack itself
// could not be carried out.
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

	// Those who are quick run one after another: on a busy machine they would
	// be slow, and slow is what a person is. Those who wait, wait together.
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

// means is what all attackers share.
type means struct {
	shop       *shop
	solvers    chan struct{} // a place for each processor
	oneAddress bool          // this machine can call from 127.0.0.1 alone
}

// meet runs one attacker against the guarded demo and against its twin.
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

// play runs the attacker against one demo and takes down what happened there.
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

// refilled is how much of the limit came back while the attack ran.
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

// Why puts the reason of a decision into one word or two: what made an attempt
// suspicious says more than that it was.
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
