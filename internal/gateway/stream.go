package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/palisade-dev/palisade/internal/submission"
)

// stream is a body that is read while it arrives. A read fails if the body pauses for
// too long.
//
// The app may answer before it has read the body, and may read on meanwhile. When the
// answer begins, Go's server takes the rest of the body away from the transport. The app
// would get a body with a gap, or the visitor half an answer. So stream stops the server
// from doing this, and the stream ends when the handler ends.
type stream struct {
	io.ReadCloser
	control *http.ResponseController
	most    time.Duration // without a byte
	reading sync.Mutex
	read    atomic.Bool // to its end
	ended   atomic.Bool
}

type streamKey struct{}

var errAnswered = errors.New("the request has been answered")

// lingers is the time for which the server reads on after an answer. If the connection
// is closed while the client still sends, the client loses the answer.
const lingers = time.Second

// streamed returns a copy of the request with such a body. It must be a copy, because the
// server examines its own body to see whether it must wait for the rest of a refused one.
func (g *Gateway) streamed(w http.ResponseWriter, r *http.Request) *http.Request {
	if r.ContentLength == 0 || r.Body == nil {
		return r
	}
	body := &stream{ReadCloser: r.Body, control: http.NewResponseController(w), most: g.config.BodyTimeout}
	r = r.WithContext(context.WithValue(r.Context(), streamKey{}, body))
	r.Body = body
	return r
}

// streamOf returns the body of a request if it was not read yet.
func streamOf(r *http.Request) *stream {
	if body, ok := r.Context().Value(streamKey{}).(*stream); ok && !body.read.Load() {
		return body
	}
	return nil
}

// Read sets the deadline before it checks whether the stream has ended. end does the
// reverse, so one of the two always ends a read. Tests have writers without deadlines.
func (b *stream) Read(p []byte) (int, error) {
	b.reading.Lock()
	defer b.reading.Unlock()
	_ = b.control.SetReadDeadline(time.Now().Add(b.most))
	if b.ended.Load() {
		return 0, errAnswered
	}
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.read.Store(true)
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// passOn lets the app answer at any time, until end is called.
func (b *stream) passOn() { _ = b.control.EnableFullDuplex() }

// announce states before an answer whether the connection can be used again.
func (b *stream) announce(r *http.Request, answer http.Header) {
	if r.ProtoMajor == 1 && !b.read.Load() {
		answer["Connection"] = []string{"close"}
	}
}

// shortBody is the greatest length of a body that is received before it is sent on, even if
// nobody judges it: typed text, not a file.
const shortBody = 16 << 10

// passOn returns a copy of the request for the app, whose body was not read: with a session.
// The app gets a short body at once, so a client that sends slowly holds no worker of the
// app. A long body, or one of unknown length, passes through and takes no memory.
func (c *counted) passOn(r *http.Request) (*http.Request, error) {
	r = r.WithContext(r.Context()) // a copy, see streamed
	if 0 < r.ContentLength && r.ContentLength <= shortBody {
		_, err := submission.TakeBody(r, shortBody)
		return r, err
	}
	r.Body = c.ReadCloser
	return r, nil
}

// bare takes the wrapper off a body that is in memory. The transport knows such a body and
// sends it in one packet with the headers.
func bare(out *http.Request) {
	if out.GetBody == nil {
		return
	}
	if body, err := out.GetBody(); err == nil {
		out.Body = body
	}
}

// end interrupts a read and waits for it. If the body is not completely read by now, it
// was not read at the time of the answer either, so the connection is closed.
func (b *stream) end() {
	b.ended.Store(true)
	if b.read.Load() {
		return
	}
	_ = b.control.SetReadDeadline(time.Now())
	b.reading.Lock()
	defer b.reading.Unlock()
	_ = b.control.SetReadDeadline(time.Now().Add(lingers))
}
