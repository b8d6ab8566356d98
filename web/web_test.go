package web_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/web"
)

const base = "/.palisade/"

// files that pages load, by the name that URL takes.
var files = map[string]string{
	"palisade.js":    "text/javascript; charset=utf-8",
	"palisade.css":   "text/css; charset=utf-8",
	"visible.js":     "text/javascript; charset=utf-8",
	"report.js":      "text/javascript; charset=utf-8",
	"page.js":        "text/javascript; charset=utf-8",
	"page.css":       "text/css; charset=utf-8",
	"altcha.min.js":  "text/javascript; charset=utf-8",
	"altcha.i18n.js": "text/javascript; charset=utf-8",
	"altcha.css":     "text/css; charset=utf-8",
	"altcha.txt":     "text/plain; charset=utf-8",
}

// get sends a request to the handler, with headers as "Name: value".
func get(t *testing.T, method, target string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	w := httptest.NewRecorder()
	web.Handler(base).ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestFilesAreServedForGoodUnderTheHashOfTheirContent(t *testing.T) {
	for name, kind := range files {
		t.Run(name, func(t *testing.T) {
			address := web.URL(base, name)
			answer := get(t, "GET", address)
			raw := body(t, answer)
			sum := sha256.Sum256(raw)
			ext := path.Ext(name)
			if want := base + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:])[:10] + ext; address != want {
				t.Errorf("URL %s, want %s", address, want)
			}
			if answer.StatusCode != http.StatusOK || len(raw) == 0 {
				t.Errorf("status %d with %d bytes", answer.StatusCode, len(raw))
			}
			for header, want := range map[string]string{
				"Content-Type":                 kind,
				"Cache-Control":                "public, max-age=31536000, immutable",
				"Content-Security-Policy":      "default-src 'none'",
				"Cross-Origin-Resource-Policy": "same-origin",
				"X-Content-Type-Options":       "nosniff",
				"Vary":                         "Accept-Encoding",
				"Content-Encoding":             "",
			} {
				if got := answer.Header.Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
		})
	}
}

// A page that was cached before an update uses the old name of the file.
func TestAFileIsServedUnderAnOldHashButNotForGood(t *testing.T) {
	for _, name := range []string{"palisade.0123456789.js", "palisade.js", "altcha.min.0123456789.js"} {
		answer := get(t, "GET", base+name)
		if answer.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d", name, answer.StatusCode)
		}
		if got := answer.Header.Get("Cache-Control"); got != "public, no-cache" {
			t.Errorf("%s: Cache-Control %q", name, got)
		}
	}
}

func TestNothingElseIsServed(t *testing.T) {
	for _, target := range []string{
		base, base + "x", base + "static/palisade.js", base + "altcha/SOURCE", base + "SOURCE", base + "palisade.js.gz",
		base + "../palisade.js", base + "palisade.0123456789.css.js", "/palisade.js", "/other" + base + "palisade.js", base + "challenge.html",
	} {
		if got := get(t, "GET", target).StatusCode; got != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", target, got)
		}
	}
	answer := get(t, "POST", web.URL(base, "palisade.js"))
	if answer.StatusCode != http.StatusMethodNotAllowed || answer.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: status %d, Allow %q", answer.StatusCode, answer.Header.Get("Allow"))
	}
	answer = get(t, "HEAD", web.URL(base, "palisade.js"))
	if raw := body(t, answer); answer.StatusCode != http.StatusOK || len(raw) > 0 || answer.Header.Get("Content-Length") == "0" {
		t.Errorf("HEAD: status %d, %d bytes, Content-Length %s", answer.StatusCode, len(raw), answer.Header.Get("Content-Length"))
	}
}

func TestTheClientChoosesTheCoding(t *testing.T) {
	tests := map[string]struct{ accept, want string }{
		"no header":                              {"", ""},
		"a current browser":                      {"gzip, deflate, br, zstd", "br"},
		"gzip alone":                             {"gzip", "gzip"},
		"upper case":                             {"GZIP", "gzip"},
		"brotli refused":                         {"br;q=0, gzip", "gzip"},
		"brotli refused with three zeros":        {"br;q=0.000,gzip;q=0.5", "gzip"},
		"both refused":                           {"br;q=0, gzip;q=0", ""},
		"gzip liked better":                      {"br;q=0.5, gzip;q=0.9", "gzip"},
		"identity liked better":                  {"identity, br;q=0.5", ""},
		"anything":                               {"*", "br"},
		"anything but brotli":                    {"br;q=0, *", "gzip"},
		"nothing named, all refused":             {"*;q=0", ""},
		"not readable":                           {"br;q=x, gzip;q=7", ""},
		"identity refused and nothing we have":   {"identity;q=0, zstd", ""},
		"a coding whose name begins like brotli": {"brotli", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if test.accept != "" {
				headers = []string{"Accept-Encoding: " + test.accept}
			}
			answer := get(t, "GET", web.URL(base, "altcha.min.js"), headers...)
			if got := answer.Header.Get("Content-Encoding"); got != test.want {
				t.Errorf("Content-Encoding %q, want %q", got, test.want)
			}
		})
	}
}

// The law: a refused coding is never sent.
func FuzzARefusedCodingIsNeverSent(f *testing.F) {
	f.Add("gzip, deflate, br")
	f.Add(" GZIP ;q=1,br; q=0")
	f.Add("*,;q=1,,;;")
	f.Fuzz(func(t *testing.T, accept string) {
		for coding, other := range map[string]string{"br": "gzip", "gzip": "br"} {
			// The first element for a coding counts.
			answer := get(t, "GET", web.URL(base, "palisade.js"), "Accept-Encoding: "+coding+";q=0,"+accept)
			if got := answer.Header.Get("Content-Encoding"); got != "" && got != other {
				t.Errorf("%q was sent where %s was refused in %q", got, coding, accept)
			}
		}
	})
}

func TestAFileThatTheClientHasIsNotSentAgain(t *testing.T) {
	address := web.URL(base, "palisade.js")
	tag := get(t, "GET", address, "Accept-Encoding: br").Header.Get("ETag")
	if plain := get(t, "GET", address).Header.Get("ETag"); tag == plain || tag == "" {
		t.Errorf("two codings share the tag %s", tag)
	}
	for header, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, strings.Trim(tag, `"`): 200} {
		answer := get(t, "GET", address, "Accept-Encoding: br", "If-None-Match: "+header)
		if answer.StatusCode != want {
			t.Errorf("If-None-Match %s: status %d, want %d", header, answer.StatusCode, want)
		}
		if want == 304 && len(body(t, answer)) > 0 {
			t.Errorf("If-None-Match %s: 304 with a body", header)
		}
	}
}

// The same test for brotli is in e2e, because the standard library has no brotli.
func TestWhatIsCompressedIsTheFile(t *testing.T) {
	for name := range files {
		address := web.URL(base, name)
		raw := body(t, get(t, "GET", address))
		packed := get(t, "GET", address, "Accept-Encoding: gzip")
		if packed.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%s is not compressed; run go generate", name)
			continue
		}
		reader, err := gzip.NewReader(packed.Body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := io.ReadAll(reader); err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%s: the compressed content differs from the file; run go generate (%v)", name, err)
		}
		if answer := get(t, "GET", address, "Accept-Encoding: br"); answer.Header.Get("Content-Encoding") != "br" || len(body(t, answer)) >= len(raw) {
			t.Errorf("%s is not compressed with brotli; run go generate", name)
		}
	}
}

// A page loads these before the visitor does anything.
func TestScriptsAreSmall(t *testing.T) {
	for name, most := range map[string]int{"palisade.js": 9000, "report.js": 3000} {
		if size := len(body(t, get(t, "GET", web.URL(base, name), "Accept-Encoding: gzip"))); size > most {
			t.Errorf("%s has %d bytes in gzip, want %d at most", name, size, most)
		}
	}
}

var loaded = regexp.MustCompile(`[\w.]+\.[0-9a-f]{10}\.(js|css)`)

func TestScriptsLoadFilesUnderTheNamesThatTheyHave(t *testing.T) {
	seen := 0
	for _, script := range []string{"palisade.js", "visible.js", "report.js", "page.js"} {
		for _, name := range loaded.FindAllString(string(body(t, get(t, "GET", web.URL(base, script)))), -1) {
			seen++
			name = strings.TrimPrefix(name, ".")
			if got := get(t, "GET", base+name).Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
				t.Errorf("%s loads %s, which is not its name now; run go generate", script, name)
			}
		}
	}
	if seen < 4 {
		t.Errorf("only %d names found in the scripts", seen)
	}
}

// The scripts work under a strict CSP, because they do nothing that a policy forbids.
func TestScriptsDoNothingThatAPolicyForbids(t *testing.T) {
	for _, script := range []string{"palisade.js", "visible.js", "report.js", "page.js"} {
		source := string(body(t, get(t, "GET", web.URL(base, script))))
		for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", ".style.cssText", "new Worker"} {
			if strings.Contains(source, sink) {
				t.Errorf("%s uses %s", script, sink)
			}
		}
	}
}

var pinned = regexp.MustCompile(`(?m)^([0-9a-f]{64})  (\S+)  \S+$`)

func TestTheWidgetIsUnmodified(t *testing.T) {
	source, err := os.ReadFile("static/altcha/SOURCE")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"SOURCE": true}
	for _, line := range pinned.FindAllStringSubmatch(string(source), -1) {
		known[line[2]], known[line[2]+".gz"], known[line[2]+".br"] = true, true, true
		raw, err := os.ReadFile(filepath.Join("static/altcha", line[2]))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != line[1] {
			t.Errorf("%s is not the file that SOURCE says", line[2])
		}
	}
	entries, err := os.ReadDir("static/altcha")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			t.Errorf("SOURCE does not say where %s is from", entry.Name())
		}
	}
	if len(known) < 10 {
		t.Errorf("SOURCE names only %d files", len(known)/3)
	}
}

func BenchmarkHandler(b *testing.B) {
	handler, address := web.Handler(base), web.URL(base, "palisade.js")
	r := httptest.NewRequest("GET", address, nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	b.ReportAllocs()
	for b.Loop() {
		handler.ServeHTTP(discard{http.Header{}}, r)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
