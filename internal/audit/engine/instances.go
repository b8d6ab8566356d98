package engine

import (
	"context"
	"net/netip"
	"net/url"
)

// Instance is another address of the app.
type Instance struct {
	At   *url.URL
	Host string // that is sent: the site's, as from a balancer, or its own
	wire *Wire
}

// InstanceAt returns the instance of the app at an address, which must consent too.
func (p *Probe) InstanceAt(ctx context.Context, address string) (*Instance, error) {
	at, err := p.Target.Parse(address)
	if err != nil {
		return nil, err
	}
	addresses, err := Consent(ctx, p.Spec.Resolver, at, p.Spec.Proof)
	if err != nil {
		return nil, err
	}
	home := p.Wire
	return &Instance{At: at, wire: &Wire{scheme: at.Scheme, at: addresses, port: PortOf(at), tls: home.tls, patience: home.patience, every: home.every}}, nil
}

// There does something with another instance in the place of the target, within the
// bound and the rate of all requests.
func (p *Probe) There(i *Instance, do func()) {
	home := p.Wire
	home.mu.Lock()
	defer home.mu.Unlock()
	i.wire.left, i.wire.sent, i.wire.next = home.left, home.sent, home.next
	p.Wire = i.wire
	defer func() {
		p.Wire = home
		home.left, home.sent, home.next = i.wire.left, i.wire.sent, i.wire.next
	}()
	do()
}

// Address makes a submission one to the instance.
func (i *Instance) Address(p *Probe) func(*Shot) {
	return func(s *Shot) {
		s.Host = i.Host
		s.Set("Origin", i.At.Scheme+"://"+i.Host)
		s.Set("Referer", i.At.Scheme+"://"+i.Host+p.Target.RequestURI())
	}
}

// Ripe loads a page, and waits for as long as a person takes to fill it in.
func (p *Probe) Ripe(ctx context.Context, from netip.Addr) (*Page, error) {
	pg, err := p.Load(ctx, from)
	if err != nil {
		return nil, err
	}
	return pg, Sleep(ctx, p.Wait)
}
