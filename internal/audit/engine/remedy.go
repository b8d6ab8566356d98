package engine

import (
	"strings"
)

// Remedy is the advice against a mistake, in words and as a few lines of code for each
// stack.
type Remedy struct {
	Text string
	Code map[string]string // by stack, see stackOf
}

// Stacks returns the names of the stacks for which advice has code.
func Stacks() []string { return []string{"django", "flask", "go", "rails", "express", "php"} }

// stackOf guesses the stack of an app from its answers.
func stackOf(pg *Page) string {
	h, body := pg.Answer.Header, string(pg.Answer.Body)
	has := func(name, text string) bool { return strings.Contains(strings.ToLower(h.Get(name)), text) }
	cookie := func(name string) bool { _, ok := pg.Cookies[name]; return ok }
	switch {
	case cookie("csrftoken"), strings.Contains(body, "csrfmiddlewaretoken"), has("Server", "wsgiserver"):
		return "django"
	case has("X-Powered-By", "express"), cookie("connect.sid"):
		return "express"
	case has("X-Powered-By", "php"), cookie("PHPSESSID"), cookie("laravel_session"):
		return "php"
	case strings.Contains(body, `name="authenticity_token"`), h.Get("X-Runtime") != "":
		return "rails"
	case has("Server", "werkzeug"), cookie("session") && has("Vary", "cookie"), has("Server", "gunicorn"), has("Server", "waitress"):
		if has("X-Frame-Options", "deny") && has("Cross-Origin-Opener-Policy", "same-origin") {
			return "django"
		}
		return "flask"
	case h.Get("Server") == "" && h.Get("Date") != "" && h.Get("X-Powered-By") == "":
		return "go"
	}
	return ""
}
