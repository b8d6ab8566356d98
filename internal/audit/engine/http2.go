package engine

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

// OverHTTP2 sends a shot over HTTP/2, on plain connections with prior knowledge.
func (p *Probe) OverHTTP2(ctx context.Context, s *Shot) (*Answer, error) {
	if err := p.Wire.Turn(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	transport := &http2.Transport{AllowHTTP: true, DialTLSContext: func(ctx context.Context, _, _ string, _ *tls.Config) (net.Conn, error) {
		return p.Wire.dial(ctx, s.From, http2.NextProtoTLS)
	}}
	defer transport.CloseIdleConnections()
	kind, body := s.Encode(s.Fields)
	r, err := http.NewRequestWithContext(ctx, s.Method, p.Target.Scheme+"://"+s.Host+s.Target, bytes.NewReader(body))
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
