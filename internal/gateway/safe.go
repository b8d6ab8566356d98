package gateway

import (
	"bytes"
	"io"
	"net/http"
	"regexp"

	"github.com/palisade-dev/palisade/internal/route"
)

// Requests with safe methods are not judged. But apps run more code for them than they
// should. A handler may show its page for GET and treat every other method as a
// submission; then HEAD and OPTIONS submit too. So a request with such a method to a
// guarded path must not carry the data of a submission, and HEAD becomes GET.

// mayActAnyway reports whether an app may treat the request as a submission although its
// method is safe.
func (s *site) mayActAnyway(method, path, query string) bool {
	return method != http.MethodGet && route.Safe(method) && s.routes.Guards(path, query)
}

// bringsBody reports a body where none belongs: on a guarded path, with a safe method.
// A body is one whose length is not known to be zero.
func (s *site) bringsBody(r *http.Request, path string) bool {
	return route.Safe(r.Method) && r.ContentLength != 0 && s.routes.Guards(path, r.URL.RawQuery)
}

// calm removes the data for a submission from a request with a safe method.
func (s *site) calm(out *http.Request, path, query string) {
	if !s.mayActAnyway(out.Method, path, query) {
		return
	}
	switch out.Method {
	case http.MethodHead:
		out.Method = http.MethodGet // the server cuts the body off the answer
	case http.MethodOptions:
		// A browser that sends a preflight request sends none of these (Fetch, 4.8).
		out.URL.RawQuery, out.URL.ForceQuery = "", false
		out.Header.Del("Cookie")
		out.Header.Del("Authorization")
	}
}

// mayHoldAnother reports whether a server could read the body as the next request on the
// connection, because the handler did not read the body: it expected none, or refused the
// request before. Then the connection must not be used again. A chunked body begins with
// the length of a chunk, so it is not searched. Also, a client that waits for the app
// before it sends would wait here.
func mayHoldAnother(r *http.Request) (*http.Request, bool) {
	if r.ContentLength == 0 || r.Body == nil {
		return r, false
	}
	if r.ContentLength < 0 || route.Safe(r.Method) {
		return r, true
	}
	start := make([]byte, min(r.ContentLength, 64))
	if r.GetBody != nil { // the body is in memory
		if body, err := r.GetBody(); err == nil {
			n, _ := io.ReadFull(body, start)
			return r, beginsRequest(start[:n])
		}
	}
	n, _ := io.ReadFull(r.Body, start) // the next reader gets the error again
	looked := *r
	looked.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start[:n]), r.Body), r.Body}
	return &looked, beginsRequest(start[:n])
}

// requestLine matches the beginning of a request line, after empty lines that servers skip.
var requestLine = regexp.MustCompile(`^[\s\x00]*([A-Za-z-]+[ \t\v\f]|$)`)

// beginsRequest reports whether text may begin with a request line. Forms, JSON and
// uploads do not begin with one.
func beginsRequest(text []byte) bool { return requestLine.Match(text) }
