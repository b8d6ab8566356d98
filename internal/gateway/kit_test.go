package gateway_test

import (
	"context"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/pow"
)

// world is an app behind a gateway, over real connections, with a clock of its own.
type world struct {
	t       testing.TB
	url     string // of the gateway
	handler http.Handler
	app     func(w http.ResponseWriter, r *http.Request)

	mu        sync.Mutex
	now       time.Time
	got       []request // requests that reached the app
	decisions []palisade.Decision
}

type request struct {
	method, target, host, body string
	header                     http.Header
}

var key = []byte("k1-0123456789abcdef0123456789abcdef")

func newWorld(t testing.TB, change ...func(*gateway.Config, *gateway.Site)) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(rw, signupPage)
	}
	app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.mu.Lock()
		w.got = append(w.got, request{r.Method, r.RequestURI, r.Host, string(body), r.Header.Clone()})
		w.mu.Unlock()
		w.app(rw, r)
	}))
	t.Cleanup(app.Close)
	upstream, _ := url.Parse(app.URL)
	site := gateway.Site{Host: "localhost", AnyHost: true, Upstream: upstream, Keys: palisade.Keys{Current: key}, Forms: []gateway.Form{{
		FormConfig: palisade.FormConfig{Name: "signup", Ask: palisade.WhenRisky, Limits: []palisade.Limit{}},
		Routes:     patterns(t, "POST /signup"),
	}}}
	config := gateway.Config{
		ClientIP: clientip.RemoteAddr(), Logger: slog.New(slog.DiscardHandler), Clock: w.clock,
		Events: palisade.Decisions(func(_ context.Context, d palisade.Decision) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.decisions = append(w.decisions, d)
		}),
	}
	for _, c := range change {
		c(&config, &site)
	}
	if config.Sites == nil {
		config.Sites = []gateway.Site{site}
	}
	g, err := gateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	w.handler = g
	front := httptest.NewServer(g)
	t.Cleanup(front.Close)
	w.url = front.URL
	return w
}

const signupPage = `<!doctype html><title>Sign up</title><form method="post" action="/signup"><input name="user"><button>Go</button></form>`

func patterns(t testing.TB, texts ...string) (list []route.Pattern) {
	t.Helper()
	for _, text := range texts {
		p, err := route.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) wait(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// last returns the newest request that reached the app, and the number of all of them.
func (w *world) last() (request, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.got) == 0 {
		return request{}, 0
	}
	return w.got[len(w.got)-1], len(w.got)
}

// posts returns the number of requests with an unsafe method that reached the app.
func (w *world) posts() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.got {
		if !route.Safe(r.method) {
			n++
		}
	}
	return n
}

func (w *world) reason() palisade.Reason {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.decisions) == 0 {
		return ""
	}
	return w.decisions[len(w.decisions)-1].Reason
}

// answer is the answer that a client received.
type answer struct {
	status int
	header http.Header
	body   string
}

const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"

// send sends a request as a browser does.
func (w *world) send(method, target, kind, body string, change ...func(*http.Request)) answer {
	w.t.Helper()
	r, err := http.NewRequest(method, w.url+target, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("User-Agent", agent)
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Origin", w.url)
	}
	for _, c := range change {
		c(r)
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(got)}
}

// transport neither decompresses answers nor follows redirects.
var transport = &http.Transport{DisableCompression: true}

func (w *world) get(target string, change ...func(*http.Request)) answer {
	w.t.Helper()
	return w.send("GET", target, "", "", change...)
}

const urlencoded = "application/x-www-form-urlencoded"

func (w *world) post(target string, v url.Values, change ...func(*http.Request)) answer {
	w.t.Helper()
	return w.send("POST", target, urlencoded, v.Encode(), change...)
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

var (
	inputs     = regexp.MustCompile(`<input[^>]* name="(palisade-[^"]*|[a-z]+_[^"]*)"[^>]* value="([^"]*)"`)
	challenges = regexp.MustCompile(` data-palisade-challenge="([^"]*)"`)
)

// solve reads the library's fields from a page and makes the proof.
func (w *world) solve(page string) url.Values {
	w.t.Helper()
	v := url.Values{}
	for _, m := range inputs.FindAllStringSubmatch(page, -1) {
		v.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	m := challenges.FindStringSubmatch(page)
	if m == nil || v.Get("palisade-ticket") == "" {
		w.t.Fatalf("no ticket and challenge in the page:\n%s", page)
	}
	proof, err := pow.Solve(context.Background(), []byte(html.UnescapeString(m[1])))
	if err != nil {
		w.t.Fatal(err)
	}
	v.Set("palisade-proof", proof)
	return v
}

func newLogger(to io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(to, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
