// Package web contains the content for browsers: the script that makes the silent proof,
// the visible step, and the pages that replace an answer of the app.
//
//	mux.Handle("/.palisade/", web.Handler("/.palisade/"))
//	web.URL("/.palisade/", "palisade.js") // "/.palisade/palisade.3fa9c2d1e0.js"
//
// # Files
//
// There is no build step, and nothing comes from a third party. static/ contains the files
// as they are served; the binary contains them, together with compressed copies:
//
//	palisade.js    every protected form: solves in the background, holds a submit
//	palisade.css   hides the decoys
//	fetch.js       pages that send with fetch or XMLHttpRequest, behind the gateway
//	visible.js     the visible step, loaded only when it is needed
//	report.js      what the page sees of browser and visitor, see signal.Report
//	altcha/        the widget of the visible step, unmodified, see altcha/SOURCE
//	page.js, page.css  the challenge page and the notices
//	api.js         the captcha widget for pages of other origins, and
//	frame.js, frame.css  the content of its frame
//
// [Handler] serves them under names that contain a hash of their content, so a browser may
// keep them for a year. After a change, `go generate` writes the hashes into the scripts
// that load others, and compresses the files again. Until then the tests fail.
//
// # Pages
//
// [ChallengePage] asks for one more step and then sends the form again, with all input.
// [Notice] says why there is no way on. Both name the site, give the reason and the next
// step, and link back to a page of the site, see [Back]. Both work under the strict
// policy of [CSP], with a keyboard, a screen reader, on a phone, light and dark, in the
// languages of [Lang]. Neither says which check failed.
//
// Without JavaScript the challenge page can only name the requirements. A code to read or
// to hear will be the next step there; its place is marked in templates/challenge.html.
package web

//go:generate go run ../e2e/pack

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed static
var static embed.FS

// served maps the names of the files to their paths.
var served = map[string]string{
	"palisade.js":    "static/palisade.js",
	"palisade.css":   "static/palisade.css",
	"visible.js":     "static/visible.js",
	"report.js":      "static/report.js",
	"fetch.js":       "static/fetch.js",
	"page.js":        "static/page.js",
	"page.css":       "static/page.css",
	"api.js":         "static/api.js",
	"frame.js":       "static/frame.js",
	"frame.css":      "static/frame.css",
	"altcha.min.js":  "static/altcha/altcha.min.js",
	"altcha.i18n.js": "static/altcha/altcha.i18n.js",
	"altcha.css":     "static/altcha/altcha.css",
	"altcha.txt":     "static/altcha/LICENSE.txt",
}

var kinds = map[string]string{
	".js":  "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".txt": "text/plain; charset=utf-8",
}

// asset is one file that is ready to be sent.
type asset struct {
	kind   string            // content type
	hash   string            // of the content, hashSize characters
	bodies map[string][]byte // by content coding
}

// hashSize is 40 bits: enough to distinguish versions of one file.
const hashSize = 10

// assets are read once, before the first of them is used.
var assets = sync.OnceValue(func() map[string]*asset {
	all := make(map[string]*asset, len(served))
	for name, file := range served {
		raw, _ := static.ReadFile(file) // a test checks that each file exists
		sum := sha256.Sum256(raw)
		a := &asset{
			kind:   kinds[path.Ext(name)],
			hash:   hex.EncodeToString(sum[:])[:hashSize],
			bodies: map[string][]byte{identity: raw},
		}
		for coding, ext := range map[string]string{brotli: ".br", gzip: ".gz"} {
			if packed, err := static.ReadFile(file + ext); err == nil {
				a.bodies[coding] = packed
			}
		}
		all[name] = a
	}
	return all
})

// URL returns the path at which a file, such as "palisade.js", is served under base. The
// result changes with the content.
func URL(base, name string) string {
	a := assets()[name]
	if a == nil {
		return base + name
	}
	ext := path.Ext(name)
	return base + strings.TrimSuffix(name, ext) + "." + a.hash + ext
}

// File returns the content of a file. Do not modify it.
func File(name string) []byte {
	if a := assets()[name]; a != nil {
		return a.bodies[identity]
	}
	return nil
}

// find returns the file with a name. A page that was cached before an update has a name
// with another hash. It gets the current file, but then current is false: the browser must
// not keep the file under that name.
func find(name string) (a *asset, current bool) {
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	hash := strings.TrimPrefix(path.Ext(stem), ".")
	if len(hash) == hashSize {
		if a = assets()[strings.TrimSuffix(stem, "."+hash)+ext]; a != nil {
			return a, a.hash == hash
		}
	}
	return assets()[name], false
}

// Handler serves the files under base, which begins and ends with a slash.
func Handler(base string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, under := strings.CutPrefix(r.URL.Path, base)
		a, current := find(name)
		if !under || a == nil {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
			return
		}
		a.serve(w, r, current)
	})
}

func (a *asset) serve(w http.ResponseWriter, r *http.Request, current bool) {
	coding := negotiate(strings.Join(r.Header["Accept-Encoding"], ","))
	body, packed := a.bodies[coding]
	if !packed {
		coding, body = identity, a.bodies[identity]
	}
	tag := `"` + a.hash + "-" + coding + `"`
	h := w.Header()
	h.Set("Cache-Control", "public, no-cache")
	if current {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Type", a.kind)
	h.Set("Content-Security-Policy", "default-src 'none'") // for a file that is opened as a page
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("ETag", tag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("X-Content-Type-Options", "nosniff")
	if matches(r.Header["If-None-Match"], tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if coding != identity {
		h.Set("Content-Encoding", coding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // an error means that the client has gone away
	}
}

// matches reports whether an If-None-Match header holds the tag.
func matches(lines []string, tag string) bool {
	for candidate := range strings.SplitSeq(strings.Join(lines, ","), ",") {
		candidate = strings.TrimSpace(candidate)
		if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
			return true
		}
	}
	return false
}
