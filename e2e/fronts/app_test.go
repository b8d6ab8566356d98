package fronts

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// built is a page as build.mjs writes it.
type built struct {
	Body    string            `json:"body"`
	Scripts map[string]string `json:"scripts"`
}

// app serves the page of a stack, or passes everything on to a real app, and records every
// write that reaches it.
type app struct {
	url  string
	page built
	real http.Handler
	row  *real

	mu     sync.Mutex
	writes []write
	files  int // of tus
}

// write is one request as the app received it.
type write struct {
	method, target string
	header         http.Header
	body           []byte
	fields         []string // names of what the body holds, as far as the app can read it
	effect         bool     // more than the beginning of an upload
}

func newApp(t *testing.T, r row, page built) *app {
	t.Helper()
	a := &app{page: page}
	if r.real != nil {
		a.row, a.real = r.real, passOn(t, r.real.start(t))
	}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// look is a function of the app's page that says what a script finds there. The page calls it
// when its HTML has been read, before any deferred script; the test calls it later.
const look = `window.look = () => ({
  body: document.body.outerHTML,
  forms: [...document.forms].map(form => ({
    elements: [...form.elements].map(element => element.name || element.id || element.localName),
    entries: [...new FormData(form).keys()],
    children: [...form.children].map(element => element.localName),
  })),
})`

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	script, isScript := a.page.Scripts[r.URL.Path]
	switch {
	case a.real != nil:
		a.pass(w, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions:
		a.change(w, r)
	case isScript:
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		fmt.Fprint(w, script)
	case r.URL.Path == "/events":
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: hello\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	case r.URL.Path == "/socket":
		echo(w, r)
	case r.URL.Path == "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page</title><link rel="icon" href="data:,"><script>%s</script></head>`+
			`<body>%s<script>window.parsed = look()</script></body></html>`, look, a.page.Body)
	case r.URL.Path == "/done":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang="en"><head><title>Done</title><link rel="icon" href="data:,"></head><body><p>Thank you</p></body></html>`)
	default:
		http.NotFound(w, r)
	}
}

// change answers a write as the apps of the stacks do.
func (a *app) change(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	got := write{method: r.Method, target: r.RequestURI, header: r.Header, body: body, fields: names(r.Header, body), effect: true}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case r.URL.Path == "/graphql":
		w.Header().Set("Content-Type", "application/json")
		const one = `{"data":{"send":true}}`
		if n := len(list(body)); n > 0 {
			fmt.Fprint(w, "["+strings.Repeat(one+",", n-1)+one+"]")
		} else {
			fmt.Fprint(w, one)
		}
	case r.URL.Path == "/files/" && r.Method == http.MethodPost: // tus: an upload begins
		a.files++
		got.effect = false
		w.Header().Set("Tus-Resumable", "1.0.0")
		w.Header().Set("Location", fmt.Sprint("/files/", a.files))
		w.WriteHeader(http.StatusCreated)
	case strings.HasPrefix(r.URL.Path, "/files/"): // its bytes
		w.Header().Set("Tus-Resumable", "1.0.0")
		w.Header().Set("Upload-Offset", fmt.Sprint(len(body)))
		w.WriteHeader(http.StatusNoContent)
	case strings.Contains(r.Header.Get("Accept"), "text/html"):
		http.Redirect(w, r, "/done", http.StatusSeeOther)
	default:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprint(w, "Thank you")
	}
	a.writes = append(a.writes, got)
}

func (a *app) got() []write {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.writes)
}

func (a *app) effects() (n int) {
	for _, w := range a.got() {
		if w.effect {
			n++
		}
	}
	return n
}

func list(body []byte) (all []json.RawMessage) {
	_ = json.Unmarshal(body, &all) // what is no list has none
	return all
}

// names returns the names of the fields of a body: they say which part of it is new.
func names(header http.Header, body []byte) (all []string) {
	kind, params, _ := mime.ParseMediaType(header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded":
		values, _ := url.ParseQuery(string(body))
		for name := range values {
			all = append(all, name)
		}
	case "multipart/form-data":
		parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
		for part, err := parts.NextPart(); err == nil; part, err = parts.NextPart() {
			all = append(all, part.FormName())
		}
	case "application/json":
		var object map[string]any
		_ = json.Unmarshal(body, &object) // a list has no names
		for name := range object {
			all = append(all, name)
		}
	}
	slices.Sort(all)
	return all
}

// pageHeaders are headers that scripts of pages set. Forms that are sent by the browser have the
// first two.
var pageHeaders = []string{
	"Content-Type", "Accept", "X-Requested-With", "Hx-Request", "Hx-Target", "Hx-Current-Url", "Apollo-Require-Preflight",
	"Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset", "X-Turbo-Request-Id",
}

// describe describes a write so that two runs can be compared: without what is random in
// every request, and without the name of the server.
func (w write) describe(r row, base string) string {
	kind := w.header.Get("Content-Type")
	body := neutral(string(w.body), base)
	_, params, _ := mime.ParseMediaType(kind)
	steady := func(text string) string {
		if boundary := params["boundary"]; boundary != "" {
			text = strings.ReplaceAll(text, boundary, "BOUNDARY")
		}
		return r.steady(text)
	}
	sum := sha256.Sum256([]byte(steady(body)))
	text := fmt.Sprintf("%s %s sha256:%s fields %q", w.method, w.target, hex.EncodeToString(sum[:8]), w.fields)
	for _, name := range pageHeaders {
		value := w.header.Get(name)
		if name == "X-Turbo-Request-Id" && value != "" {
			value = "given" // random
		}
		if value != "" {
			text += fmt.Sprintf("; %s: %s", name, strings.ReplaceAll(steady(value), base, "BASE"))
		}
	}
	for name := range w.header {
		if strings.HasPrefix(name, "Palisade-") && name != "Palisade-Verdict" {
			text += "; " + name // is for the gateway alone
		}
	}
	return text
}

// neutral replaces the name of the server in the ways in which pages and requests write it.
func neutral(text, base string) string {
	for _, written := range []string{base, url.QueryEscape(base), strings.ReplaceAll(base, "/", `\/`), strings.TrimPrefix(base, "http://")} {
		text = strings.ReplaceAll(text, written, "BASE")
	}
	return text
}

// echo is a WebSocket that sends the first message back. A short message is one frame.
func echo(w http.ResponseWriter, r *http.Request) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	if text, err := frame(rw.Reader); err == nil {
		_, _ = conn.Write(append([]byte{0x81, byte(len(text))}, text...))
		_, _ = frame(rw.Reader) // until the page goes away
	}
}

func frame(r *bufio.Reader) ([]byte, error) {
	head := make([]byte, 6) // with the mask
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	text := make([]byte, head[1]&0x7f)
	_, err := io.ReadFull(r, text)
	for i := range text {
		text[i] ^= head[2+i%4]
	}
	return text, err
}
