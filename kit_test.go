package palisade_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/event"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/signal"
)

// site is an app with one protected form, on a clock of its own.
type site struct {
	t       testing.TB
	guard   *palisade.Guard
	form    *palisade.Form
	handler http.Handler
	effects atomic.Int64

	mu        sync.Mutex
	now       time.Time
	decisions []palisade.Decision
	events    []event.Event
	log       bytes.Buffer
}

var (
	key1 = []byte("k1-0123456789abcdef0123456789abcdef")
	key2 = []byte("k2-0123456789abcdef0123456789abcdef")
)

// newSite returns a site whose form has no limits, unless the options say so.
func newSite(t testing.TB, options ...func(*palisade.Config, *palisade.FormConfig)) *site {
	t.Helper()
	s := &site{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	config := palisade.Config{
		Keys:     palisade.Keys{Current: key1},
		ClientIP: clientip.RemoteAddr(),
		Site:     "example.com",
		Clock:    s.clock,
		Logger:   slog.New(slog.NewJSONHandler(lockedWriter{s}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Events: func(_ context.Context, e event.Event) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.events = append(s.events, e)
			if d, is := e.(palisade.Decision); is {
				s.decisions = append(s.decisions, d)
			}
		},
	}
	form := palisade.FormConfig{Name: "signup", Ask: palisade.WhenRisky, Limits: []palisade.Limit{}}
	for _, option := range options {
		option(&config, &form)
	}
	var err error
	if s.guard, err = palisade.New(config); err != nil {
		t.Fatal(err)
	}
	if err := palisade.CheapProofs(s.guard); err != nil {
		t.Fatal(err)
	}
	if s.form, err = s.guard.Form(form); err != nil {
		t.Fatal(err)
	}
	s.handler = s.form.Handle(s.accept)
	return s
}

type lockedWriter struct{ s *site }

func (w lockedWriter) Write(b []byte) (int, error) {
	w.s.mu.Lock()
	defer w.s.mu.Unlock()
	return w.s.log.Write(b)
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) wait(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// accept is the protected effect.
func (s *site) accept(w http.ResponseWriter, r *http.Request, pass palisade.Pass) {
	if !pass.Valid() {
		s.t.Error("the handler ran with an invalid pass")
	}
	s.effects.Add(1)
	http.Redirect(w, r, "/welcome", http.StatusSeeOther)
}

// last returns the newest decision.
func (s *site) last() palisade.Decision {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.decisions) == 0 {
		return palisade.Decision{}
	}
	return s.decisions[len(s.decisions)-1]
}

// forget drops the decisions so far, for tests that make many.
func (s *site) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decisions, s.events = s.decisions[:0], s.events[:0]
	s.log.Reset()
}

const (
	visitor = "203.0.113.7:40000"
	browser = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0"
)

func fromBrowser(r *http.Request) *http.Request {
	r.RemoteAddr = visitor
	r.Header.Set("User-Agent", browser)
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	r.Header.Set("Accept-Language", "en")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "https://example.com")
	return r
}

// values are the fields of a page's form, in a map for easy tampering.
type values = url.Values

// load opens the form's page as a browser would and returns its fields, with
// the silent proof solved.
func (s *site) load(change ...func(*http.Request)) values {
	s.t.Helper()
	r := fromBrowser(httptest.NewRequest("GET", "/signup", nil))
	for _, c := range change {
		c(r)
	}
	return s.fill(string(s.form.Fields(r)))
}

var (
	inputs       = regexp.MustCompile(`<input[^>]*>`)
	attrName     = regexp.MustCompile(` name="([^"]*)"`)
	attrValue    = regexp.MustCompile(` value="([^"]*)"`)
	dataProof    = regexp.MustCompile(` data-palisade-challenge="([^"]*)"`)
	visibleProof = regexp.MustCompile(` challenge="([^"]*)"`)
)

// fill reads the fields out of markup and solves its challenge.
func (s *site) fill(markup string) values {
	s.t.Helper()
	v := inputsOf(markup)
	m := dataProof.FindStringSubmatch(markup)
	if m == nil {
		m = visibleProof.FindStringSubmatch(markup)
	}
	if m == nil {
		s.t.Fatalf("no challenge in the markup:\n%s", markup)
	}
	v.Set(palisade.FieldProof, reported(solve(s.t, []byte(html.UnescapeString(m[1]))), v.Get(palisade.FieldTicket)))
	return v
}

// reported adds what the page's script reports if it has seen nothing.
func reported(proof, ticket string) string {
	hash := uint32(2166136261) // FNV-1a
	for i := range len(ticket) {
		hash = (hash ^ uint32(ticket[i])) * 16777619
	}
	binding := "0" + strconv.FormatInt(int64(hash%(36*36)), 36)
	return proof + ".1" + strings.Repeat("0", signal.ReportSize-3) + binding[len(binding)-2:]
}

// bare returns the proof in fields, without the report.
func bare(v values) string {
	proof, _, _ := strings.Cut(v.Get(palisade.FieldProof), ".")
	return proof
}

// inputsOf returns the fields in markup.
func inputsOf(markup string) values {
	v := values{}
	for _, input := range inputs.FindAllString(markup, -1) {
		if name := attrName.FindStringSubmatch(input); name != nil {
			value := ""
			if m := attrValue.FindStringSubmatch(input); m != nil {
				value = html.UnescapeString(m[1])
			}
			v.Add(html.UnescapeString(name[1]), value)
		}
	}
	return v
}

func solve(t testing.TB, challenge []byte) string {
	t.Helper()
	proof, err := pow.Solve(context.Background(), challenge)
	if err != nil {
		t.Fatal(err)
	}
	return proof
}

// typed adds what a person types.
func typed(v values) values {
	v.Set("username", "ada")
	v.Set("email", "ada@example.org")
	return v
}

// post submits fields as a browser does.
func (s *site) post(v values, change ...func(*http.Request)) *httptest.ResponseRecorder {
	return s.postBody("application/x-www-form-urlencoded", v.Encode(), change...)
}

func (s *site) postBody(kind, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := fromBrowser(httptest.NewRequest("POST", "/signup", strings.NewReader(body)))
	r.Header.Set("Content-Type", kind)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func from(addr string) func(*http.Request) {
	return func(r *http.Request) { r.RemoteAddr = addr }
}

// expect checks one answer and the number of effects so far.
func (s *site) expect(w *httptest.ResponseRecorder, status int, why palisade.Reason, effects int64) {
	s.t.Helper()
	if d := s.last(); w.Code != status || d.Reason != why {
		s.t.Errorf("status %d because %q %v, want %d because %q", w.Code, d.Reason, d.Findings, status, why)
	}
	if got := s.effects.Load(); got != effects {
		s.t.Errorf("%d effects, want %d", got, effects)
	}
}

// problem reads an answer for programs.
func problem(t testing.TB, w *httptest.ResponseRecorder) (p struct {
	Title     string
	Status    int
	ID        string
	Challenge *palisade.Offer
}) {
	t.Helper()
	if kind := w.Header().Get("Content-Type"); kind != "application/problem+json" {
		t.Fatalf("content type %q, want application/problem+json; body %s", kind, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return p
}

// multipartBody encodes fields, and a file where file names one.
func multipartBody(v values, file string) (kind, body string) {
	const boundary = "----stakes"
	var b strings.Builder
	for name, list := range v {
		for _, value := range list {
			fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", boundary, name, value)
		}
	}
	if file != "" {
		fmt.Fprintf(&b, "--%s\r\nContent-Disposition: form-data; name=%q; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n", boundary, file)
	}
	io.WriteString(&b, "--"+boundary+"--\r\n")
	return "multipart/form-data; boundary=" + boundary, b.String()
}
