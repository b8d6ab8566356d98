package audit

import (
	"cmp"
	"context"
	"net/url"
)

var b03 = &Rule{
	ID: "B03", Title: "A token can be used once with each instance", Severity: High, Fix: once, Needs: Baseline | Fresh, After: append([]string{"B01"}, afterVerify...), Shots: 6,
	Why:  "Each instance remembers used tokens for itself, so that a token is good as often as there are instances.",
	Refs: Refs{CWE: 294, ASVS: "15.4.2"},
	check: func(ctx context.Context, p *Probe) Result {
		if len(p.spec.Instances) == 0 {
			return leftOut("it is not known that the app has several instances: name their addresses (instances)")
		}
		at, err := p.target.Parse(p.spec.Instances[0])
		if err != nil {
			return unclear("%v", err)
		}
		var token []Field
		first := p.try(ctx, Attempt{What: "a valid submission", Valid: true, Change: func(s *Shot) {
			token = s.TakeToken()
			s.Fields = append(s.Fields, token...)
		}})
		if first.Err != nil || first.Effects == 0 {
			return unclear("%v", cmp.Or(first.Err, errFirst))
		}
		second := p.elsewhere(ctx, at, func() *Outcome {
			pg, err := p.load(ctx, p.address())
			if err == nil {
				err = sleep(ctx, p.wait)
			}
			if err != nil {
				return &Outcome{Err: err}
			}
			return p.try(ctx, Attempt{What: "the same token at " + at.Host, visit: pg, Change: func(s *Shot) {
				s.Host = at.Host
				s.Set("Origin", at.Scheme+"://"+at.Host)
				s.Set("Referer", at.Scheme+"://"+at.Host+p.target.RequestURI())
				s.Fields = append(s.Fields, token...)
			}})
		})
		switch {
		case second.Err != nil:
			return unclear("%v", second.Err)
		case second.Effects > 0:
			return fail(second, "A second instance did it again for a token that the first had taken.")
		}
		return pass("A second instance refused the token.")
	},
}

// elsewhere does something with another instance in the place of the target.
func (p *Probe) elsewhere(ctx context.Context, at *url.URL, do func() *Outcome) *Outcome {
	addresses, err := Consent(ctx, p.spec.Resolver, at, p.spec.Proof)
	if err != nil {
		return &Outcome{Err: err}
	}
	home := p.wire
	home.mu.Lock()
	defer home.mu.Unlock()
	there := &wire{scheme: at.Scheme, at: addresses, port: portOf(at), tls: home.tls, patience: home.patience, every: home.every, left: home.left}
	p.wire = there
	o := do()
	p.wire = home
	home.left, home.sent = there.left, home.sent+there.sent
	return o
}
