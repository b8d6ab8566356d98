package gateway

import (
	"net/http"
	"strings"
)

// A cache is told what it may keep in more headers than Cache-Control, and one that
// knows such a header does as it says whatever Cache-Control says, "no-store"
// included (RFC 9213, 2.2). So each of them counts like "s-maxage". The documented
// ones:
//
//	CDN-Cache-Control               RFC 9213; Cloudflare, Akamai, Fastly, Vercel, Netlify
//	NAME-Cache-Control              RFC 9213, 2: the convention for one vendor's own, such as
//	                                Cloudflare-CDN-, Vercel-CDN-, Netlify-CDN-, Akamai-Cache-Control;
//	                                older ones follow it (LiteSpeed: X-LiteSpeed-Cache-Control)
//	Surrogate-Control               W3C Edge Architecture 1.0; Fastly, Varnish, Squid, Akamai, Cloudflare
//	Edge-Control                    Akamai; "!no-store" has it keep what "no-store" forbids
//	X-Accel-Expires                 nginx, proxy_cache_valid: seconds, or "@" and a time; 0 forbids,
//	                                any other word is ignored
//	X-Reverse-Proxy-TTL, NAME-TTL   FOSHttpCache and VCL written after its example: seconds, 0 forbids
//
// Headers that only name what is kept (Surrogate-Key, Cache-Tag, xkey, Netlify-Vary)
// or tell what a cache did (Cache-Status, X-Cache) let nothing be kept.
type cacheHeader uint8

const (
	noCacheHeader  cacheHeader = iota
	withDirectives             // as in Cache-Control
	withSeconds
)

// cacheHeaderOf tells what a header besides Cache-Control says to caches. Its family
// decides, so that the next vendor's name is known already.
func cacheHeaderOf(name string) cacheHeader {
	switch {
	case name == "Cache-Control":
		return noCacheHeader
	case strings.HasSuffix(name, "Cache-Control"), strings.HasSuffix(name, "Surrogate-Control"), strings.HasSuffix(name, "Edge-Control"):
		return withDirectives
	case name == "X-Accel-Expires", strings.HasSuffix(name, "-Ttl"):
		return withSeconds
	}
	return noCacheHeader
}

// leave is what caches may do with an answer.
type leave uint8

const (
	mayShare leave = iota // also what cannot be read: a page without a ticket still works
	mayNotShare
	mayNotKeep
)

func (c cacheHeader) leave(lines []string) leave {
	said := strings.ToLower(strings.Join(lines, ","))
	if c == withDirectives {
		return leaveOf(said)
	}
	switch strings.TrimSpace(said) {
	case "0":
		return mayNotKeep
	case "", "off":
		return mayNotShare
	}
	return mayShare
}

// leaveOf reads directives. A lifetime of nothing forbids only where no other
// directive gives one, such as s-maxage or stale-while-revalidate.
func leaveOf(said string) leave {
	least := mayNotShare
	for directive := range strings.SplitSeq(said, ",") {
		switch strings.TrimSpace(directive) {
		case "no-store":
			return mayNotKeep
		case "private", "no-cache":
			return mayNotShare
		case "", "max-age=0", "s-maxage=0", "must-revalidate", "proxy-revalidate", "no-transform":
		default:
			least = mayShare
		}
	}
	return least
}

// mayBeShared reports a page that somebody else, or the same browser at another
// time, may be shown again: such a page can hold no ticket. Where no other header
// says more, "private" or "no-store" is for one visitor, now.
func mayBeShared(in *http.Request, resp *http.Response) bool {
	if in.Method != http.MethodGet {
		return false
	}
	h := resp.Header
	for name, lines := range h {
		if kind := cacheHeaderOf(name); kind != noCacheHeader && kind.leave(lines) == mayShare {
			return true
		}
	}
	control := strings.ToLower(strings.Join(h["Cache-Control"], ","))
	if strings.Contains(control, "no-store") || strings.Contains(control, "private") {
		return false
	}
	for _, name := range []string{"Age", "Etag", "Last-Modified", "Expires"} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return strings.Contains(control, "public") || strings.Contains(control, "max-age") || strings.Contains(control, "s-maxage")
}

// keepFromCaches has no cache keep an answer. Without headers of their own, caches do
// as Cache-Control says; what forbids all keeping stays, for caches that are told to
// read nothing else.
func keepFromCaches(h http.Header) {
	for name, lines := range h {
		if kind := cacheHeaderOf(name); kind != noCacheHeader && kind.leave(lines) != mayNotKeep {
			delete(h, name)
		}
	}
	for _, name := range []string{"Etag", "Last-Modified", "Age", "Expires"} {
		delete(h, name)
	}
	if !strings.Contains(strings.ToLower(strings.Join(h["Cache-Control"], ",")), "no-store") {
		h["Cache-Control"] = []string{"private, no-cache"}
	}
}
