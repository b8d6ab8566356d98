package gateway

import (
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/route"
)

// Dialect says in which headers a proxy in front tells of the request that it asks
// about.
type Dialect uint8

const (
	// NoAuth: nobody asks; all requests come to the gateway itself.
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

// authPath is where a proxy asks.
const authPath = "auth"

// auth tells a proxy in front what to do with a request: 200 to send it to the app
// itself, 401 to hand it over to the gateway, whole, as it came. A submission is
// always handed over: the question has no body, so it could be judged by half only.
// Whatever else the gateway would refuse is handed over too, to be told so.
//
// Only a proxy that is named in trust is believed, and what it does not tell is
// refused: nothing that anybody can leave out ever reads as allowed. 401 is the
// one refusal that nginx does not turn into an error of its own.
func (g *Gateway) auth(w http.ResponseWriter, r *http.Request, s *site) {
	w.Header().Set("Cache-Control", "no-store")
	method, target, told := told(r, s.config.ForwardAuth)
	status := http.StatusUnauthorized
	if told && g.config.ClientIP.Trusts(r) {
		path, query, ok := route.Target(target)
		// The question has the headers of the request and not its body, so a condition
		// on the body is taken to hold.
		asked := route.Request{Method: method, Path: path, Header: r.Header, Query: query}
		socket := len(r.Header["Upgrade"]) > 0 && !s.routes.OpenToSockets(path, query)
		if ok && !socket && s.routes.MatchRequest(&asked).Kind == route.Open && !s.mayActAnyway(method, path, query) && !strings.HasPrefix(path, s.base) {
			status = http.StatusOK
		}
	}
	w.WriteHeader(status)
}

// told returns the request that the proxy asks about.
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
