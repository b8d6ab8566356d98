package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/internal/route"
)

// unixScheme is the scheme of an upstream that listens on a Unix socket.
const unixScheme = "unix"

// dial returns the function that connects to the app.
func (s *site) dial() func(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}
	if up := s.config.Upstream; up.Scheme == unixScheme {
		return func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", up.Path)
		}
	}
	return dialer.DialContext
}

// How long a connection to the app may be idle and still take a request. Apps close idle
// connections after 2 s (gunicorn), 5 s (Node, uvicorn) or later, also in the moment in
// which a request is on its way. The transport sends a request that only reads again. It
// cannot do so with a request that writes, because the app may have processed it.
const (
	idleForReads  = 90 * time.Second
	idleForWrites = time.Second
)

// transport sends requests to the app. Requests that write have connections of their own.
type transport struct{ reads, writes *http.Transport }

func (s *site) newTransport() *transport {
	reads := &http.Transport{
		DialContext:            s.dial(),
		TLSClientConfig:        &tls.Config{RootCAs: s.config.UpstreamCAs, ServerName: s.config.UpstreamName},
		DisableCompression:     true,
		MaxIdleConns:           1024,
		MaxIdleConnsPerHost:    256,
		IdleConnTimeout:        idleForReads,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		ResponseHeaderTimeout:  s.gateway.config.UpstreamTimeout,
		MaxResponseHeaderBytes: 256 << 10,
	}
	writes := reads.Clone()
	writes.IdleConnTimeout = idleForWrites
	return &transport{reads, writes}
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if repeatable(r) {
		return t.reads.RoundTrip(r)
	}
	return t.writes.RoundTrip(r)
}

// CloseIdleConnections closes the connections that are idle now. http.Client calls it too.
func (t *transport) CloseIdleConnections() {
	t.reads.CloseIdleConnections()
	t.writes.CloseIdleConnections()
}

// once stops the transport from sending an allowed submission again on another
// connection, because the app may have processed it before the connection broke. With
// another method the transport repeats only what it has not begun to send.
func once(out *http.Request) {
	if !maySendAgain(out) {
		return
	}
	out.GetBody = nil
	if out.Body == nil || out.Body == http.NoBody {
		out.Body = io.NopCloser(strings.NewReader(""))
	}
}

// repeatable reports whether the transport sends the request again if an old connection
// breaks while the request is on its way. The rule is that of http.Transport.
func repeatable(r *http.Request) bool {
	return maySendAgain(r) && (r.Body == nil || r.Body == http.NoBody || r.GetBody != nil)
}

func maySendAgain(r *http.Request) bool {
	return route.Safe(r.Method) || len(r.Header["Idempotency-Key"])+len(r.Header["X-Idempotency-Key"]) > 0
}

// neverSent reports an error from before the first byte was sent. After such an error
// a retry cannot submit twice.
func neverSent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}
