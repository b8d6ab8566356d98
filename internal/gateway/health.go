package gateway

import (
	"io"
	"net/http"
	"net/netip"
	"strings"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/route"
)

// healthPath is the path at which a load balancer checks that the gateway runs.
const healthPath = palisade.DefaultBase + "healthz"

// isHealthCheck is tested before everything else. A checker addresses the process by its
// IP address, which is no site's host, and sends no forwarding header.
func isHealthCheck(method, path string) bool {
	return (method == http.MethodGet || method == http.MethodHead) && path == healthPath
}

// answerHealthCheck reports that the gateway runs. It reports nothing about the apps: an
// app that is down must not make the other apps unreachable.
func answerHealthCheck(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n") // an error means that the client has gone away
}

// asker returns the client's address. A named proxy that sends no visitor's address asks
// for itself; an example is a load balancer that checks the app. This applies only to
// requests that the app alone answers. Submissions and requests for tickets are counted
// by the visitor's address and are refused without one.
func (g *Gateway) asker(r *http.Request, s *site) (netip.Addr, error) {
	addr, err := g.config.ClientIP.Addr(r)
	if err == nil {
		return addr, nil
	}
	if own, ok := g.config.ClientIP.Own(r); ok && s.leavesOpen(r) {
		return own, nil
	}
	return netip.Addr{}, err
}

// leavesOpen reports whether the request goes to the app without a judgement.
func (s *site) leavesOpen(r *http.Request) bool {
	path := writtenPath(r)
	return !strings.HasPrefix(path, s.mount) && s.routes.Match(r.Method, path).Kind == route.Open
}
