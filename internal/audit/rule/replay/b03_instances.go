package replay

import (
	"cmp"
	"context"
	"fmt"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var b03 = &engine.Rule{
	ID: "B03", Title: "A token can be used once with each instance", Severity: engine.High, Fix: fix.Once, Needs: engine.Baseline | engine.Fresh, After: append([]string{"B01"}, engine.AfterVerify...), Shots: 15,
	Why:  "Each instance remembers used tokens for itself, so that a token is good as often as there are instances.",
	Refs: engine.Refs{CWE: 294, ASVS: "15.4.2"},
	Check: func(ctx context.Context, p *engine.Probe) engine.Result {
		if len(p.Spec.Instances) == 0 {
			return engine.Omitted("it is not known that the app has several instances: name their addresses (instances)")
		}
		other, err := p.Visitors.InstanceAt(ctx, p.Spec.Instances[0])
		if err != nil {
			return engine.Undecided("%v", err)
		}
		if result, ok := greets(ctx, p, other); !ok {
			return result
		}
		decided := 0
		for _, borrow := range []bool{false, true} {
			result := replayAt(ctx, p, other, borrow)
			switch {
			case result.Status == engine.Fail, result.Status == engine.Inconclusive:
				return result
			case result.Status == engine.Pass:
				decided++
			}
		}
		if decided == 0 {
			return engine.Undecided("The second instance takes no token of the first one's pages, used or not, so that a replay there says nothing.")
		}
		return engine.Passed("A second instance refused the token, and took one that was not used, before and after.")
	},
}

// greets finds the Host with which the instance accepts a submission of its own page. An
// instance that accepts none would refuse a replay too, with or without a memory.
func greets(ctx context.Context, p *engine.Probe, other *engine.Instance) (engine.Result, bool) {
	var o *engine.Outcome
	for _, other.Host = range []string{p.Target.Host, other.At.Host} {
		if o = welcome(ctx, p, other); taken(o) {
			return engine.Result{}, true
		}
	}
	return engine.Undecided("The second instance has not taken a valid submission of its own page%s, so that its refusal of a used token says nothing.", with(o)), false
}

// welcome is a fresh valid submission of the instance's own page.
func welcome(ctx context.Context, p *engine.Probe, other *engine.Instance) (o *engine.Outcome) {
	p.Visitors.There(other, func() {
		pg, err := p.Visitors.Ripe(ctx, p.Visitors.Address())
		if err != nil {
			o = &engine.Outcome{Err: err}
			return
		}
		o = p.Try(ctx, engine.Attempt{What: "a valid submission at " + other.At.Host, Valid: true, Visit: pg, Change: other.Address(p)})
	})
	return o
}

func taken(o *engine.Outcome) bool { return o.Err == nil && o.Effects > 0 }

// with describes the error or the status of an outcome.
func with(o *engine.Outcome) string {
	if o.Err != nil {
		return fmt.Sprintf(" (%v)", o.Err)
	}
	return fmt.Sprintf(" (it answered %d)", o.Answer.Status)
}

// replayAt uses a token with the first instance, then with the other one. Two controls of
// the same kind surround it; their tokens are used nowhere else. The other fields come from
// the page of the token or, with borrow, from a page of the other instance. The reason is
// that apps bind tokens to pages, and pages to instances. If the app refuses even the
// control, replayAt is left out.
func replayAt(ctx context.Context, p *engine.Probe, other *engine.Instance, borrow bool) engine.Result {
	control := func() *engine.Outcome {
		_, o := crossed(ctx, p, other, crossing{borrow: borrow, what: "a token of the first instance, not used, at " + other.At.Host})
		return o
	}
	if before := control(); !taken(before) {
		if o := welcome(ctx, p, other); !taken(o) {
			return engine.Undecided("The second instance no longer takes valid submissions%s, so that nothing can be told from what it refuses.", with(o))
		}
		return engine.Omitted("not even a token that is not used is taken%s", with(before))
	}
	first, replay := crossed(ctx, p, other, crossing{borrow: borrow, use: true, what: "the same token at " + other.At.Host})
	if !taken(first) || replay.Err != nil {
		return engine.Undecided("%v", cmp.Or(first.Err, errOf(replay), engine.ErrFirst))
	}
	if replay.Effects > 0 {
		return engine.Failed(replay, "A second instance did it again for a token that the first had taken.")
	}
	if careless := unaided(ctx, p, other, borrow); careless != nil {
		return *careless
	}
	if after := control(); !taken(after) {
		return engine.Undecided("The second instance refused the used token, but then also one that was not used%s: nothing can be told from either.", with(after))
	}
	return engine.Passed("refused")
}

// unaided replays a token while the service accepts second uses, which it normally refuses.
// It returns a finding or nil.
func unaided(ctx context.Context, p *engine.Probe, other *engine.Instance, borrow bool) *engine.Result {
	if p.Middle == nil {
		return nil
	}
	_, o := crossed(ctx, p, other, crossing{
		borrow: borrow, use: true, what: "the same token at " + other.At.Host,
		before: func(m *engine.Middle) { m.Server.Fail(m.Service, captchatest.Reusable, -1) },
	})
	if o == nil || !taken(o) {
		return nil
	}
	r := engine.Failed(o, "When the service said yes to a token a second time, a second instance did it again.")
	r.Severity = engine.Low
	r.Title = "Only the service sees to it that a token is used once with all instances"
	r.Why = "The service does so as a rule. Behind a verdict that is kept, a retry, or a stand-in during an outage nobody does, and one solved captcha pays for a submission with each instance."
	return &r
}

// crossing is how a token gets from one instance to another.
type crossing struct {
	borrow bool // the page is the other instance's
	use    bool // use the token with the first instance before
	before func(*engine.Middle)
	what   string
}

// crossed sends a token of the first instance to the other one. The first outcome is the
// earlier use at the first instance. Without such a use, the second outcome is nil.
func crossed(ctx context.Context, p *engine.Probe, other *engine.Instance, c crossing) (first, second *engine.Outcome) {
	from := p.Visitors.Address()
	pg, err := p.Visitors.Ripe(ctx, from)
	if err != nil {
		return &engine.Outcome{Err: err}, &engine.Outcome{Err: err}
	}
	token, err := p.Source.Mint(ctx, pg)
	if err != nil {
		return &engine.Outcome{Err: err}, &engine.Outcome{Err: err}
	}
	put := func(s *engine.Shot) { s.Fields = append(s.Fields, token...) }
	if c.use {
		first = p.Try(ctx, engine.Attempt{What: "a valid submission", Visit: pg, Before: c.before, Change: put})
		if !taken(first) {
			return first, nil
		}
	}
	p.Visitors.There(other, func() {
		if c.borrow {
			if pg, err = p.Visitors.Ripe(ctx, from); err != nil {
				second = &engine.Outcome{Err: err}
				return
			}
		}
		second = p.Try(ctx, engine.Attempt{What: c.what, Visit: pg, Before: c.before, Change: func(s *engine.Shot) {
			put(s)
			other.Address(p)(s)
		}})
	})
	return first, second
}
