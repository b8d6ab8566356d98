package engine

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"syscall"
	"time"
	"unicode"
)

// maxAnswer is the most bytes that are read of one answer.
const maxAnswer = 1 << 20

// Errors of the wire, which make a rule inconclusive.
var (
	ErrBound  = errors.New("the bound of requests that was announced is reached")
	ErrClosed = errors.New("no answer: the connection was closed")
	ErrSilent = errors.New("no answer in time")
)

// Answer is the answer to a request.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Cut    bool // the body was longer than maxAnswer
}

// Wire sends requests byte for byte as they are written. A library would correct malformed
// requests, which probes need to send as they are. Every request to the target goes through
// Wire, so its count is complete.
type Wire struct {
	scheme   string
	at       []netip.Addr // the first of these that answers is used
	port     string
	tls      *tls.Config
	patience time.Duration // of one request
	every    time.Duration // time between two requests

	mu   sync.Mutex
	left int
	sent int
	next time.Time

	misses int // failed connections in a row
}

// Turn waits as the rate demands, and counts the request.
func (w *Wire) Turn(ctx context.Context) error {
	w.mu.Lock()
	if w.left == 0 {
		w.mu.Unlock()
		return ErrBound
	}
	w.left--
	w.sent++
	at := time.Now()
	if w.next.After(at) {
		at = w.next
	}
	w.next = at.Add(w.every)
	w.mu.Unlock()
	return Sleep(ctx, time.Until(at))
}

// given is the number of connections that must fail in a row before the app counts as gone.
const given = 5

func (w *Wire) missed(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ctx.Err() == nil {
		w.misses++
	}
}

func (w *Wire) met() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.misses = 0
}

// gone reports whether the app accepts no connections any more.
func (w *Wire) gone() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.misses >= given
}

// count returns how many requests were sent.
func (w *Wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent
}

// dial opens a connection, from the visitor's own address if the target allows it. TLS
// offers the given protocols.
func (w *Wire) dial(ctx context.Context, from netip.Addr, protocols ...string) (net.Conn, error) {
	dialer := &net.Dialer{Timeout: w.patience}
	if from.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: from.AsSlice()}
	}
	conn, err := dialOne(ctx, dialer, w.at, w.port)
	if err != nil || w.scheme != "https" {
		return conn, err
	}
	config := w.tls.Clone()
	config.NextProtos = protocols
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// PortOf returns the port of a URL. If the URL names none, the scheme implies it.
func PortOf(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// send writes one request and reads its answer.
func (w *Wire) send(ctx context.Context, method string, raw []byte, from netip.Addr) (*Answer, error) {
	held, err := w.hold(ctx, method, raw, from)
	if err != nil {
		return nil, err
	}
	return held.release()
}

// held is a request of which all bytes but the last were written.
type held struct {
	conn   net.Conn
	method string
	last   []byte
	done   func() bool
	ctx    context.Context
}

// hold writes a request without its last byte. Several held requests need only one more byte
// each, so they reach the app almost at once when released.
func (w *Wire) hold(ctx context.Context, method string, raw []byte, from netip.Addr) (*held, error) {
	if err := w.Turn(ctx); err != nil {
		return nil, err
	}
	conn, err := w.dial(ctx, from)
	if err != nil {
		w.missed(ctx)
		return nil, plain(ctx, err)
	}
	w.met()
	_ = conn.SetDeadline(time.Now().Add(w.patience)) // a net.Conn supports deadlines
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	h := &held{conn: conn, method: method, last: raw[len(raw)-1:], done: stop, ctx: ctx}
	if _, err := conn.Write(raw[:len(raw)-1]); err != nil {
		// The app may have answered before the end of the request; its answer counts.
		h.last = nil
	}
	return h, nil
}

func (h *held) release() (*Answer, error) {
	defer h.conn.Close()
	defer h.done()
	if h.last != nil {
		_, _ = h.conn.Write(h.last) // as above
	}
	a, err := ReadAnswer(bufio.NewReader(io.LimitReader(h.conn, 2*maxAnswer)), h.method) // ReadAnswer puts no bound on the headers
	if err != nil {
		return nil, plain(h.ctx, err)
	}
	return a, nil
}

// ReadAnswer reads one answer to a request with the given method.
func ReadAnswer(r *bufio.Reader, method string) (*Answer, error) {
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	for err == nil && resp.StatusCode/100 == 1 && resp.StatusCode != http.StatusSwitchingProtocols {
		resp, err = http.ReadResponse(r, &http.Request{Method: method})
	}
	if err != nil {
		return nil, err
	}
	a := &Answer{Status: resp.StatusCode, Header: resp.Header}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return a, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if len(body) > maxAnswer {
		body, a.Cut = body[:maxAnswer], true
	}
	a.Body = body
	var timeout net.Error
	if err != nil && errors.As(err, &timeout) && timeout.Timeout() {
		return nil, fmt.Errorf("%w: the answer does not end", ErrSilent)
	}
	return a, nil // a body that breaks off is still an answer
}

// plain describes a network error in one line.
func plain(ctx context.Context, err error) error {
	var timeout net.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrSilent
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return ErrClosed
	}
	var network *net.OpError
	if errors.As(err, &network) && network.Op == "dial" {
		return fmt.Errorf("connect to %s: %w", network.Addr, network.Err) // our own address is of no interest
	}
	return err
}

// Connect opens a connection, on which f sends any number of requests.
func (w *Wire) Connect(ctx context.Context, from netip.Addr, f func(net.Conn, *bufio.Reader) error) error {
	conn, err := w.dial(ctx, from)
	if err != nil {
		return plain(ctx, err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	_ = conn.SetDeadline(time.Now().Add(w.patience))
	if err := f(conn, bufio.NewReader(conn)); err != nil {
		return plain(ctx, err)
	}
	return nil
}

// Sleep waits for a time, or until the context ends.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Printable returns bytes of a request or answer as text without control characters of
// terminals. It keeps both ends of a long text.
func Printable(b []byte, most int) string {
	cut := ""
	if len(b) > most {
		cut = fmt.Sprintf(" (%d bytes in all)", len(b))
		b = slices.Concat(b[:most*2/3], []byte(" … "), b[len(b)-most/3:])
	}
	clean := bytes.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsGraphic(r) { // no escapes, no characters that change the writing direction
			return r
		}
		if r == '\r' {
			return -1
		}
		return '�'
	}, b)
	return string(clean) + cut
}

// together sends shots so that their last bytes leave at once.
func (w *Wire) together(ctx context.Context, shots []*Shot) ([]*Answer, error) {
	var holding []*held
	for _, s := range shots {
		h, err := w.hold(ctx, s.Method, s.Bytes(), s.From)
		if err != nil {
			for _, h := range holding {
				h.conn.Close()
			}
			return nil, err
		}
		holding = append(holding, h)
	}
	// Give the app time to read the heads, so that only the last bytes are still to come.
	if err := Sleep(ctx, 60*time.Millisecond); err != nil {
		return nil, err
	}
	answers := make([]*Answer, len(holding))
	ended := make(chan struct{})
	for i, h := range holding {
		go func() {
			answers[i], _ = h.release() // a failed request has no answer
			ended <- struct{}{}
		}()
	}
	for range holding {
		<-ended
	}
	return answers, ctx.Err()
}
