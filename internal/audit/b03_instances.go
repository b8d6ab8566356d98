package audit

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"net/url"

	"github.com/palisade-dev/palisade/captchatest"
)

var b03 = &Rule{
	ID: "B03", Title: "A token can be used once with each instance", Severity: High, Fix: once, Needs: Baseline | Fresh, After: append([]string{"B01"}, afterVerify...), Shots: 15,
	Why:  "Each instance remembers used tokens for itself, so that a token is good as often as there are instances.",
	Refs: Refs{CWE: 294, ASVS: "15.4.2"},
	check: func(ctx context.Context, p *Probe) Result {
		if len(p.spec.Instances) == 0 {
			return leftOut("it is not known that the app has several instances: name their addresses (instances)")
		}
		other, err := p.instance(ctx, p.spec.Instances[0])
		if err != nil {
			return unclear("%v", err)
		}
		if result, ok := p.greets(ctx, other); !ok {
			return result
		}
		decided := 0
		for _, borrow := range []bool{false, true} {
			result := p.replayAt(ctx, other, borrow)
			switch {
			case result.Status == Fail, result.Status == Inconclusive:
				return result
			case result.Status == Pass:
				decided++
			}
		}
		if decided == 0 {
			return unclear("The second instance takes no token of the first one's pages, used or not, so that a replay there says nothing.")
		}
		return pass("A second instance refused the token, and took one that was not used, before and after.")
	},
}

// instance is another address of the app.
type instance struct {
	at   *url.URL
	host string // that is sent: the site's, as from a balancer, or its own
	wire *wire
}

func (p *Probe) instance(ctx context.Context, address string) (*instance, error) {
	at, err := p.target.Parse(address)
	if err != nil {
		return nil, err
	}
	addresses, err := Consent(ctx, p.spec.Resolver, at, p.spec.Proof)
	if err != nil {
		return nil, err
	}
	home := p.wire
	return &instance{at: at, wire: &wire{scheme: at.Scheme, at: addresses, port: portOf(at), tls: home.tls, patience: home.patience, every: home.every}}, nil
}

// there does something with another instance in the place of the target, within the
// bound and the rate of all requests.
func (p *Probe) there(i *instance, do func()) {
	home := p.wire
	home.mu.Lock()
	defer home.mu.Unlock()
	i.wire.left, i.wire.sent, i.wire.next = home.left, home.sent, home.next
	p.wire = i.wire
	defer func() {
		p.wire = home
		home.left, home.sent, home.next = i.wire.left, i.wire.sent, i.wire.next
	}()
	do()
}

// greets finds out with which Host the instance takes a submission of its own page. An
// instance that takes none would refuse a replay too, whatever it remembers.
func (p *Probe) greets(ctx context.Context, other *instance) (Result, bool) {
	var o *Outcome
	for _, other.host = range []string{p.target.Host, other.at.Host} {
		if o = p.welcome(ctx, other); taken(o) {
			return Result{}, true
		}
	}
	return unclear("The second instance has not taken a valid submission of its own page%s, so that its refusal of a used token says nothing.", with(o)), false
}

// welcome is a fresh valid submission of the instance's own page.
func (p *Probe) welcome(ctx context.Context, other *instance) (o *Outcome) {
	p.there(other, func() {
		pg, err := p.ripe(ctx, p.address())
		if err != nil {
			o = &Outcome{Err: err}
			return
		}
		o = p.try(ctx, Attempt{What: "a valid submission at " + other.at.Host, Valid: true, visit: pg, Change: other.address(p)})
	})
	return o
}

func taken(o *Outcome) bool { return o.Err == nil && o.Effects > 0 }

// with tells how an outcome came.
func with(o *Outcome) string {
	if o.Err != nil {
		return fmt.Sprintf(" (%v)", o.Err)
	}
	return fmt.Sprintf(" (it answered %d)", o.Answer.Status)
}

// address makes a submission one to the instance.
func (i *instance) address(p *Probe) func(*Shot) {
	return func(s *Shot) {
		s.Host = i.host
		s.Set("Origin", i.at.Scheme+"://"+i.host)
		s.Set("Referer", i.at.Scheme+"://"+i.host+p.target.RequestURI())
	}
}

// replayAt uses a token with the first instance, then with the other one, between two
// controls of the same making whose tokens are used nowhere else. The rest of the
// submission is of the page that the token came with or, borrowed, of a page of the
// other instance: apps bind tokens to pages, and pages to instances. It is left out
// where not even the control is taken.
func (p *Probe) replayAt(ctx context.Context, other *instance, borrow bool) Result {
	control := func() *Outcome {
		_, o := p.crossed(ctx, other, crossing{borrow: borrow, what: "a token of the first instance, not used, at " + other.at.Host})
		return o
	}
	if before := control(); !taken(before) {
		if o := p.welcome(ctx, other); !taken(o) {
			return unclear("The second instance no longer takes valid submissions%s, so that nothing can be told from what it refuses.", with(o))
		}
		return leftOut("not even a token that is not used is taken%s", with(before))
	}
	first, replay := p.crossed(ctx, other, crossing{borrow: borrow, use: true, what: "the same token at " + other.at.Host})
	if !taken(first) || replay.Err != nil {
		return unclear("%v", cmp.Or(first.Err, errOf(replay), errFirst))
	}
	if replay.Effects > 0 {
		return fail(replay, "A second instance did it again for a token that the first had taken.")
	}
	if careless := p.unaided(ctx, other, borrow); careless != nil {
		return *careless
	}
	if after := control(); !taken(after) {
		return unclear("The second instance refused the used token, but then also one that was not used%s: nothing can be told from either.", with(after))
	}
	return pass("refused")
}

// unaided replays a token while the service, which refuses a second use, does not. It
// returns a finding or nil.
func (p *Probe) unaided(ctx context.Context, other *instance, borrow bool) *Result {
	if p.middle == nil {
		return nil
	}
	_, o := p.crossed(ctx, other, crossing{
		borrow: borrow, use: true, what: "the same token at " + other.at.Host,
		before: func(m *middle) { m.server.Fail(m.service, captchatest.Reusable, -1) },
	})
	if o == nil || !taken(o) {
		return nil
	}
	r := fail(o, "When the service said yes to a token a second time, a second instance did it again.")
	r.Severity = Low
	r.Title = "Only the service sees to it that a token is used once with all instances"
	r.Why = "The service does so as a rule. Behind a verdict that is kept, a retry, or a stand-in during an outage nobody does, and one solved captcha pays for a submission with each instance."
	return &r
}

// crossing is a token's way from one instance to another.
type crossing struct {
	borrow bool // the page is the other instance's
	use    bool // with the first instance before
	before func(*middle)
	what   string
}

// crossed takes a token of the first instance to the other one. The first outcome is
// that of its use before, if there was one; without it the second is nil.
func (p *Probe) crossed(ctx context.Context, other *instance, c crossing) (first, second *Outcome) {
	from := p.address()
	pg, err := p.ripe(ctx, from)
	if err != nil {
		return &Outcome{Err: err}, &Outcome{Err: err}
	}
	token, err := p.source.mint(ctx, pg)
	if err != nil {
		return &Outcome{Err: err}, &Outcome{Err: err}
	}
	put := func(s *Shot) { s.Fields = append(s.Fields, token...) }
	if c.use {
		first = p.try(ctx, Attempt{What: "a valid submission", visit: pg, before: c.before, Change: put})
		if !taken(first) {
			return first, nil
		}
	}
	p.there(other, func() {
		if c.borrow {
			if pg, err = p.ripe(ctx, from); err != nil {
				second = &Outcome{Err: err}
				return
			}
		}
		second = p.try(ctx, Attempt{What: c.what, visit: pg, before: c.before, Change: func(s *Shot) {
			put(s)
			other.address(p)(s)
		}})
	})
	return first, second
}

// ripe loads a page, and waits for as long as a person takes to fill it in.
func (p *Probe) ripe(ctx context.Context, from netip.Addr) (*page, error) {
	pg, err := p.load(ctx, from)
	if err != nil {
		return nil, err
	}
	return pg, sleep(ctx, p.wait)
}
