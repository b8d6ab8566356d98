// Package clientip determines the client of a request: one typed address for each
// request.
//
// Every choice of trust has a name and there is no default, because a wrong choice
// either lets any client forge an address (and so reset every limit) or counts all
// visitors as one:
//
//	clientip.RemoteAddr()                        // clients connect to this process
//	clientip.Proxies("10.0.0.0/8")               // X-Forwarded-For, written by these proxies
//	clientip.Forwarded("10.0.0.0/8")             // RFC 7239 Forwarded, written by these proxies
//	clientip.Header("CF-Connecting-IP", "…/20")  // one header that these peers always set
//
// A header is read only if the peer of the socket is one of the named proxies. Lists are
// read from the right, the end that the nearest proxy wrote. The client sent everything to
// the left of the first untrusted address, so that part is never read. An unreadable
// address is an error: an attempt without an address is refused and not counted under
// another visitor's address.
package clientip

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Bounds of the work that a header can cause.
const (
	maxHops   = 32   // addresses examined; a real chain has a handful
	maxHeader = 4096 // bytes of all lines of the header together
)

// Errors of finding an address.
var (
	ErrNoSource = errors.New("clientip: nobody said whose word to take; use RemoteAddr or one of the others")
	ErrPeer     = errors.New("clientip: the peer has no readable address")
	ErrHeader   = errors.New("clientip: the forwarding header is missing or unreadable")
)

// Source finds the client address of a request. The zero Source refuses every
// request, and [Source.Validate] reports it.
type Source struct {
	kind    kind
	header  string // canonical name
	trusted []netip.Prefix
	mistake error
}

type kind uint8

const (
	none kind = iota
	socket
	list      // X-Forwarded-For
	forwarded // RFC 7239
	single
)

// RemoteAddr uses the peer of the connection. It is right if clients connect directly to
// this process. It reads no header.
func RemoteAddr() Source { return Source{kind: socket} }

// Proxies uses the part of X-Forwarded-For that the named proxies wrote: the rightmost
// address that is not itself one of them. If all are proxies, it is the leftmost, because
// the request began inside. Each proxy is an address or a CIDR.
func Proxies(proxies ...string) Source { return behind(list, "X-Forwarded-For", proxies) }

// Forwarded is Proxies for the Forwarded header of RFC 7239. A hop that hides its
// address ("unknown" or an obfuscated name) is an error if it is reached.
func Forwarded(proxies ...string) Source { return behind(forwarded, "Forwarded", proxies) }

// Header uses a header with one address, such as CF-Connecting-IP. The named peers must
// set it on every request and replace the client's own value.
func Header(name string, peers ...string) Source {
	s := behind(single, http.CanonicalHeaderKey(name), peers)
	if name == "" || strings.ContainsAny(name, " :\r\n\t") {
		s.mistake = errors.Join(s.mistake, fmt.Errorf("clientip: %q is not the name of a header", name))
	}
	return s
}

func behind(kind kind, header string, proxies []string) Source {
	s := Source{kind: kind, header: header}
	var errs []error
	if len(proxies) == 0 {
		errs = append(errs, errors.New("clientip: name the proxies whose word is taken"))
	}
	for _, text := range proxies {
		prefix, err := parsePrefix(text)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("clientip: %q is neither an address nor a CIDR", text))
		case prefix.Bits() == 0:
			errs = append(errs, fmt.Errorf("clientip: %q trusts everybody", text))
		default:
			s.trusted = append(s.trusted, prefix)
		}
	}
	s.mistake = errors.Join(errs...)
	return s
}

func parsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	if addr := prefix.Addr(); addr.Is4In6() && prefix.Bits() >= 96 {
		prefix = netip.PrefixFrom(addr.Unmap(), prefix.Bits()-96)
	}
	return prefix.Masked(), nil
}

// Validate reports every mistake in the arguments of the source.
func (s Source) Validate() error {
	if s.kind == none {
		return ErrNoSource
	}
	return s.mistake
}

// Named reports whether any proxy is named.
func (s Source) Named() bool { return len(s.trusted) > 0 }

// Trusts reports whether the peer of the socket is one of the named proxies, so
// that it can be trusted for other things too, such as the scheme.
func (s Source) Trusts(r *http.Request) bool {
	peer, ok := parseAddr(r.RemoteAddr)
	return ok && s.trusts(peer)
}

// Own returns the address of a named proxy that wrote no forwarding header. Such a
// request seems to be the proxy's own, for example a health check. Addr refuses it,
// because all visitors of a proxy that forgets the header would count as one. Use Own only
// where nothing is counted by the address.
func (s Source) Own(r *http.Request) (netip.Addr, bool) {
	peer, ok := parseAddr(r.RemoteAddr)
	if !ok || s.Validate() != nil || !s.trusts(peer) || len(r.Header[s.header]) > 0 {
		return netip.Addr{}, false
	}
	return peer, true
}

// Addr returns the client's address, without zone and with IPv4-mapped addresses
// folded to IPv4, or an error.
func (s Source) Addr(r *http.Request) (netip.Addr, error) {
	if err := s.Validate(); err != nil {
		return netip.Addr{}, err
	}
	peer, ok := parseAddr(r.RemoteAddr)
	if !ok {
		return netip.Addr{}, ErrPeer
	}
	if s.kind == socket || !s.trusts(peer) {
		return peer, nil
	}
	lines := r.Header[s.header]
	size := 0
	for _, line := range lines {
		size += len(line)
	}
	if len(lines) == 0 || size > maxHeader {
		return netip.Addr{}, ErrHeader
	}
	if s.kind == single {
		addr, ok := parseAddr(strings.TrimSpace(lines[0]))
		if len(lines) > 1 || !ok {
			return netip.Addr{}, ErrHeader
		}
		return addr, nil
	}
	return s.walk(lines)
}

// walk goes from the right end of the last line to the left end of the first.
func (s Source) walk(lines []string) (netip.Addr, error) {
	var addr netip.Addr
	hops := 0
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			var element string
			if s.kind == forwarded {
				rest, element, more = cutLastElement(rest)
			} else {
				rest, element, more = cutLast(rest)
			}
			var ok bool
			if addr, ok = s.hop(element); !ok {
				return netip.Addr{}, ErrHeader
			}
			if hops++; hops > maxHops {
				return netip.Addr{}, ErrHeader
			}
			if !s.trusts(addr) {
				return addr, nil
			}
		}
	}
	return addr, nil
}

func (s Source) hop(element string) (netip.Addr, bool) {
	if s.kind == forwarded {
		return forwardedFor(element)
	}
	return parseAddr(strings.TrimSpace(element))
}

func (s Source) trusts(addr netip.Addr) bool {
	for _, prefix := range s.trusted {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// cutLast splits a list at its last comma.
func cutLast(text string) (before, last string, more bool) {
	if i := strings.LastIndexByte(text, ','); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return "", text, false
}

// cutLastElement is cutLast for a list whose elements may have commas in quotes. It splits
// at the last comma with an even number of quotes to its right. Only a client can have
// sent an unbalanced quote, further left. So such a quote cannot hide an address that a
// proxy appended.
func cutLastElement(text string) (before, last string, more bool) {
	quoted := false
	for i := len(text) - 1; i >= 0; i-- {
		switch text[i] {
		case '"':
			quoted = !quoted
		case ',':
			if !quoted {
				return text[:i], text[i+1:], true
			}
		}
	}
	return "", text, false
}

// forwardedFor returns the address in the single "for" parameter of an element.
func forwardedFor(element string) (addr netip.Addr, ok bool) {
	found := false
	for pair := range strings.SplitSeq(element, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if !strings.EqualFold(name, "for") {
			continue
		}
		if found {
			return netip.Addr{}, false
		}
		if quoted, isQuoted := strings.CutPrefix(value, `"`); isQuoted {
			value, isQuoted = strings.CutSuffix(quoted, `"`)
			if !isQuoted {
				return netip.Addr{}, false
			}
		}
		if addr, ok = parseAddr(value); !ok {
			return netip.Addr{}, false
		}
		found = true
	}
	return addr, found
}

// parseAddr parses an address with or without port and brackets.
func parseAddr(text string) (netip.Addr, bool) {
	if len(text) > 64 {
		return netip.Addr{}, false
	}
	if strings.Contains(text, "]:") || strings.Count(text, ":") == 1 {
		both, err := netip.ParseAddrPort(text)
		return both.Addr().Unmap().WithZone(""), err == nil
	}
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		text = text[1 : len(text)-1]
		if !strings.Contains(text, ":") {
			return netip.Addr{}, false // only IPv6 addresses have brackets
		}
	}
	addr, err := netip.ParseAddr(text)
	return addr.Unmap().WithZone(""), err == nil
}

// Prefix returns the network by which one visitor is counted: the address itself for
// IPv4, the /64 for IPv6. One customer gets a /64 and can use any address in it.
func Prefix(addr netip.Addr) netip.Prefix { return network(addr, 32, 64) }

// Network returns the wider network around an address, /24 or /48. A provider's customer
// with more than one address often has such a network.
func Network(addr netip.Addr) netip.Prefix { return network(addr, 24, 48) }

func network(addr netip.Addr, v4, v6 int) netip.Prefix {
	addr = addr.Unmap()
	bits := v6
	if addr.Is4() {
		bits = v4
	}
	prefix, _ := addr.WithZone("").Prefix(bits) // fails only for the zero Addr
	return prefix
}
