package rig

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// PageSize is the approximate size of the two large pages of the app, in bytes.
const PageSize = 100 << 10

// Pages of the app. The two large ones differ only in the form.
var (
	FormPage  = []byte(head + form("/signup") + foot)
	ShownPage = []byte(head + form("/visible") + foot)
	Page      = []byte(head + cards(PageSize/2) + form("/signup") + cards(PageSize/2) + foot)
	BarePage  = []byte(head + cards(PageSize) + foot)

	zippedPage = zip(Page)
	script     = bytes.Repeat([]byte("export const one = 1; // and so on\n"), 3000)
)

const (
	head = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title><link rel="stylesheet" href="/static/app.css"></head><body>` + "\n"
	foot = "</body></html>\n"
)

func form(action string) string {
	return `<form method="post" action="` + action + `"><label>Name <input name="user"></label><label>E-mail <input name="email" type="email"></label><button>Sign up</button></form>` + "\n"
}

// cards is a list like those of shops, forums and blogs. It has a tag in 30 bytes, like the
// WordPress page in package inject. The guard's work for a page depends on the tags, not on
// the bytes.
func cards(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `<article class="card card-%d mb-4 rounded shadow-sm" id="item-%d">`+"\n"+
			`  <a class="card-link" href="/items/%d?from=list&amp;page=%d"><img class="card-img-top" src="/static/items/%d.jpg" alt="Item %d" width="320" height="240" loading="lazy"></a>`+"\n"+
			`  <h2 class="card-title"><a href="/items/%d">Item number %d</a></h2>`+"\n"+
			`  <p class="card-text">Some words on what it is &mdash; who made it, of what, and for whom &mdash; with a price of <b>%d.95</b> &euro;, and <em>why</em> anybody would want to have it.</p>`+"\n"+
			`  <ul class="list-inline"><li>In stock since Monday</li><li>Ships in %d days</li></ul>`+"\n</article>\n", i%7, i, i, i/20, i, i, i, i, i%90+9, i%5+1)
	}
	return b.String()
}

func zip(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text) // cannot fail: writes to memory
	_ = w.Close()
	return b.Bytes()
}

// App is the app behind the proxies. It does as little as possible: its own time is not
// measured, but slows the measured processes down.
func App() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /small", func(w http.ResponseWriter, _ *http.Request) {
		send(w, "text/plain; charset=utf-8", []byte("hello, world\n"))
	})
	mux.HandleFunc("GET /form", func(w http.ResponseWriter, _ *http.Request) { send(w, htmlType, FormPage) })
	mux.HandleFunc("GET /visible", func(w http.ResponseWriter, _ *http.Request) { send(w, htmlType, ShownPage) })
	mux.HandleFunc("GET /bare", func(w http.ResponseWriter, _ *http.Request) { send(w, htmlType, BarePage) })
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			send(w, htmlType, zippedPage)
			return
		}
		send(w, htmlType, Page)
	})
	mux.HandleFunc("GET /drip", drip)
	mux.HandleFunc("GET /static/app.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		w.Header().Set("Etag", `"1"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(script))
	})
	accept := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // an error means that the visitor has gone away
		}
		w.Header().Set("Location", "/welcome")
		w.WriteHeader(http.StatusSeeOther)
	}
	mux.HandleFunc("POST /signup", accept)
	mux.HandleFunc("POST /visible", accept)
	mux.HandleFunc("POST /act", accept)
	mux.HandleFunc("POST /open", func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return
		}
		send(w, "text/plain", strconv.AppendInt(nil, n, 10))
	})
	return mux
}

const htmlType = "text/html; charset=utf-8"

func send(w http.ResponseWriter, kind string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(body))) // otherwise a long answer is chunked, which apps rarely do
	_, _ = w.Write(body)                                      // the visitor may have gone
}

// drip sends a page in small parts over two seconds.
func drip(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", htmlType)
	for part := range 20 {
		from, to := len(Page)*part/20, len(Page)*(part+1)/20
		if _, err := w.Write(Page[from:to]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
}
