package gateway

import (
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/route"
)

// Dialect selects the headers in which a proxy in front describes the request that it asks
// about.
type Dialect uint8

const (
	// NoAuth: no proxy asks. All requests come to the gateway itself.
	NoAuth Dialect = iota
	// XOriginal: X-Original-Method and X-Original-URI, as deploy/nginx.conf sets them.
	XOriginal
	// XForwarded: X-Forwarded-Method and X-Forwarded-Uri, as Caddy and Traefik set them.
	XForwarded
)

var dialects = map[Dialect][2]string{
	XOriginal:  {"X-Original-Method", "X-Original-Uri"},
	XForwarded: {"X-Forwarded-Method", "X-Forwarded-Uri"},
}

// authPath is the path that a proxy asks at.
const authPath = "auth"

// auth tells a proxy in front where to send a request: with 200 to the app itself, with
// 401 to the gateway, complete and unchanged. A submission always goes to the gateway,
// because the question has no body and so could not be judged completely.
// A request that the gateway would refuse goes there too, to get its refusal.
//
// The gateway believes only a proxy that trust names. It refuses a question that lacks
// something: a header that a client can leave out must never mean "allowed". 401 is the
// only refusal that nginx does not turn into an error of its own.
func (g *Gateway) auth(w http.ResponseWriter, r *http.Request, s *site) {
	w.Header().Set("Cache-Control", "no-store")
	method, target, told := told(r, s.config.ForwardAuth)
	status := http.StatusUnauthorized
	if told && g.config.ClientIP.Trusts(r) {
		path, query, ok := route.Target(target)
		// The question has the headers of the request but not its body, so a condition
		// on the body counts as fulfilled.
		asked := route.Request{Method: method, Path: path, Header: r.Header, Query: query}
		socket := len(r.Header["Upgrade"]) > 0 && !s.routes.OpenToSockets(path, query)
		if ok && !socket && s.routes.MatchRequest(&asked).Kind == route.Open && !s.mayActAnyway(method, path, query) && !strings.HasPrefix(path, s.mount) {
			status = http.StatusOK
		}
	}
	w.WriteHeader(status)
}

// told returns the method and target of the request that the proxy asks about.
func told(r *http.Request, d Dialect) (method, target string, ok bool) {
	names, known := dialects[d]
	if !known {
		return "", "", false
	}
	methods, targets := r.Header[names[0]], r.Header[names[1]]
	if len(methods) != 1 || len(targets) != 1 || methods[0] == "" || !strings.HasPrefix(targets[0], "/") {
		return "", "", false
	}
	return methods[0], targets[0], true
}
