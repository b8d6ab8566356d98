package gateway

import (
	"net/http"
	"strings"
)

// Caches obey more headers than Cache-Control. A cache that knows such a header obeys it
// whatever Cache-Control says, "no-store" included (RFC 9213, 2.2). So each of these
// headers counts like "s-maxage". These are documented:
//
//	CDN-Cache-Control               RFC 9213; Cloudflare, Akamai, Fastly, Vercel, Netlify
//	NAME-Cache-Control              RFC 9213, 2: the convention for one vendor's own, such as
//	                                Cloudflare-CDN-, Vercel-CDN-, Netlify-CDN-, Akamai-Cache-Control;
//	                                older ones follow it (LiteSpeed: X-LiteSpeed-Cache-Control)
//	Surrogate-Control               W3C Edge Architecture 1.0; Fastly, Varnish, Squid, Akamai, Cloudflare
//	Edge-Control                    Akamai; with "!no-store" it stores despite "no-store"
//	X-Accel-Expires                 nginx, proxy_cache_valid: seconds, or "@" and a time; 0 forbids,
//	                                any other word is ignored
//	X-Reverse-Proxy-TTL, NAME-TTL   FOSHttpCache and VCL written after its example: seconds, 0 forbids
//
// Some headers only name the stored page (Surrogate-Key, Cache-Tag, xkey, Netlify-Vary)
// or report the work of a cache (Cache-Status, X-Cache). They allow no storing.
type cacheHeader uint8

const (
	noCacheHeader  cacheHeader = iota
	withDirectives             // has directives as Cache-Control has
	withSeconds
)

// cacheHeaderOf returns the meaning that a header besides Cache-Control has for caches.
// It decides by the family of the name, so that it covers the next vendor's name too.
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

// leave says how caches may store an answer.
type leave uint8

const (
	mayShare leave = iota // also for unreadable values: a page without a ticket still works
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

// leaveOf reads directives. A lifetime of zero forbids storing only if no other
// directive gives a lifetime, such as s-maxage or stale-while-revalidate.
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

// mayBeShared reports whether a cache may show the page to another visitor, or to the
// same browser at another time. Such a page cannot hold a ticket. If no other header
// allows more, a page with "private" or "no-store" is for one visitor, now.
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
	if strings.Contains(control, "no-store") || strings.Contains(control, "private") || neverFresh(control, h) {
		return false
	}
	for _, name := range []string{"Age", "Last-Modified", "Expires"} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return strings.Contains(control, "public") || strings.Contains(control, "max-age") || strings.Contains(control, "s-maxage")
}

// neverFresh reports whether a cache must ask for the page again each time, and has nothing
// to ask with: "no-cache" without a validator. The pages of WordPress's admin are such ones,
// with "max-age=0" and an Expires of long ago. The directive with names of headers allows
// reuse of the rest.
func neverFresh(control string, h http.Header) bool {
	if len(h["Etag"]) > 0 || len(h["Last-Modified"]) > 0 || len(h["Age"]) > 0 {
		return false
	}
	whole, shared := false, false
	for directive := range strings.SplitSeq(control, ",") {
		switch name, _, _ := strings.Cut(strings.TrimSpace(directive), "="); name {
		case "no-cache":
			whole = whole || strings.TrimSpace(directive) == name
		case "public", "s-maxage", "stale-while-revalidate", "stale-if-error":
			shared = true
		}
	}
	return whole && !shared
}

// keepFromCaches forbids every cache to store an answer. It removes the caches' own
// headers, and without them caches obey Cache-Control. A header that forbids all storing
// stays, for caches that are configured to read only that header.
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
