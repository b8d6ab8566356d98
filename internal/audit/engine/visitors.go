package engine

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"time"

	"golang.org/x/net/http2"
)

// Visitors load pages of the target and send requests to it. Each visitor has its own
// address, if that is possible.
type Visitors struct {
	Wire *Wire
	Wait time.Duration // how long a person takes to fill the form in
	Own  bool          // visitors have addresses of their own

	spec   *Spec
	target *url.URL
	filler *Filler
	visits int
	ready  []*Page // loaded early, to reach the needed age
}

// addresses is the number of addresses for visitors: 127.64.0.0/10, without the ends of its
// smallest networks.
const addresses = 254 << 14

// canOwn reports whether visitors can have addresses of their own.
func canOwn(target netip.Addr) bool {
	return target.Is4() && target.IsLoopback() && runtime.GOOS == "linux"
}

// Address returns an address that no visitor had before, so that a limit of the app does not
// hide the result of the check. This works only for a loopback target on Linux, where all of
// 127.0.0.0/8 belongs to the machine. Elsewhere Address returns the zero address.
func (v *Visitors) Address() netip.Addr {
	if !v.Own {
		return netip.Addr{}
	}
	v.visits++
	n := v.visits % addresses
	return netip.AddrFrom4([4]byte{127, byte(64 + n>>8&63), byte(n), byte(1 + n>>14)})
}

// ahead is the most pages that are loaded before they are needed, so that they reach the
// needed age.
const ahead = 120

// Visit loads the page as a new visitor. With aged, Visit waits until a person could have
// filled the form in. It loads one new page for each used page, and more while no page is
// old enough.
func (v *Visitors) Visit(ctx context.Context, aged bool) (*Page, error) {
	if !aged || v.Wait == 0 {
		return v.Load(ctx, v.Address())
	}
	for fresh := 0; len(v.ready) < ahead && (fresh == 0 || v.unripe(v.ready[0]) > 0); fresh++ {
		pg, err := v.Load(ctx, v.Address())
		if err != nil {
			return nil, err
		}
		v.ready = append(v.ready, pg)
	}
	pg := v.ready[0]
	v.ready = v.ready[1:]
	return pg, Sleep(ctx, v.unripe(pg))
}

// unripe returns the time until a person could have filled a page in.
func (v *Visitors) unripe(pg *Page) time.Duration { return time.Until(pg.got.Add(v.Wait)) }

// Load loads the page from an address and chooses its form.
func (v *Visitors) Load(ctx context.Context, from netip.Addr) (*Page, error) {
	pg, err := v.Fetch(ctx, v.target, from, nil)
	if err != nil {
		return nil, fmt.Errorf("the page: %w", err)
	}
	if err := v.filler.choose(pg); err != nil {
		return nil, err
	}
	return pg, nil
}

// maxRedirects is the most redirects to the page that are followed.
const maxRedirects = 5

// Fetch loads a page of the target and follows redirects on the same host. A nil map of
// cookies stands for a new visitor.
func (v *Visitors) Fetch(ctx context.Context, address *url.URL, from netip.Addr, cookies map[string]string) (*Page, error) {
	pg := &Page{URL: address, From: from, Cookies: map[string]string{}}
	for _, c := range v.spec.Cookies {
		pg.Cookies[c.Name] = c.Value
	}
	maps.Copy(pg.Cookies, cookies)
	for range maxRedirects + 1 {
		s := &Shot{Method: http.MethodGet, Target: pg.URL.RequestURI(), Host: pg.URL.Host, From: from, Cookies: pg.Cookies}
		s.Set("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
		v.spec.give(s)
		a, err := v.Fire(ctx, s)
		if err != nil {
			return nil, err
		}
		TakeCookies(pg.Cookies, a)
		pg.Answer = a
		if a.Status/100 != 3 || a.Header.Get("Location") == "" {
			pg.got = time.Now()
			return pg, pg.read()
		}
		next, err := pg.URL.Parse(a.Header.Get("Location"))
		if err != nil || next.Host != v.target.Host {
			return nil, fmt.Errorf("the page redirects to another host: %s", a.Header.Get("Location"))
		}
		pg.URL = next
	}
	return nil, fmt.Errorf("the page redirects more than %d times", maxRedirects)
}

// Fire sends a shot and returns the answer.
func (v *Visitors) Fire(ctx context.Context, s *Shot) (*Answer, error) {
	return v.Wire.send(ctx, s.Method, s.Bytes(), s.From)
}

// Get reads a path of the target, without cookies.
func (v *Visitors) Get(ctx context.Context, target string) (*Answer, error) {
	return v.Fire(ctx, &Shot{Method: "GET", Target: target, Host: v.target.Host, From: v.Address()})
}

// Ripe loads the page from an address and waits until a person could have filled it in.
func (v *Visitors) Ripe(ctx context.Context, from netip.Addr) (*Page, error) {
	pg, err := v.Load(ctx, from)
	if err != nil {
		return nil, err
	}
	return pg, Sleep(ctx, v.Wait)
}

// Crowd loads the page n times from each address, and waits until all of them are old
// enough.
func (v *Visitors) Crowd(ctx context.Context, n int, from ...netip.Addr) (pages []*Page, err error) {
	for _, address := range from {
		for range n {
			pg, err := v.Load(ctx, address)
			if err != nil {
				return nil, err
			}
			pages = append(pages, pg)
		}
	}
	return pages, Sleep(ctx, v.Wait)
}

// getCounted reads a page of the target for the oracle.
func (v *Visitors) getCounted(ctx context.Context, u *url.URL) ([]byte, error) {
	s := &Shot{Method: "GET", Target: u.RequestURI(), Host: u.Host, From: v.Address(), Cookies: map[string]string{}}
	for _, c := range v.spec.Cookies {
		s.Cookies[c.Name] = c.Value
	}
	v.spec.give(s)
	a, err := v.Fire(ctx, s)
	if err != nil {
		return nil, err
	}
	if a.Status != 200 {
		return nil, fmt.Errorf("answered %d", a.Status)
	}
	return a.Body, nil
}

// OverHTTP2 sends a shot over HTTP/2, on plain connections with prior knowledge.
func (v *Visitors) OverHTTP2(ctx context.Context, s *Shot) (*Answer, error) {
	if err := v.Wire.Turn(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	transport := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) {
		return v.Wire.dial(ctx, s.From, http2.NextProtoTLS)
	}}
	defer transport.CloseIdleConnections()
	kind, body := s.Encode(s.Fields)
	r, err := http.NewRequestWithContext(ctx, s.Method, v.target.Scheme+"://"+s.Host+s.Target, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for _, h := range s.Header {
		r.Header.Set(h.Name, h.Value)
	}
	r.Header.Set("Content-Type", kind)
	for name, value := range s.Cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // an answer that breaks off still counts
	return &Answer{Status: resp.StatusCode, Header: resp.Header, Body: b}, nil
}

// There runs do with another instance as the target. The requests count towards the bound
// and the rate of the audit.
func (v *Visitors) There(i *Instance, do func()) {
	home := v.Wire
	home.mu.Lock()
	defer home.mu.Unlock()
	i.wire.left, i.wire.sent, i.wire.next = home.left, home.sent, home.next
	v.Wire = i.wire
	defer func() {
		v.Wire = home
		home.left, home.sent, home.next = i.wire.left, i.wire.sent, i.wire.next
	}()
	do()
}

// InstanceAt returns the instance of the app at an address. The address needs consent too.
func (v *Visitors) InstanceAt(ctx context.Context, address string) (*Instance, error) {
	at, err := v.target.Parse(address)
	if err != nil {
		return nil, err
	}
	addresses, err := Consent(ctx, v.spec.Resolver, at, v.spec.Proof)
	if err != nil {
		return nil, err
	}
	home := v.Wire
	return &Instance{At: at, wire: &Wire{scheme: at.Scheme, at: addresses, port: PortOf(at), tls: home.tls, patience: home.patience, every: home.every}}, nil
}
