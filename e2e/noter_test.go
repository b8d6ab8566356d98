package e2e_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// noter is an app that shows one page on all paths and records the requests that change
// something.
type noter struct {
	t     *testing.T
	app   *apps.App
	front string // the gateway's URL for the browser

	policy  string // Content Security Policy of the page
	caching string // its Cache-Control
	worker  string // script of a service worker, at /worker.js

	// answers answers what changes something, instead of the usual answer.
	answers http.HandlerFunc

	mu   sync.Mutex
	page string
	got  []noted
}

// noted is one request as the app received it.
type noted struct {
	target string
	body   string     // if it is no form
	fields url.Values // files by their content
	header http.Header
}

// newNoter starts the app behind a gateway.
func newNoter(t *testing.T, sites string) *noter {
	t.Helper()
	n := bareNoter(t)
	n.front = visited(gateway(t, n.app, sites))
	return n
}

// bareNoter starts the app alone.
func bareNoter(t *testing.T) *noter {
	t.Helper()
	n := &noter{t: t}
	server := httptest.NewServer(n)
	t.Cleanup(server.Close)
	n.app = &apps.App{URL: server.URL}
	return n
}

func (n *noter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/node_modules/") {
		http.ServeFile(w, r, "."+r.URL.Path)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.URL.Path == "/worker.js" {
		w.Header().Set("Content-Type", "text/javascript")
		io.WriteString(w, n.worker)
		return
	}
	if r.Method == http.MethodGet && r.URL.Path != "/unsubscribe" {
		if n.caching != "" {
			w.Header().Set("Cache-Control", n.caching)
		}
		if n.policy != "" {
			w.Header().Set("Content-Security-Policy", n.policy)
		}
		fmt.Fprintf(w, `<!doctype html><html lang="en"><head><title>Page</title><link rel="icon" href="data:,"></head><body>%s</body></html>`, n.page)
		return
	}
	got := noted{target: r.RequestURI, header: r.Header}
	if err := r.ParseMultipartForm(1 << 20); err == nil {
		got.fields = url.Values(r.MultipartForm.Value)
		for name, files := range r.MultipartForm.File {
			file, _ := files[0].Open()
			content, _ := io.ReadAll(file)
			got.fields[name] = []string{string(content)}
		}
	} else {
		got.fields = r.PostForm
		content, _ := io.ReadAll(r.Body)
		got.body = string(content)
	}
	n.got = append(n.got, got)
	if n.answers != nil {
		n.answers(w, r)
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "html") {
		http.Redirect(w, r, "/welcome", http.StatusSeeOther)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// shows sets the page, and returns a window that has it open.
func (n *noter) shows(page string) *tab {
	n.t.Helper()
	n.sets(page)
	b := blank(n.t)
	b.goTo(n.front + "/")
	return b
}

func (n *noter) sets(page string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.page = page
}

func (n *noter) noted() []noted {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.got)
}

// arrived waits until so many requests have reached the app, and returns all of them.
func (n *noter) arrived(count int) []noted {
	n.t.Helper()
	for range 1000 {
		if got := n.noted(); len(got) >= count {
			return got
		}
		time.Sleep(20 * time.Millisecond)
	}
	n.t.Errorf("%d requests have not reached the app", count)
	return n.noted()
}

// expectNothing checks that no request has reached the app yet.
func (n *noter) expectNothing() {
	n.t.Helper()
	if got := n.noted(); len(got) > 0 {
		n.t.Errorf("the app got %+v", got)
	}
}

// expect checks that one request reached the app, and that it equals the request of a page
// without the gateway.
func (n *noter) expect(target string, fields url.Values) noted {
	n.t.Helper()
	got := n.noted()
	if len(got) != 1 {
		n.t.Fatalf("%d requests reached the app, want 1: %+v", len(got), got)
	}
	if got[0].target != target {
		n.t.Errorf("the app got it at %s, want %s", got[0].target, target)
	}
	if got[0].fields.Encode() != fields.Encode() {
		n.t.Errorf("the app got the fields %v, want %v", got[0].fields, fields)
	}
	for name := range got[0].header {
		if strings.HasPrefix(name, "Palisade-") && name != "Palisade-Verdict" {
			n.t.Errorf("the app got the header %s", name)
		}
	}
	return got[0]
}

// form writes a form with a field that a person typed into, and a hidden field.
func form(action, hidden, value string) string {
	return fmt.Sprintf(`<form method="post" action="%s"><input type="hidden" name="%s" value="%s"><input name="name" value="Ada &amp; co" aria-label="Name"><button id="send">Send</button></form>`,
		html.EscapeString(action), hidden, value)
}
