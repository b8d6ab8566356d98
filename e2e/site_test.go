package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/e2e/apps"
)

// site is an app with protected forms, on the real library. A test may change the parts of
// its pages before it opens them.
type site struct {
	t    *testing.T
	url  string
	form map[string]*palisade.Form

	csp      string                      // of the form's page; NONCE stands for the nonce
	markup   string                      // of the page; FIELDS stands for the form's fields, FIELDS:name for those of another form
	script   string                      // of the page, in a file of its own
	cached   bool                        // the page is one that may be cached: no ticket in it
	wait     time.Duration               // told to the page instead of the library's value
	refuse   func(r *http.Request) bool  // requests that the server drops
	instead  func(w http.ResponseWriter) // writes the page instead
	answers  func(w http.ResponseWriter, r *http.Request)
	provider func(w http.ResponseWriter) // writes the script of a third-party captcha

	mu        sync.Mutex
	now       time.Duration // added to the clock
	step      time.Duration // added to the clock at each reading
	effects   []url.Values  // values of each call of the protected handler
	decisions []palisade.Decision
	tickets   []string // sent to a protected route, accepted or not
	fetched   int      // tickets that pages fetched
}

// signup is the form of most tests.
const signup = `<form id="f" method="post" action="/signup" aria-label="Sign up">
<p><label>Name <input name="username" autocomplete="username"></label></p>
<p><label>E-mail <input name="email" type="email"></label></p>
<p><label>About you <textarea name="about"></textarea></label></p>
FIELDS
<p><button id="send">Sign up</button></p>
</form>`

// newSite returns a site with the forms signup and other. Neither has a minimum time or
// limits, unless the options set them.
func newSite(t *testing.T, options ...func(*palisade.Config, *palisade.FormConfig)) *site {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	s := &site{t: t, url: "http://" + server.Listener.Addr().String(), markup: signup, form: make(map[string]*palisade.Form)}
	config := palisade.Config{
		Keys:     palisade.Keys{Current: []byte("e2e-0123456789abcdef0123456789abcdef")},
		ClientIP: clientip.RemoteAddr(),
		Site:     server.Listener.Addr().String(),
		Clock:    s.clock,
		Signals:  apps.Observed(),
		Logger:   slog.New(slog.DiscardHandler),
		Events:   palisade.Decisions(s.observe),
	}
	form := palisade.FormConfig{Ask: palisade.WhenRisky, MinFill: -1, Limits: []palisade.Limit{}}
	for _, option := range options {
		option(&config, &form)
	}
	guard, err := palisade.New(config)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	for _, name := range []string{"signup", "other"} {
		form.Name = name
		if s.form[name], err = guard.Form(form); err != nil {
			t.Fatal(err)
		}
		mux.Handle("POST /"+name, s.note(s.form[name].Protect(http.HandlerFunc(s.accept))))
	}
	mux.HandleFunc("/.palisade/", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.palisade/ticket" {
			s.mu.Lock()
			s.fetched++
			s.mu.Unlock()
		}
		guard.Handler().ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /page.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, s.script)
	})
	mux.HandleFunc("GET /welcome", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Welcome</title><h1>Welcome</h1>`)
	})
	mux.HandleFunc("GET /provider.js", func(w http.ResponseWriter, _ *http.Request) { s.provider(w) })
	mux.HandleFunc("POST /open", func(w http.ResponseWriter, r *http.Request) { // not protected
		s.accept(w, r)
	})
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.refuse != nil && s.refuse(r) {
			panic(http.ErrAbortHandler)
		}
		mux.ServeHTTP(w, r)
	})
	server.Start()
	t.Cleanup(server.Close)
	return s
}

func (s *site) page(w http.ResponseWriter, r *http.Request) {
	if s.instead != nil {
		s.instead(w)
		return
	}
	nonce := "bm9uY2U="
	if strings.Contains(s.csp, "NONCE") {
		r = r.WithContext(palisade.WithNonce(r.Context(), nonce))
	}
	if s.csp != "" {
		w.Header().Set("Content-Security-Policy", strings.ReplaceAll(s.csp, "NONCE", "'nonce-"+nonce+"'"))
	}
	fields := func(name string) string {
		if s.cached {
			return string(s.form[name].CachedFields())
		}
		fields := string(s.form[name].Fields(r))
		if s.wait > 0 {
			fields = strings.Replace(fields, `<div class="palisade"`, fmt.Sprintf(`<div class="palisade" data-palisade-wait="%d"`, s.wait.Milliseconds()), 1)
		}
		return fields
	}
	body := strings.ReplaceAll(s.markup, "FIELDS:other", fields("other"))
	body = strings.ReplaceAll(body, "FIELDS", fields("signup"))
	fmt.Fprintf(w, `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">`+
		`<title>Form</title></head><body><main><h1>Form</h1>%s</main>`, body)
	if s.script != "" {
		fmt.Fprintf(w, `<script src="/page.js" nonce="%s"></script>`, template.HTMLEscapeString(nonce))
	}
	fmt.Fprint(w, `</body></html>`)
}

// note records the tickets of submissions.
func (s *site) note(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		values, _ := url.ParseQuery(string(body))
		s.mu.Lock()
		s.tickets = append(s.tickets, values.Get(palisade.FieldTicket))
		s.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// until waits until a condition on the site is true.
func (s *site) until(condition func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		s.mu.Lock()
		yes := condition()
		s.mu.Unlock()
		if yes {
			return
		}
	}
	s.t.Fatal("it never happened on the server")
}

// accept is the protected effect.
func (s *site) accept(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		_ = r.ParseForm()
	}
	s.mu.Lock()
	values := url.Values{"path": {r.URL.RequestURI()}}
	for name, value := range r.PostForm {
		values[name] = value
	}
	if r.MultipartForm != nil {
		for name, files := range r.MultipartForm.File {
			values[name] = []string{"file:" + files[0].Filename}
		}
	}
	s.effects = append(s.effects, values)
	s.mu.Unlock()
	if s.answers != nil {
		s.answers(w, r)
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "json") {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"ok":true}`)
		return
	}
	http.Redirect(w, r, "/welcome", http.StatusSeeOther)
}

func (s *site) observe(_ context.Context, d palisade.Decision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.decisions = append(s.decisions, d)
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now += s.step
	return time.Now().Add(s.now)
}

func (s *site) ahead(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now += d
}

// done returns the values of all calls of the protected handler so far.
func (s *site) done() []url.Values {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]url.Values(nil), s.effects...)
}

// outcomes lists the decisions so far, as "challenge proof-missing, allow clean".
func (s *site) outcomes() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, d := range s.decisions {
		all = append(all, d.Outcome.String()+" "+string(d.Reason))
	}
	return strings.Join(all, ", ")
}

// expect checks the number of effects, and that the decisions were these.
func (s *site) expect(effects int, outcomes string) {
	s.t.Helper()
	if got := len(s.done()); got != effects {
		s.t.Errorf("the handler ran %d times, want %d; decisions: %s", got, effects, s.outcomes())
	}
	if got := s.outcomes(); got != outcomes {
		s.t.Errorf("decisions %q, want %q", got, outcomes)
	}
}

// expectTyped checks that the last effect has the values that a person typed.
func (s *site) expectTyped(want map[string]string) {
	s.t.Helper()
	effects := s.done()
	if len(effects) == 0 {
		s.t.Error("the handler never ran")
		return
	}
	for name, value := range want {
		if got := effects[len(effects)-1][name]; len(got) != 1 || got[0] != value {
			s.t.Errorf("the handler got %s=%q, want %q", name, got, value)
		}
	}
}
