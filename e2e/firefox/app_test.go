package firefox

import (
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// page is a page of the app. It has the JSON form in which fronts/build.mjs writes pages.
type page struct {
	Body    string            `json:"body"`
	Scripts map[string]string `json:"scripts"`
	policy  string            // Content Security Policy
}

// app shows a page and records the requests that change something.
type app struct {
	url  string
	page page

	mu  sync.Mutex
	got []write
}

// write is one request as the app received it.
type write struct {
	method, target string
	header         http.Header
	body           string
}

func newApp(t *testing.T, p page) *app {
	t.Helper()
	a := &app{page: p}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// scripts of every page. What a page notes survives the way to the next page, also where the
// browser refuses all storage.
const scripts = `
const note = (...what) => { window.name += what.join(' ') + '\n'; };
const look = when => note(when, document.body.outerHTML, ...[...document.forms].map(form => [
  form.elements.length, [...form.elements].map(e => e.name || e.localName), [...new FormData(form).keys()]].join('; ')));
addEventListener('DOMContentLoaded', () => look('DOMContentLoaded:'));
addEventListener('load', () => look('load:'));
`

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	script, isScript := a.page.Scripts[r.URL.Path]
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Path == "/unsubscribe":
		a.change(w, r)
	case isScript:
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		fmt.Fprint(w, script)
	case r.URL.Path == "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if a.page.policy != "" {
			w.Header().Set("Content-Security-Policy", a.page.policy)
		}
		fmt.Fprintf(w, `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title><link rel="icon" href="data:,"><script>%s</script></head><body>%s</body></html>`, scripts, a.page.Body)
	case r.URL.Path == "/done":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang="en"><head><title>Done</title><link rel="icon" href="data:,"></head><body><p>Thank you</p></body></html>`)
	case r.URL.Path == "/favicon.ico":
		w.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(w, r)
	}
}

func (a *app) change(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	a.got = append(a.got, write{r.Method, r.RequestURI, r.Header, string(body)})
	a.mu.Unlock()
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, "/done", http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprint(w, "Thank you")
}

func (a *app) writes() []write {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.got)
}

// perRun are headers that differ from run to run, or that a proxy sets. A request has another
// priority once it had to wait.
var perRun = []string{
	"Palisade-Verdict", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Connection", "Content-Length", "Accept-Encoding", "X-Turbo-Request-Id", "Priority",
}

// describe describes a write with all that the browser chose, so that two runs can be compared.
func (w write) describe(base string) string {
	_, params, _ := mime.ParseMediaType(w.header.Get("Content-Type"))
	steady := func(text string) string {
		if boundary := params["boundary"]; boundary != "" {
			text = strings.ReplaceAll(text, boundary, "BOUNDARY")
		}
		return neutral(text, base)
	}
	text := fmt.Sprintf("%s %s %q", w.method, w.target, steady(w.body))
	for _, name := range slices.Sorted(maps.Keys(w.header)) {
		if !slices.Contains(perRun, name) {
			text += fmt.Sprintf("\n\t\t%s: %s", name, steady(strings.Join(w.header[name], ", ")))
		}
	}
	return text
}

// neutral replaces the name of the server.
func neutral(text, base string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, base, "BASE"), strings.TrimPrefix(base, "http://"), "HOST")
}
