package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Back returns where a page's link back leads: to the path and query of the page that
// the request came from, if that is of the request's host or of one of hosts, else "/".
func Back(r *http.Request, hosts ...string) string {
	from, err := url.Parse(r.Referer())
	if err != nil || from.Scheme != "http" && from.Scheme != "https" {
		return "/"
	}
	same := func(host string) bool { return strings.EqualFold(host, from.Host) }
	if from.Host == "" || !same(r.Host) && !slices.ContainsFunc(hosts, same) {
		return "/"
	}
	return local(from.RequestURI())
}

// Home returns where a link back leads for an app below a path: to its first page instead of
// the first page of the host.
func Home(prefix, back string) string {
	if back == "/" {
		return prefix + "/"
	}
	return back
}

// local returns an address that leads to this host, whatever it is given: two slashes
// would begin another host, and browsers take a backslash for a slash.
func local(address string) string {
	if !strings.HasPrefix(address, "/") || strings.ContainsFunc(address, isControl) {
		return "/"
	}
	return "/" + strings.TrimLeft(address, "/\\")
}

// isControl reports characters that browsers drop from addresses.
func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// place is the site that a page is of, and the way back.
type place struct{ site, back string }

// longestHost is that of a name with a port.
const longestHost = 253 + len(":65535")

// Name is the site's host, or "" where what is given is no host.
func (p place) Name() string {
	if len(p.site) > longestHost || strings.Trim(p.site, ".:-[]") == "" || strings.ContainsFunc(p.site, notOfHost) {
		return ""
	}
	return strings.ToLower(p.site)
}

func notOfHost(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(".-_:[]", r))
}

func (p place) Link() string { return local(p.back) }
