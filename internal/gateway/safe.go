package gateway

import (
	"bytes"
	"io"
	"net/http"
	"regexp"

	"github.com/palisade-dev/palisade/internal/route"
)

// Methods that change nothing are not judged. Apps run more with them than they should:
// a handler that shows its page for GET and takes everything else for a submission is
// run by HEAD and OPTIONS, too. So a request of such a method to a guarded path brings
// nothing that a submission could be made of, and HEAD becomes what it stands for.

// mayActAnyway reports a request that an app may take for a submission though its method
// is one that changes nothing.
func (s *site) mayActAnyway(method, path, query string) bool {
	return method != http.MethodGet && route.Safe(method) && s.routes.Guards(path, query)
}

// bringsBody reports a body that has no place: on a guarded path, under a method that
// changes nothing. Its length is not known to be zero.
func (s *site) bringsBody(r *http.Request, path string) bool {
	return route.Safe(r.Method) && r.ContentLength != 0 && s.routes.Guards(path, r.URL.RawQuery)
}

// calm makes a request of a method that changes nothing what it should be.
func (s *site) calm(out *http.Request, path, query string) {
	if !s.mayActAnyway(out.Method, path, query) {
		return
	}
	switch out.Method {
	case http.MethodHead:
		out.Method = http.MethodGet // the server cuts the body off the answer
	case http.MethodOptions:
		// A browser that asks before a request to another site sends none of these (Fetch, 4.8).
		out.URL.RawQuery, out.URL.ForceQuery = "", false
		out.Header.Del("Cookie")
		out.Header.Del("Authorization")
	}
}

// mayHoldAnother reports a body that a server may take for the next request on the
// connection, because the handler did not read it: none is expected, or it was refused
// before. Then the connection must not be used again. A body in chunks begins with the
// length of one, and whoever waits for the app before sending would wait here; so such
// bodies are not looked into.
func mayHoldAnother(r *http.Request) (*http.Request, bool) {
	if r.ContentLength == 0 || r.Body == nil {
		return r, false
	}
	if r.ContentLength < 0 || route.Safe(r.Method) {
		return r, true
	}
	start := make([]byte, min(r.ContentLength, 64))
	n, _ := io.ReadFull(r.Body, start) // whoever reads on meets the error again
	looked := *r
	looked.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start[:n]), r.Body), r.Body}
	return &looked, beginsRequest(start[:n])
}

// requestLine is how one begins, behind empty lines that servers skip.
var requestLine = regexp.MustCompile(`^[\s\x00]*([A-Za-z-]+[ \t\v\f]|$)`)

// beginsRequest reports what may be a request line. Forms, JSON and uploads begin with
// none.
func beginsRequest(text []byte) bool { return requestLine.Match(text) }
