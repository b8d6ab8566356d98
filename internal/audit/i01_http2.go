package audit

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/http2"
)

var i01 = &Rule{
	ID: "I01", Title: "Over HTTP/2 the form needs no captcha", Severity: Critical, Fix: onRoute, Needs: Baseline, Shots: 2,
	Why:  "Another version of the protocol takes another way through the servers, past the check.",
	Refs: Refs{CWE: 444, ASVS: "4.2.1, 4.2.3"},
	check: func(ctx context.Context, p *Probe) Result {
		pg, err := p.visit(ctx, true)
		if err != nil {
			return unclear("%v", err)
		}
		s := p.shot(pg)
		before, err := p.mark(ctx)
		if err != nil {
			return unclear("%v", err)
		}
		a, err := p.overHTTP2(ctx, s)
		if err != nil {
			return leftOut("the server does not speak HTTP/2 here")
		}
		n, err := p.since(ctx, before, []string{s.Canary}, 0)
		o := &Outcome{Attempt: Attempt{What: "a submission over HTTP/2"}, Shot: s, Answer: a, Effects: n}
		switch {
		case err != nil:
			return unclear("%v", err)
		case n > 0:
			return fail(o, "The app did it for a submission over HTTP/2 without a token.")
		}
		return pass("A submission over HTTP/2 without a token was refused with %d.", a.Status)
	},
}

// overHTTP2 sends a shot over HTTP/2, on plain connections with prior knowledge.
func (p *Probe) overHTTP2(ctx context.Context, s *Shot) (*Answer, error) {
	if err := p.wire.turn(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	transport := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) {
		return p.wire.dial(ctx, s.From, http2.NextProtoTLS)
	}}
	defer transport.CloseIdleConnections()
	kind, body := s.Encode(s.Fields)
	r, err := http.NewRequestWithContext(ctx, s.Method, p.target.Scheme+"://"+s.Host+s.Target, bytes.NewReader(body))
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
	b, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what broke off is an answer too
	return &Answer{Status: resp.StatusCode, Header: resp.Header, Body: b}, nil
}
