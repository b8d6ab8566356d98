package gateway

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/verdict"
	"github.com/palisade-dev/palisade/web"
)

// exchange is one request on its way to the app and back. It is also the context of
// that request, which saves an allocation and a lookup per request.
type exchange struct {
	context.Context
	in      *http.Request // as received, after cleanse
	watched *actionless   // its body, if it may hold a server action
	stream  *stream       // its body, if it is not read yet
	last    bool          // the last request on its connection to the app
	form    *form         // the form of an allowed submission, or nil
	pass    palisade.Pass
	status  int  // of the app's answer; 0: none
	html    bool // the answer is a page
	again   bool // the answer shows the form again
}

type exchangeKey struct{}

func (x *exchange) Value(key any) any {
	if key == (exchangeKey{}) {
		return x
	}
	return x.Context.Value(key)
}

// forward sends the app a request that no form guards.
func (s *site) forward(w http.ResponseWriter, r *http.Request) {
	delete(r.Header, clientHeader)
	r, last := mayHoldAnother(r)
	r, watched := withoutActions(r)
	s.serve(w, r, &exchange{in: r, watched: watched, last: last})
}

// submit sends the app an allowed submission with its verdict.
func (f *form) submit(w http.ResponseWriter, r *http.Request, pass palisade.Pass) {
	s := f.site
	unreadable(w.Header())
	if body, is := r.Body.(*counted); is { // nobody has read it
		var err error
		if r, err = body.passOn(r); err != nil {
			s.gateway.refuse(w, r, s, palisade.ReasonUnreadable, http.StatusBadRequest)
			return
		}
	}
	if v, ok := s.sign(r, f, pass); ok {
		r.Header[verdict.Header] = []string{v}
	}
	r, last := mayHoldAnother(r)
	x := &exchange{in: r, form: f, pass: pass, last: last}
	s.serve(w, r, x)
	switch {
	case x.again && f.config.Reject200 && x.status == http.StatusOK:
		pass.Settle(palisade.EffectRejected)
	case x.unsure():
		pass.Settle(palisade.EffectUnknown)
	case x.again: // the form is shown anew, and not for a correction
		pass.Settle(palisade.EffectOf(x.status))
	}
}

// unsure reports whether nobody can say what an answer means. A page may show the form again
// for a correction, in a way that the gateway does not see: by script, or under another host.
func (x *exchange) unsure() bool {
	c := &x.form.config
	return x.status == http.StatusOK && !c.Accept200 && (x.again || x.html && c.Count != palisade.CountAccepted)
}

// isUnread reports whether a session let the request through, whose body was not read.
func isUnread(pass palisade.Pass) bool { return pass.Decision().Mode() == "session" }

// sign returns the verdict. With a session it does not cover the body, which nobody has
// read. In monitor mode the body may not have been read either; then there is no verdict.
func (s *site) sign(r *http.Request, f *form, pass palisade.Pass) (string, bool) {
	var body []byte
	if r.Body != nil && r.Body != http.NoBody && !isUnread(pass) {
		var err error
		if body, err = bodyOf(r); err != nil {
			return "", false
		}
	}
	d := pass.Decision()
	app := *r
	u := *r.URL
	u.Path = verdict.Path(writtenPath(r))
	app.URL = &u
	return verdict.Verdict{Site: d.Site, Form: d.Form, ID: d.ID.String(), Mode: d.Mode(), Time: d.Time}.Sign(s.verdict, &app, body), true
}

var errNotHeld = errors.New("the body is not held")

// bodyOf returns a copy of the body, which is in memory.
func bodyOf(r *http.Request) ([]byte, error) {
	if r.GetBody == nil {
		return nil, errNotHeld
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

func (s *site) serve(w http.ResponseWriter, r *http.Request, x *exchange) {
	x.Context = r.Context()
	if x.stream = streamOf(r); x.stream != nil {
		x.stream.passOn()
		defer x.stream.end()
	}
	s.proxy.ServeHTTP(w, r.WithContext(x))
}

func exchangeOf(r *http.Request) *exchange {
	x, _ := r.Context().Value(exchangeKey{}).(*exchange)
	return x
}

func (s *site) newProxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:        s.rewrite,
		ModifyResponse: s.answer,
		ErrorHandler:   s.failed,
		BufferPool:     buffers{},
		ErrorLog:       log.New(io.Discard, "", 0), // failed logs the errors
		Transport:      s.newTransport(),
	}
}

// rewrite sends path and query to the app byte for byte as they were received. URL would
// encode some bytes differently, and ReverseProxy drops the parts of the query that it
// cannot parse.
func (s *site) rewrite(p *httputil.ProxyRequest) {
	out, in := p.Out, p.In
	up := s.config.Upstream
	if out.URL.Scheme, out.URL.Host = up.Scheme, up.Host; up.Scheme == unixScheme {
		out.URL.Scheme, out.URL.Host = "http", "localhost" // the transport needs a host; dial ignores it
	}
	out.Host = in.Host
	ticket.WithoutSessions(out.Header)
	path := writtenPath(in)
	if !strings.HasPrefix(path, "//") { // URL would take a host from such an Opaque
		out.URL.Opaque = path
	}
	_, query, asked := strings.Cut(in.RequestURI, "?")
	out.URL.RawQuery, out.URL.ForceQuery = query, asked && query == ""
	out.Trailer = nil
	x := exchangeOf(in)
	if out.Close = x.last; x.form != nil {
		bare(out)
		once(out)
	}
	if route.Safe(out.Method) {
		s.calm(out, path, query)
	}
	for _, name := range [...]string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		out.Header[name] = in.Header[name] // ReverseProxy has removed them
	}
	// Offer only encodings that we can decompress, so that we can inject into the answer.
	if encodings := out.Header["Accept-Encoding"]; len(encodings) > 0 {
		delete(out.Header, "Accept-Encoding")
		readable := x.form != nil && len(x.form.config.Cost.JSON) > 0 // its cost is looked for in the answer
		if !readable && web.AcceptsCoding(strings.Join(encodings, ","), "gzip") {
			out.Header["Accept-Encoding"] = []string{"gzip"}
		}
	}
}

// failed answers the visitor if the app gave no answer.
func (s *site) failed(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r)
	if x.stream != nil {
		x.stream.announce(x.in, w.Header())
	}
	if r.Context().Err() != nil { // the visitor went away
		w.WriteHeader(499)
		return
	}
	if x.watched != nil && x.watched.found {
		s.gateway.refuse(w, x.in, s, "method-unnamed", http.StatusMethodNotAllowed)
		return
	}
	status := http.StatusBadGateway
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		status = http.StatusGatewayTimeout
	}
	s.gateway.config.Logger.ErrorContext(r.Context(), "no answer from the app", "site", s.config.Host, "error", err, "status", status)
	if x.form != nil && neverSent(err) && !isUnread(x.pass) {
		if body, err := bodyOf(x.in); err == nil {
			again := x.in.Clone(r.Context())
			again.Body = io.NopCloser(strings.NewReader(string(body)))
			x.pass.Resend(w, again, status)
			return
		}
	}
	s.gateway.refuse(w, x.in, s, "app-down", status)
}

// buffers are the buffers for copying bodies. Most pages fit into one buffer, which saves
// system calls.
type buffers struct{}

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

func (buffers) Get() []byte  { return *copyBuffers.Get().(*[]byte) }
func (buffers) Put(b []byte) { copyBuffers.Put(&b) }

// formAt returns the form that guards the target of a page's form, or nil. HTML forms set
// no headers, and the values of their fields are not known yet.
func (s *site) formAt(path, query string) *form {
	m := s.routes.MatchRequest(&route.Request{Method: http.MethodPost, Path: path, Query: query, Header: http.Header{}})
	if m.Kind == route.Guarded {
		return s.forms[m.Form]
	}
	return nil
}
