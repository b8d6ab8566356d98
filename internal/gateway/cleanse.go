package gateway

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/palisade-dev/palisade/internal/route"
)

// cleanse finds out who asks and takes away everything by which a client could
// speak for somebody else. What the gateway judges and what the app reads are
// then the same.
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
	// A client that names headers as hop-by-hop would have them removed behind our back.
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

// tellable reports whether an app tells the name of a header from every other
// name. WSGI, PHP and CGI fold "_" and "-", PHP also ".", so only letters, digits
// and "-" are let through.
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

// proxied reports a header that proxies write, on a request from a peer that is
// not named as one.
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

// writtenPath returns the path as it stands in the request line. ServeHTTP has
// refused what has none.
func writtenPath(r *http.Request) string {
	path, _, _ := route.Target(r.RequestURI)
	return path
}
