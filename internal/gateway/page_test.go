package gateway_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
)

// page has the app answer with headers, in pairs, and a body.
func (w *world) page(body string, headers ...string) {
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		for i := 0; i < len(headers); i += 2 {
			rw.Header().Set(headers[i], headers[i+1])
		}
		if rw.Header().Get("Etag") != "" && r.Header.Get("If-None-Match") == rw.Header().Get("Etag") {
			rw.WriteHeader(http.StatusNotModified)
			return
		}
		io.WriteString(rw, body)
	}
}

func hasTicket(body string) bool { return strings.Contains(body, `name="palisade-ticket" value="Aw`) }
func hasFields(body string) bool { return strings.Contains(body, `name="palisade-ticket"`) }

func TestWhichPagesHoldATicket(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name    string
		headers []string
		ticket  bool
		control string // Cache-Control of the answer
	}{
		{"one that says nothing", nil, true, "private, no-cache"},
		{"one that is not to be stored", []string{"Cache-Control", "no-store"}, true, "no-store"},
		{"a private one", []string{"Cache-Control", "private, max-age=60"}, true, "private, no-cache"},
		{"a private one with a validator, as of Rails", []string{"Cache-Control", "max-age=0, private, must-revalidate", "Etag", `W/"x"`}, true, "private, no-cache"},
		{"one to be asked for each time, as of WordPress's admin", []string{"Cache-Control", "no-cache, must-revalidate, max-age=0", "Expires", "Wed, 11 Jan 1984 05:00:00 GMT"}, true, "private, no-cache"},
		{"one to be asked for each time, with a validator", []string{"Cache-Control", "no-cache, max-age=0", "Etag", `"x"`}, false, "no-cache, max-age=0"},
		{"one whose cookie alone is to be asked for", []string{"Cache-Control", `no-cache="set-cookie", max-age=60`}, false, `no-cache="set-cookie", max-age=60`},
		{"one to be asked for each time, for shared caches", []string{"Cache-Control", "no-cache, public"}, false, "no-cache, public"},
		{"one to be asked for each time, and in CDNs not", []string{"Cache-Control", "no-cache, max-age=0", "CDN-Cache-Control", "max-age=60"}, false, "no-cache, max-age=0"},
		{"a public one", []string{"Cache-Control", "public"}, false, "public"},
		{"one for shared caches", []string{"Cache-Control", "s-maxage=60"}, false, "s-maxage=60"},
		{"one with an age to reach", []string{"Cache-Control", "max-age=60"}, false, "max-age=60"},
		{"one with an entity tag alone, as of Express", []string{"Etag", `"x"`}, true, "private, no-cache"},
		{"one with a date", []string{"Last-Modified", "Mon, 23 Nov 2026 12:00:00 GMT"}, false, ""},
		{"one that comes out of a cache", []string{"Age", "0"}, false, ""},

		{"one for the caches of CDNs", []string{"CDN-Cache-Control", "max-age=60"}, false, ""},
		{"one for CDNs that no other cache stores", []string{"Cache-Control", "no-store", "CDN-Cache-Control", "public, max-age=60"}, false, "no-store"},
		{"a private one that CDNs may share all the same", []string{"Cache-Control", "private", "CDN-Cache-Control", "max-age=60"}, false, "private"},
		{"one for Cloudflare", []string{"Cloudflare-CDN-Cache-Control", "max-age=60"}, false, ""},
		{"one for Vercel", []string{"Cache-Control", "private", "Vercel-CDN-Cache-Control", "s-maxage=60"}, false, "private"},
		{"one for Netlify", []string{"Netlify-CDN-Cache-Control", "public, durable, max-age=60"}, false, ""},
		{"one for LiteSpeed", []string{"Cache-Control", "no-store", "X-LiteSpeed-Cache-Control", "public,max-age=60"}, false, "no-store"},
		{"one for a vendor that does not exist yet", []string{"Nobody-Cache-Control", "max-age=60"}, false, ""},
		{"one for surrogates", []string{"Cache-Control", "no-store", "Surrogate-Control", "max-age=60"}, false, "no-store"},
		{"one for one surrogate alone", []string{"Surrogate-Control", "no-store;other, max-age=60;this"}, false, ""},
		{"one for Akamai, against no-store", []string{"Cache-Control", "no-store", "Edge-Control", "!no-store, max-age=60"}, false, "no-store"},
		{"one for nginx", []string{"Cache-Control", "private", "X-Accel-Expires", "60"}, false, "private"},
		{"one for nginx until a time", []string{"X-Accel-Expires", "@4102444800"}, false, ""},
		{"one for Varnish", []string{"Cache-Control", "private", "X-Reverse-Proxy-TTL", "60"}, false, "private"},
		{"one that CDNs may show when it is stale", []string{"CDN-Cache-Control", "max-age=0, stale-while-revalidate=60"}, false, ""},
		{"one with a lifetime for shared caches alone", []string{"CDN-Cache-Control", "max-age=0, s-maxage=60"}, false, ""},

		{"one that CDNs must not store", []string{"CDN-Cache-Control", "no-store"}, true, "private, no-cache"},
		{"one that CDNs keep for one visitor", []string{"X-LiteSpeed-Cache-Control", "private, max-age=60"}, true, "private, no-cache"},
		{"one that surrogates must revalidate", []string{"Surrogate-Control", "no-cache"}, true, "private, no-cache"},
		{"one without a lifetime in CDNs", []string{"CDN-Cache-Control", "max-age=0, must-revalidate"}, true, "private, no-cache"},
		{"one that nginx must not keep", []string{"X-Accel-Expires", "0"}, true, "private, no-cache"},
		{"one with a value that nginx ignores", []string{"X-Accel-Expires", "off"}, true, "private, no-cache"},
		{"one that has a tag to be purged by", []string{"Surrogate-Key", "a b", "Cache-Tag", "a", "X-DNS-Prefetch-Control", "off"}, true, "private, no-cache"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.page(signupPage, test.headers...)
			a, b := w.get("/signup"), w.get("/signup")
			if hasTicket(a.body) != test.ticket || !hasFields(a.body) {
				t.Errorf("ticket %v, want %v:\n%s", hasTicket(a.body), test.ticket, a.body)
			}
			if same := a.body == b.body; same == test.ticket {
				t.Errorf("two visitors get the same page: %v", same)
			}
			if got := a.header.Get("Cache-Control"); got != test.control {
				t.Errorf("Cache-Control %q, want %q", got, test.control)
			}
			if test.ticket && (a.header.Get("Etag") != "" || a.header.Get("Last-Modified") != "") {
				t.Errorf("a page with a ticket can be found unchanged later: %v", a.header)
			}
			if a.header.Get("X-DNS-Prefetch-Control") != "" != slices.Contains(test.headers, "X-DNS-Prefetch-Control") {
				t.Errorf("a header that is not for caches was removed: %v", a.header)
			}
			for i := 0; i < len(test.headers); i += 2 {
				name, said := test.headers[i], test.headers[i+1]
				toCaches := strings.HasSuffix(name, "-Cache-Control") || slices.Contains([]string{"Surrogate-Control", "Edge-Control", "X-Accel-Expires", "X-Reverse-Proxy-TTL"}, name)
				if left := a.header.Get(name); toCaches && test.ticket && left != "" && left != "no-store" && left != "0" {
					t.Errorf("a page with a ticket says %s: %s", name, left)
				} else if toCaches && !test.ticket && left != said {
					t.Errorf("a page without a ticket lost %s: %s", name, said)
				}
			}
		})
	}
}

func TestAnswersThatAreNoPagesPassByteForByte(t *testing.T) {
	w := newWorld(t)
	page := signupPage + "\xff\x00"
	for _, test := range []struct {
		name, method string
		headers      []string
		change       func(*http.Request)
	}{
		{"another content type", "GET", []string{"Content-Type", "text/plain"}, nil},
		{"XML", "GET", []string{"Content-Type", "application/xhtml+xml"}, nil},
		{"a page for download", "GET", []string{"Content-Disposition", `Attachment; filename="a.html"`}, nil},
		{"an encoding that was not asked for", "GET", []string{"Content-Encoding", "br"}, nil},
		{"a charset in which tags may be text", "GET", []string{"Content-Type", "text/html; charset=iso-2022-jp"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.page(page, test.headers...)
			if a := w.get("/signup"); a.body != page {
				t.Errorf("%q", a.body)
			}
		})
	}
}

func TestPageThatDidNotChange(t *testing.T) {
	w := newWorld(t)
	w.page(signupPage, "Etag", `"x"`, "Last-Modified", "Mon, 23 Nov 2026 12:00:00 GMT") // one that a shared cache may keep
	a := w.get("/signup")
	if tag := a.header.Get("Etag"); tag != `W/"x"` {
		t.Errorf("the tag of a page that was added to is %s: it must be weak", tag)
	}
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") == `W/"x"` {
			rw.Header().Set("Content-Type", "text/html")
			rw.Header().Set("Etag", `"x"`)
			rw.WriteHeader(http.StatusNotModified)
		}
	}
	if b := w.get("/signup", header("If-None-Match", `W/"x"`)); b.status != 304 || b.body != "" || b.header.Get("Etag") != `W/"x"` {
		t.Errorf("status %d, %v", b.status, b.header)
	}
}

func TestHeadAndRanges(t *testing.T) {
	w := newWorld(t)
	w.page(signupPage)
	if a := w.send("HEAD", "/signup", "", ""); a.status != 200 || a.body != "" || a.header.Get("Content-Length") != "" {
		t.Errorf("HEAD promises a length that GET does not keep: %v", a.header)
	}
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		rw.Header().Set("Content-Range", "bytes 0-9/200")
		rw.WriteHeader(http.StatusPartialContent)
		io.WriteString(rw, signupPage[:10])
	}
	if a := w.get("/signup", header("Range", "bytes=0-9")); a.status != 206 || a.body != signupPage[:10] {
		t.Errorf("a part of a page is %d %q", a.status, a.body)
	}
	w.page(signupPage, "Accept-Ranges", "bytes", "Etag", `"x"`)
	if a := w.get("/signup"); a.header.Get("Accept-Ranges") != "" {
		t.Error("parts of a page that was added to do not fit those of the app's")
	}
}

// cache is a small caching proxy that follows RFC 9111 as far as the tests need it.
type cache struct {
	transport http.RoundTripper
	bodies    map[string][]byte
}

func (c *cache) get(t *testing.T, url string) string {
	if body, found := c.bodies[url]; found {
		return string(body)
	}
	r, _ := http.NewRequest("GET", url, nil)
	resp, err := c.transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	control := cmp.Or(resp.Header.Get("CDN-Cache-Control"), resp.Header.Get("Cache-Control")) // RFC 9213, 2.2
	if !strings.Contains(control, "private") && !strings.Contains(control, "no-store") && !strings.Contains(control, "no-cache") {
		c.bodies[url] = body // a heuristic lifetime, which RFC 9111, 4.2.2 allows
	}
	return string(body)
}

func TestNoTwoVisitorsShareATicketThroughACache(t *testing.T) {
	w := newWorld(t)
	for name, headers := range map[string][]string{
		"a page that says nothing": nil, "a public page": {"Cache-Control", "public, max-age=60"}, "a page with a date": {"Last-Modified", "Mon, 23 Nov 2026 12:00:00 GMT"},
		"a page for a CDN": {"Cache-Control", "no-store", "CDN-Cache-Control", "max-age=60"},
	} {
		w.page(signupPage, headers...)
		c := &cache{transport: transport, bodies: make(map[string][]byte)}
		one, two := c.get(t, w.url+"/signup"), c.get(t, w.url+"/signup")
		if hasTicket(one) && one == two {
			t.Errorf("%s: two visitors got one ticket", name)
		}
	}
}

func TestCompressedPagesAreUnpackedAndPackedAgain(t *testing.T) {
	w := newWorld(t)
	asked := ""
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("Accept-Encoding")
		rw.Header().Set("Content-Type", "text/html")
		body := []byte(signupPage)
		if asked == "gzip" {
			rw.Header().Set("Content-Encoding", "gzip")
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			z.Write(body)
			z.Close()
			body = b.Bytes()
		}
		if r.URL.Query().Has("bit-by-bit") {
			for i := range body {
				rw.Write(body[i : i+1])
				rw.(http.Flusher).Flush()
			}
			return
		}
		rw.Write(body)
	}
	for _, test := range []struct {
		accept, asked string
		packed        bool
	}{
		{"gzip, deflate, br, zstd", "gzip", true}, {"br", "", false}, {"gzip;q=0, br", "", false}, {"identity", "", false}, {"gzip; q=0.5", "gzip", true},
	} {
		for _, target := range []string{"/signup", "/signup?bit-by-bit"} {
			a := w.get(target, header("Accept-Encoding", test.accept))
			if asked != test.asked || (a.header.Get("Content-Encoding") == "gzip") != test.packed {
				t.Fatalf("%s %s: the app was asked for %q, the answer is %v", test.accept, target, asked, a.header)
			}
			if test.packed {
				z, err := gzip.NewReader(strings.NewReader(a.body))
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(z)
				if err != nil {
					t.Fatal(err)
				}
				a.body = string(text)
			}
			if !hasTicket(a.body) || !strings.HasSuffix(a.body, `<input name="user"><button>Go</button></form>`) {
				t.Errorf("%s %s: %s", test.accept, target, a.body)
			}
		}
	}
}

func TestPageThatComesBitByBitIsNotHeldBack(t *testing.T) {
	w := newWorld(t)
	more := make(chan bool)
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		io.WriteString(rw, "<p>first</p>")
		rw.(http.Flusher).Flush()
		<-more
		io.WriteString(rw, signupPage)
	}
	r, _ := http.NewRequest("GET", w.url+"/signup", nil)
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, len("<p>first</p>"))
	if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "<p>first</p>" {
		t.Fatalf("%q %v", first, err)
	}
	close(more)
	if rest, _ := io.ReadAll(resp.Body); !hasTicket(string(rest)) {
		t.Errorf("%s", rest)
	}
}

func TestLongPagesAreWholeAndShortOnesKeepALength(t *testing.T) {
	w := newWorld(t)
	for _, size := range []int{0, 1, 1000, 40 << 10, 1<<20 + 1, 5 << 20} {
		filler := strings.Repeat("<p>x</p>", size/8)
		w.app = func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/html")
			rw.Header().Set("Content-Length", fmt.Sprint(len(filler)+len(signupPage)))
			io.WriteString(rw, filler+signupPage)
		}
		a := w.get("/signup")
		if !strings.HasPrefix(a.body, filler) || !hasTicket(a.body) || !strings.HasSuffix(a.body, "</form>") {
			t.Errorf("%d bytes: the page is broken", size)
		}
		if known := a.header.Get("Content-Length") != ""; known != (size <= 1<<20) {
			t.Errorf("%d bytes: length %q", size, a.header.Get("Content-Length"))
		}
	}
}

func TestPolicyOfThePageIsKept(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name, policy string
		script       bool
		nonce        string
		decoys       bool
	}{
		{"none", "", true, "", true},
		{"own files", "default-src 'self'", true, "", true},
		{"anything", "default-src *", true, "", true},
		{"a nonce", "script-src 'nonce-abc'; style-src 'self'", true, "abc", true},
		{"a nonce with strict-dynamic", "script-src 'self' 'strict-dynamic' 'nonce-abc'", true, "abc", true},
		{"strict-dynamic alone", "script-src 'self' 'strict-dynamic' 'sha256-x'", false, "", true},
		{"no scripts", "script-src 'none'", false, "", true},
		{"nothing", "default-src 'none'", false, "", false},
		{"no styles", "style-src 'none'", true, "", false},
		{"hashes alone", "script-src 'sha256-x'", false, "", true},
		{"another host", "script-src https://cdn.example", false, "", true},
		{"a sandbox", "sandbox allow-forms", false, "", true},
		{"a sandbox with scripts", "sandbox allow-forms allow-scripts", true, "", true},
		{"two policies, one of which forbids", "script-src 'self', script-src 'none'", false, "", true},
		{"two policies with different nonces", "script-src 'nonce-a', script-src 'nonce-b'", false, "", true},
		{"elements apart", "script-src 'none'; script-src-elem 'self'", true, "", true},
		{"trusted types", "require-trusted-types-for 'script'; trusted-types 'none'", true, "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			headers := []string{}
			if test.policy != "" {
				headers = []string{"Content-Security-Policy", test.policy}
			}
			w.page(signupPage, headers...)
			a := w.get("/signup")
			if a.header.Get("Content-Security-Policy") != test.policy {
				t.Errorf("the policy became %q", a.header.Get("Content-Security-Policy"))
			}
			if !hasTicket(a.body) {
				t.Error("no ticket: its age could not count")
			}
			if got := strings.Contains(a.body, "<script"); got != test.script {
				t.Errorf("script: %v, want %v", got, test.script)
			}
			if got := strings.Contains(a.body, `nonce="`+test.nonce+`"`); test.nonce != "" && !got {
				t.Errorf("the nonce is not used:\n%s", a.body)
			}
			if got := strings.Contains(a.body, "palisade-aside"); got != test.decoys {
				t.Errorf("fields that need hiding: %v, want %v", got, test.decoys)
			}
		})
	}
}

func TestWhichFormsAreGuarded(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Hosts = []string{"named.example"}
		s.Forms = append(s.Forms, gateway.Form{
			FormConfig: palisade.FormConfig{Name: "vote", Ask: palisade.WhenRisky, Limits: []palisade.Limit{}}, Routes: patterns(t, "POST /vote/*"),
		})
	})
	host := strings.TrimPrefix(w.url, "http://")
	for _, test := range []struct{ name, target, page, forms string }{
		{"by its action", "/", `<form method=post action=/signup>`, "signup"},
		{"without an action, on its own page", "/signup", `<form method="POST">`, "signup"},
		{"with an empty action", "/signup?x", `<form method=post action="">`, "signup"},
		{"with a relative action", "/a/b", `<form method=post action="../signup">`, "signup"},
		{"with a query", "/", `<form method=post action="signup?a=1&amp;b#c">`, "signup"},
		{"with the whole address", "/", `<form method=post action="http://` + host + `/signup">`, "signup"},
		{"with an address without scheme", "/", `<form method=post action="//` + host + `/signup">`, "signup"},
		{"below a base", "/", `<base href="/vote/"><form method=post action="7">`, "vote"},
		{"without an action, below a base", "/signup", `<base href="/vote/"><form method=post>`, "signup"},
		{"two of them", "/", `<form method=post action=/signup></form><form method=post action=/vote/1>`, "signup vote"},
		{"a button with another target", "/", `<form method=post action=/open><p><button formaction=/vote/1>`, "vote"},
		{"a button that sends by post", "/", `<form action=/vote/1><input type=submit formmethod=post>`, "vote"},
		{"a button that sends the same, elsewhere", "/", `<form method=post action=/signup><button formaction=/vote/1>`, "signup"},
		{"sent by get", "/", `<form action=/signup>`, ""},
		{"sent to another path", "/", `<form method=post action=/open>`, ""},
		{"with the address of a host that is named", "/", `<form method=post action="https://Named.example:443/signup">`, "signup"},
		{"sent to a host that is not the visitor's", "/", `<form method=post action=https://evil.example/signup>`, ""},
		{"sent to another port of the visitor's host", "/", `<form method=post action=http://127.0.0.1:1/signup>`, ""},
		{"sent elsewhere without a scheme", "/", `<form method=post action=//evil.example/signup>`, ""},
		{"sent elsewhere by a base", "/", `<base href="https://evil.example/"><form method=post action=signup>`, ""},
		{"sent elsewhere by a base, with a path", "/", `<base href="https://evil.example/"><form method=post action=/signup>`, ""},
		{"sent elsewhere by a base with backslashes", "/", `<base href="\\evil.example\"><form method=post action=/signup>`, ""},
		{"below a base without a host", "/", `<base href="data:,a"><base href="/vote/"><form method=post action=signup>`, "signup"},
		{"below a base of another host, with the whole address", "/", `<base href="https://cdn.example/"><form method=post action="http://` + host + `/signup">`, "signup"},
		{"sent elsewhere with backslashes", "/", `<form method=post action="\\evil.example\signup">`, ""},
		{"sent elsewhere by a button", "/", `<form method=post action=/open><button formaction=https://evil.example/signup>`, ""},
		{"sent by another scheme", "/", `<form method=post action="ftp://` + host + `/signup">`, ""},
		{"in a comment", "/", `<!-- <form method=post action=/signup> -->`, ""},
		{"in a script", "/", `<script>"<form method=post action=/signup>"</script>`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.page(test.page)
			body := w.get(test.target).body
			var forms []string
			for _, part := range strings.Split(body, `data-palisade-form="`)[1:] {
				name, _, _ := strings.Cut(part, `"`)
				forms = append(forms, name)
			}
			if got := strings.Join(forms, " "); got != test.forms {
				t.Errorf("guarded: %q, want %q\n%s", got, test.forms, body)
			}
		})
	}
}

func TestWaitIsToldToThePage(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Forms[0].MinFill = 5 * time.Second })
	if body := w.get("/signup").body; !strings.Contains(body, `data-palisade-wait="5000"`) {
		t.Errorf("%s", body)
	}
}

// A page that arrives bit by bit, and a page that answers a submission, are never shared.
func TestAPageWithATicketTellsNoCacheToKeepIt(t *testing.T) {
	w := newWorld(t)
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		rw.Header().Set("CDN-Cache-Control", "max-age=60")
		rw.Header().Set("X-Accel-Expires", "60")
		rw.(http.Flusher).Flush()
		io.WriteString(rw, signupPage)
	}
	if a := w.get("/"); hasTicket(a.body) || a.header.Get("CDN-Cache-Control") == "" {
		t.Errorf("the page is not the same for everybody: %v", a.header)
	}
	if a := w.post("/open", nil); !hasTicket(a.body) || a.header.Get("CDN-Cache-Control")+a.header.Get("X-Accel-Expires") != "" {
		t.Errorf("the answer to a submission can be kept: %v", a.header)
	}
}
