package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A script of another origin sees only "network error" if our refusal has no CORS headers.
// readable adds them for an origin that the configuration or the app allows. It never
// reflects an origin because a client has sent it.
func (s *site) readable(h http.Header, r *http.Request) {
	lines := r.Header["Origin"]
	if len(lines) != 1 {
		return
	}
	origin, credentials := lines[0], true
	if !s.isOwnOrigin(r, origin) && !slices.Contains(s.config.Origins, origin) {
		var known bool
		if origin, credentials, known = s.readers.find(origin, s.gateway.config.Clock()); !known {
			return
		}
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After")
	if credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	h.Add("Vary", "Origin")
}

// unreadable removes what readable has added, because the app answers for itself.
func unreadable(h http.Header) {
	for _, name := range [...]string{"Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Access-Control-Allow-Credentials", "Vary"} {
		delete(h, name)
	}
}

// isOwnOrigin reports whether an origin is one of the site's names. Pages over HTTP must not
// read answers over HTTPS, because anybody on the way may have written them.
func (s *site) isOwnOrigin(r *http.Request, origin string) bool {
	name, secure := strings.CutPrefix(origin, "https://")
	if !secure {
		var found bool
		if name, found = strings.CutPrefix(origin, "http://"); !found || r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
			return false
		}
	}
	return !s.config.AnyHost && (strings.EqualFold(name, s.config.Host) || slices.ContainsFunc(s.config.Hosts, func(host string) bool { return strings.EqualFold(name, host) }))
}

// validateOrigins returns an error if an origin is not written as browsers send it.
func validateOrigins(origins []string) error {
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || origin != u.Scheme+"://"+bareHost(u.Host) {
			return fmt.Errorf("Origins: %q must be a scheme and a host in lower case, e.g. https://app.example", origin)
		}
	}
	return nil
}

// readers are the origins whose pages may read answers, as the app's answers to preflight
// requests said: an origin or *. Other answers do not count: files for everybody have the
// header too.
type readers struct{ heard }

const (
	maxReaders = 64
	readerLife = 10 * time.Minute
)

// learn remembers whom the answer of the app to a preflight request allows.
func (l *readers) learn(in *http.Request, answer *http.Response, now time.Time) {
	asked, allowed := in.Header["Origin"], answer.Header["Access-Control-Allow-Origin"]
	if in.Method != http.MethodOptions || in.Header.Get("Access-Control-Request-Method") == "" || answer.StatusCode/100 != 2 || len(asked) != 1 || len(allowed) != 1 {
		return
	}
	origin := allowed[0]
	if origin != "*" && origin != asked[0] || origin == "null" || len(origin) > 256 {
		return
	}
	credentials := origin != "*" && answer.Header.Get("Access-Control-Allow-Credentials") == "true"
	l.note(said{origin, credentials, now.Add(readerLife)}, maxReaders)
}

// find returns the value that allows an origin, and whether it includes credentials.
func (l *readers) find(origin string, now time.Time) (value string, credentials, ok bool) {
	for _, one := range l.lately(now) {
		if (one.text == origin || one.text == "*") && (value == "" || value == "*") {
			value, credentials, ok = one.text, one.credentials, true
		}
	}
	return value, credentials, ok
}
