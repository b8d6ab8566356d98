package signal

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Reasons of the signal "origin".
const (
	ReasonCrossSite       Reason = "cross-site"        // a browser says that another site's page submitted
	ReasonOriginAmbiguous Reason = "origin-ambiguous"  // a header that has one value was sent twice, or says two things
	ReasonNoOrigin        Reason = "no-origin-headers" // both headers are missing, which every current browser sends
)

func inspectOrigin(e *Evidence, list []Finding) []Finding {
	if f, is := Origin(e.Header, e.Hosts); is {
		list = append(list, f)
	}
	return list
}

// AnyPort is the port of a host of which every port is the site's own. No browser sends
// it.
const AnyPort = "*"

// Origin judges the origin of a submission by two headers that browsers set and pages
// cannot forge: Sec-Fetch-Site and Origin. hosts are the site's own, in lower case, with
// the port unless it is the scheme's.
//
// A page of another site is refused. A client that sends neither header is an old
// browser, a browser on plain HTTP, or a program. It gets a small weight. A missing
// header exempts the client from nothing else. [Signal.Inspect] adds name and weight to
// the finding.
func Origin(h http.Header, hosts []string) (Finding, bool) {
	fetchSite, origin := h["Sec-Fetch-Site"], h["Origin"]
	if len(fetchSite) > 1 || len(origin) > 1 {
		return refusedOrigin(ReasonOriginAmbiguous)
	}
	if len(origin) == 1 && origin[0] != "null" && !allowed(origin[0], hosts) {
		return crossSite("the page is of "+shorten(origin[0]), hosts)
	}
	if len(fetchSite) == 1 {
		switch fetchSite[0] {
		case "same-origin", "none":
			return Finding{}, false
		case "same-site":
			// A sibling host: only its Origin tells whether it is one of ours.
			if len(origin) == 1 && origin[0] != "null" {
				return Finding{}, false
			}
		}
		return crossSite("Sec-Fetch-Site is "+shorten(fetchSite[0]), hosts)
	}
	switch {
	case len(origin) == 0:
		return Finding{Reason: ReasonNoOrigin}, true
	case origin[0] == "null": // a sandbox, a data: URL, a redirect across sites
		return crossSite("Origin is null", hosts)
	}
	return Finding{}, false
}

// crossSite says to the operator why a page is none of the site's: a wrong host in the
// configuration refuses everybody.
func crossSite(said string, hosts []string) (Finding, bool) {
	f, is := refusedOrigin(ReasonCrossSite)
	f.Detail = said + "; the site's hosts are " + shorten(strings.Join(hosts, ", "))
	return f, is
}

// shorten keeps a client's text from filling the log.
func shorten(text string) string { return text[:min(len(text), 200)] }

func refusedOrigin(why Reason) (Finding, bool) {
	return Finding{Reason: why, Hard: true}, true
}

// allowed reports whether an Origin header names one of the hosts.
func allowed(origin string, hosts []string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return false
	}
	for _, own := range hosts {
		if host == own || host == withoutDefaultPort(own) || net.JoinHostPort(strings.ToLower(u.Hostname()), AnyPort) == own {
			return true
		}
	}
	return false
}

// withoutDefaultPort allows a host to be configured with a port that browsers
// leave out of the Origin header.
func withoutDefaultPort(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil && (port == "443" || port == "80") {
		if strings.Contains(name, ":") {
			return "[" + name + "]"
		}
		return name
	}
	return host
}
