package gateway

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/palisade-dev/palisade/internal/route"
)

// cleanse determines the client's address and removes every header by which a client
// could pose as somebody else. So the gateway judges the same request that the app reads.
func (g *Gateway) cleanse(r *http.Request, s *site) error {
	addr, err := g.asker(r, s)
	if err != nil {
		return err
	}
	secure := r.TLS != nil
	trusted := g.config.ClientIP.Trusts(r)
	if trusted {
		r.RemoteAddr = netip.AddrPortFrom(addr, 0).String()
		secure = secure || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
	} else if g.proxied(r) {
		g.warnProxy(r)
	}
	socket := hasToken(r.Header["Upgrade"], "websocket") && hasToken(r.Header["Connection"], "upgrade") && r.Method == http.MethodGet
	for name := range r.Header {
		if !s.passes(name, trusted) {
			delete(r.Header, name)
		}
	}
	// If a client listed headers as hop-by-hop, ReverseProxy would remove them after the judgement.
	delete(r.Header, "Connection")
	delete(r.Header, "Upgrade")
	if socket {
		r.Header["Connection"], r.Header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	}
	r.Trailer = nil
	scheme := "http"
	if secure {
		scheme = "https"
	}
	r.Header["X-Forwarded-For"] = []string{addr.String()}
	r.Header["X-Forwarded-Host"] = []string{r.Host}
	r.Header["X-Forwarded-Proto"] = []string{scheme}
	return nil
}

// tellable reports whether every app can distinguish the header's name from other names.
// WSGI, PHP and CGI treat "_" and "-" as equal, PHP also ".". So only letters, digits and
// "-" pass.
func tellable(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '-':
		default:
			return false
		}
	}
	return true
}

// proxied reports whether the request has a header that proxies write, although its peer
// is not named as a proxy.
func (g *Gateway) proxied(r *http.Request) bool {
	if len(r.Header["X-Forwarded-For"]) == 0 && len(r.Header["Forwarded"]) == 0 {
		return false
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && (peer.Addr().Unmap().IsPrivate() || peer.Addr().Unmap().IsLoopback())
}

func (g *Gateway) warnProxy(r *http.Request) {
	if g.warned.Swap(true) {
		return
	}
	g.config.Logger.Warn("a proxy seems to stand in front that is not named in trust: all its visitors are counted as one", "peer", r.RemoteAddr)
}

// writtenPath returns the path as the request line has it. ServeHTTP has already refused
// requests without a path.
func writtenPath(r *http.Request) string {
	path, _, _ := route.Target(r.RequestURI)
	return path
}
