package gateway

import (
	"net/http"

	"github.com/palisade-dev/palisade/internal/route"
)

// Methods that change nothing are not judged. Apps run more with them than they should:
// a handler that shows its page for GET and takes everything else for a submission is
// run by HEAD and OPTIONS, too. So a request of such a method to a guarded path brings
// nothing that a submission could be made of, and HEAD becomes what it stands for.

// mayActAnyway reports a request that an app may take for a submission though its method
// is one that changes nothing.
func (s *site) mayActAnyway(method, path string) bool {
	return method != http.MethodGet && route.Safe(method) && s.guards(path)
}

// bringsBody reports a body that has no place: on a guarded path, under a method that
// changes nothing. Its length is not known to be zero.
func (s *site) bringsBody(r *http.Request, path string) bool {
	return route.Safe(r.Method) && r.ContentLength != 0 && s.guards(path)
}

// guards reports whether submissions to a path are guarded, or are refused.
func (s *site) guards(path string) bool {
	return s.routes.Match(http.MethodPost, path).Kind != route.Open
}

// calm makes a request of a method that changes nothing what it should be.
func (s *site) calm(out *http.Request, path string) {
	// Handlers do not read a body that they do not expect. A server that leaves it on
	// the connection takes it for the next request.
	out.Close = out.ContentLength != 0
	if !s.mayActAnyway(out.Method, path) {
		return
	}
	switch out.Method {
	case http.MethodHead:
		out.Method = http.MethodGet // the server cuts the body off the answer
	case http.MethodOptions:
		out.URL.RawQuery, out.URL.ForceQuery = "", false
	}
}
