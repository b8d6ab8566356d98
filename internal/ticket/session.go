package ticket

import (
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// A session is a ticket in a cookie, with the flag [Session]. Its name says for which form,
// so that two forms of a site can have sessions side by side.
const sessionPrefix = "palisade-session-"

func sessionName(form Form, suffix string) string {
	return sessionPrefix + hex.EncodeToString(form[:4]) + suffix
}

// SessionOf returns the text of the session for a form, or "". The prefix __Host- is there
// where the visitor came over HTTPS. A session without it proves as much, since its
// signature is ours. suffix is that of [BrowserOf].
func SessionOf(r *http.Request, form Form, suffix string) string {
	if len(r.Header["Cookie"]) == 0 {
		return ""
	}
	name := sessionName(form, suffix)
	for _, name := range [...]string{"__Host-" + name, name} {
		if cookie, err := r.Cookie(name); err == nil {
			return cookie.Value
		}
	}
	return ""
}

// SetSession sets the cookie of a session. Only requests that a page of the same site makes
// bring it.
func SetSession(w http.ResponseWriter, r *http.Request, form Form, suffix, text string, life time.Duration) {
	secure := browserCookieName(r) == browserCookie
	name := sessionName(form, suffix)
	if secure {
		name = "__Host-" + name
	}
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: text, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure,
	})
}

// WithoutSessions removes the cookies of sessions, so that the app and its logs do not have
// them. All other bytes stay as they are.
func WithoutSessions(h http.Header) {
	lines := h["Cookie"]
	for i, line := range lines {
		if strings.Contains(line, sessionPrefix) {
			lines[i] = withoutSessions(line)
		}
	}
	if len(lines) == 1 && lines[0] == "" {
		delete(h, "Cookie")
	}
}

func withoutSessions(line string) string {
	var rest []string
	for _, pair := range strings.Split(line, ";") {
		name := strings.TrimPrefix(strings.TrimLeft(pair, " "), "__Host-")
		if !strings.HasPrefix(name, sessionPrefix) {
			rest = append(rest, pair)
		}
	}
	return strings.TrimLeft(strings.Join(rest, ";"), " ")
}
