package gateway

import (
	"io"
	"net/http"
	"net/netip"
	"strings"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/route"
)

// healthPath is where a load balancer asks whether the gateway runs.
const healthPath = palisade.DefaultBase + "healthz"

// isHealthCheck comes before everything else: who checks a process calls it by its
// address, which is no site's host, and writes no forwarding header.
func isHealthCheck(method, path string) bool {
	return (method == http.MethodGet || method == http.MethodHead) && path == healthPath
}

// answerHealthCheck says that the gateway runs, and nothing about the apps: one that
// is down must not take the others from their visitors.
func answerHealthCheck(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n") // who went away needs no answer
}

// asker returns the address of who asks. A named proxy that says nothing of a visitor
// asks for itself, such as a load balancer that checks the app. That holds where the
// app alone answers; a submission, and what hands out tickets, is counted by the
// visitor's address and refused without one.
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

// leavesOpen reports a request that goes to the app without a judgement.
func (s *site) leavesOpen(r *http.Request) bool {
	path := writtenPath(r)
	return !strings.HasPrefix(path, s.base) && s.routes.Match(r.Method, path).Kind == route.Open
}
