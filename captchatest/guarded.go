package captchatest

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
)

// Route is an entry of a router's table: a method, and a path as the router writes it,
// with parameters as :id, {id}, {id...}, * or *rest. An empty method, ANY or * stands
// for all methods.
type Route struct{ Method, Path string }

// TB is the needed part of testing.TB. So a program that imports this package does not
// link package testing.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
}

// AssertGuarded sends a plausible request without ticket and proof to every route with an
// unsafe method (POST, PUT, PATCH, DELETE), once as a form and once as JSON. It fails for
// each request that a form of package palisade did not refuse. exempt lists the routes
// that are meant to be open, as "POST /login". Routes below /.palisade/ are the guard's own.
//
//	captchatest.AssertGuarded(t, router, palisadegin.Routes(router), "POST /webhooks/:id")
//
// AssertGuarded recognizes a refusal by an answer that only palisade gives:
// application/problem+json with a challenge whose ticket is for a form, and which requires work or an answer.
// It does not accept an app's own 403, a CSRF error, or a captcha that only the browser
// checks. A route that answers 404 or 405 to the filled-in path cannot be judged and
// fails too; pass it as a Route of your own, with a path that exists.
//
// The requests come from many addresses, so that no limit answers instead of the guard.
// An unguarded route is really called, so run it against a test's data.
func AssertGuarded(t TB, handler http.Handler, routes []Route, exempt ...string) {
	t.Helper()
	checked, n := 0, 0
	for _, route := range routes {
		for _, method := range changing(route.Method) {
			if slices.Contains(exempt, method+" "+route.Path) || strings.HasPrefix(route.Path, ownBase) {
				continue
			}
			checked++
			for kind, body := range map[string]string{
				"application/x-www-form-urlencoded": "name=Ada&email=ada%40example.org",
				"application/json":                  `{"name":"Ada","email":"ada@example.org"}`,
			} {
				n++
				if why := unguarded(handler, method, route.Path, kind, body, n); why != "" {
					t.Errorf("%s %s, sent as %s: %s", method, route.Path, kind, why)
				}
			}
		}
	}
	if checked == 0 {
		t.Errorf("captchatest: there is no route that changes something among the %d given, so nothing was checked", len(routes))
	}
}

// ownBase is where a guard's own endpoints are, unless its Config.Base says otherwise: one of
// them opens sessions, with POST.
const ownBase = "/.palisade/"

// changing returns the unsafe methods of a route.
func changing(method string) []string {
	all := []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	switch method = strings.ToUpper(method); {
	case method == "", method == "*", method == "ANY":
		return all
	case slices.Contains(all, method):
		return []string{method}
	}
	return nil
}

// unguarded returns the reason why a route seems unguarded, or "".
func unguarded(handler http.Handler, method, path, kind, body string, n int) string {
	r := httptest.NewRequest(method, filled(path), strings.NewReader(body))
	r.Header.Set("Content-Type", kind)
	r.Header.Set("Accept", "application/json, application/problem+json")
	r.Header.Set("User-Agent", "captchatest")
	r.RemoteAddr = fmt.Sprintf("198.18.%d.%d:1024", n>>8&255, n&255) // for benchmarks, RFC 2544
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	switch {
	case w.Code == http.StatusNotFound, w.Code == http.StatusMethodNotAllowed:
		return fmt.Sprintf("cannot be judged: %s answers %d; give a Route with a path that exists", filled(path), w.Code)
	case w.Code < 400:
		return fmt.Sprintf("NOT GUARDED: answered %d to a request without a proof", w.Code)
	case !challenged(w):
		return fmt.Sprintf("not refused by a guard: answered %d without a challenge of its own", w.Code)
	}
	return ""
}

// challenged reports whether only a guard can have given the answer.
func challenged(w *httptest.ResponseRecorder) bool {
	kind, _, _ := mime.ParseMediaType(w.Header().Get("Content-Type"))
	var problem struct {
		Status    int
		Challenge struct {
			Form, Ticket string
			Challenge    struct {
				Parameters struct{ Algorithm, Nonce, KeyPrefix string }
				Signature  string
			}
			Prompt struct{ Field string }
		}
	}
	err := json.Unmarshal(w.Body.Bytes(), &problem)
	c := problem.Challenge
	return err == nil && kind == "application/problem+json" && w.Code == http.StatusForbidden && problem.Status == w.Code &&
		c.Form != "" && len(c.Ticket) > 60 &&
		(c.Challenge.Signature != "" && c.Challenge.Parameters.Nonce != "" || c.Prompt.Field != "")
}

var parameter = regexp.MustCompile(`\{[^/{}]*(?:\{[^{}]*\}[^/{}]*)*\}|:[A-Za-z_][A-Za-z0-9_]*(?:\([^)]*\))?\??|[*+][A-Za-z0-9_]*`)

// filled replaces each parameter by a value.
func filled(path string) string {
	if method, rest, found := strings.Cut(path, " "); found && strings.ToUpper(method) == method {
		path = rest // a pattern of net/http
	}
	if path = parameter.ReplaceAllString(path, "1"); !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return path
}
