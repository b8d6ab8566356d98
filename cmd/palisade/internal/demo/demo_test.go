package demo_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/demo"
	"github.com/palisade-dev/palisade/cmd/palisade/internal/scraper"
)

// site is a demo with its own clock, called without a network.
type site struct {
	t   *testing.T
	app *demo.App

	mu  sync.Mutex
	now time.Time
}

func newSite(t *testing.T, change ...func(*demo.Config)) *site {
	t.Helper()
	t.Parallel() // solving takes long, above all with the race detector
	s := &site{t: t, now: time.Now()}
	config := demo.Config{
		Site: "demo.example:8080", Hosts: []string{"localhost:8080"},
		ClientIP: clientip.RemoteAddr(), Logger: slog.New(slog.DiscardHandler), Clock: s.clock,
	}
	for _, c := range change {
		c(&config)
	}
	var err error
	if s.app, err = demo.New(config); err != nil {
		t.Fatal(err)
	}
	return s
}

func unprotected(c *demo.Config) { c.Unprotected = true }

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// typing advances the clock by the time that people take to type.
func (s *site) typing() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(2 * demo.MinFill)
}

// do sends a request as a browser does.
func (s *site) do(method, path, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "demo.example:8080"
	r.Header.Set("Accept", "text/html,*/*;q=0.8")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Origin", "http://demo.example:8080")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	s.app.ServeHTTP(w, r)
	return w
}

func (s *site) get(path string) *httptest.ResponseRecorder { return s.do("GET", path, "", "") }

func (s *site) post(path string, fields url.Values) *httptest.ResponseRecorder {
	return s.do("POST", path, "application/x-www-form-urlencoded", fields.Encode())
}

func (s *site) postJSON(fields map[string]string) *httptest.ResponseRecorder {
	body, err := json.Marshal(fields)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do("POST", "/api/submit", "application/json", string(body))
}

// solved reads a form from a page and solves its proof.
func (s *site) solved(w *httptest.ResponseRecorder) *scraper.Form {
	s.t.Helper()
	f, err := scraper.Read(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := f.Solve(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return f
}

// decode reads a JSON answer of a given status.
func decode[T any](t *testing.T, w *httptest.ResponseRecorder, status int) (v T) {
	t.Helper()
	if w.Code != status || !strings.Contains(w.Header().Get("Content-Type"), "json") {
		t.Fatalf("status %d, %s; want %d and JSON: %s", w.Code, w.Header().Get("Content-Type"), status, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}

func (s *site) effects() map[string]int {
	s.t.Helper()
	return decode[map[string]int](s.t, s.get("/effects"), http.StatusOK)
}

// expectEffects checks one form's count, and that no other form has any.
func (s *site) expectEffects(form string, want int) {
	s.t.Helper()
	for name, got := range s.effects() {
		if name == form && got != want || name != form && got != 0 {
			s.t.Errorf("form %s has %d effects", name, got)
		}
	}
}

// A person's submission to each form.
var typed = map[string]url.Values{
	"signup":   {"username": {"ada"}, "email": {"ada@example.org"}},
	"contact":  {"email": {"ada@example.org"}, "message": {"Good morning!"}},
	"comments": {"name": {"Ada"}, "comment": {"Well <b>done</b>."}},
	"vote":     {"option": {"Larch"}},
}

func TestEveryFormCountsWhatItAccepts(t *testing.T) {
	for form, fields := range typed {
		t.Run(form, func(t *testing.T) {
			s := newSite(t)
			s.expectEffects(form, 0)
			f := s.solved(s.get("/" + form))
			s.typing()
			w := s.post("/"+form, f.Filled(fields))
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/"+form+"/done" {
				t.Fatalf("status %d to %q: %s", w.Code, w.Header().Get("Location"), w.Body)
			}
			s.expectEffects(form, 1)
			if w := s.get("/" + form + "/done"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "1 submission so far") {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		})
		t.Run(form+", refused without a ticket", func(t *testing.T) {
			s := newSite(t)
			if w := s.post("/"+form, fields); w.Code != http.StatusForbidden {
				t.Errorf("status %d, want 403", w.Code)
			}
			s.expectEffects(form, 0)
		})
		t.Run(form+", without the guard", func(t *testing.T) {
			s := newSite(t, unprotected)
			if w := s.post("/"+form, fields); w.Code != http.StatusSeeOther {
				t.Errorf("status %d, want 303", w.Code)
			}
			s.expectEffects(form, 1)
		})
	}
}

func TestWhatWasTypedIsKept(t *testing.T) {
	rows := []struct {
		name, form  string
		wrong       url.Values
		says, keeps string
	}{
		{"a taken name", "signup", url.Values{"username": {"Admin"}, "email": {"ada@example.org"}}, "This name is taken", `value="ada@example.org"`},
		{"an address without a dot", "signup", url.Values{"username": {"ada"}, "email": {"ada@example"}}, "needs a dot", `value="ada@example"`},
		{"a display name for an address", "contact", url.Values{"email": {"Ada <ada@example.org>"}, "message": {"Good morning!"}}, "Please give an e-mail address", "Good morning!</textarea>"},
		{"a message of blanks", "contact", url.Values{"email": {"ada@example.org"}, "message": {"   "}}, "Please fill this in", `value="ada@example.org"`},
		{"a comment that is too long", "comments", url.Values{"name": {"Ada"}, "comment": {strings.Repeat("long ", 200)}}, "too long", `value="Ada"`},
		{"a tree that is not on the list", "vote", url.Values{"option": {"Plastic"}}, "choose one of the trees", "Larch"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t, unprotected)
			w := s.post("/"+row.form, row.wrong)
			if w.Code != http.StatusUnprocessableEntity {
				t.Fatalf("status %d, want 422: %s", w.Code, w.Body)
			}
			page := w.Body.String()
			if !strings.Contains(page, row.says) || !strings.Contains(page, row.keeps) {
				t.Errorf("the page does not say %q or does not keep %q:\n%s", row.says, row.keeps, page)
			}
			s.expectEffects(row.form, 0)
		})
	}
}

func TestCorrectedFormIsSentAgainAtOnce(t *testing.T) {
	s := newSite(t)
	f := s.solved(s.get("/signup"))
	s.typing()
	w := s.post("/signup", f.Filled(url.Values{"username": {"admin"}, "email": {"ada@example.org"}}))
	if w.Code != http.StatusUnprocessableEntity {
		t.Fatalf("status %d, want 422: %s", w.Code, w.Body)
	}
	s.expectEffects("signup", 0)
	again := s.solved(w)
	if got := again.Fields.Get("email"); got != "ada@example.org" {
		t.Errorf("the e-mail address came back as %q", got)
	}
	again.Fields.Set("username", "ada")
	if w := s.post("/signup", again.Fields); w.Code != http.StatusSeeOther {
		t.Errorf("corrected: status %d, want 303: %s", w.Code, w.Body)
	}
	s.expectEffects("signup", 1)
}

func TestTypedTextIsEscaped(t *testing.T) {
	s := newSite(t, unprotected)
	s.post("/comments", typed["comments"])
	page := s.get("/comments").Body.String()
	if strings.Contains(page, "<b>done") || !strings.Contains(page, "&lt;b&gt;done") {
		t.Errorf("the comment is not escaped:\n%s", page)
	}
}

func TestNamesAreTakenOnce(t *testing.T) {
	s := newSite(t, unprotected)
	for n, want := range []int{http.StatusSeeOther, http.StatusUnprocessableEntity} {
		if w := s.post("/signup", typed["signup"]); w.Code != want {
			t.Errorf("sign-up %d: status %d, want %d", n+1, w.Code, want)
		}
	}
	s.expectEffects("signup", 1)
}

// problem is the answer of the endpoint for programs.
type problem struct {
	Title     string
	Status    int
	Errors    map[string]string
	Challenge *palisade.Offer
}

// ticket fetches a ticket and a challenge for a program.
func (s *site) ticket() *scraper.Form {
	s.t.Helper()
	t := decode[palisade.Offer](s.t, s.get("/.palisade/ticket?form=api"), http.StatusOK)
	f := scraper.Offered(&t)
	if err := f.Solve(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return f
}

func TestPrograms(t *testing.T) {
	note := map[string]string{"message": "hello"}
	t.Run("a bare post is told what it takes", func(t *testing.T) {
		s := newSite(t)
		r := httptest.NewRequest("POST", "/api/submit", strings.NewReader(`{"message":"hello"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.app.ServeHTTP(w, r)
		p := decode[problem](t, w, http.StatusForbidden)
		if p.Challenge == nil || p.Challenge.Ticket == "" || p.Challenge.Wait == 0 || len(p.Challenge.Challenge) == 0 {
			t.Errorf("the refusal has no challenge: %+v", p)
		}
		s.expectEffects("api", 0)
	})
	t.Run("with a ticket, a proof and patience it is accepted", func(t *testing.T) {
		s := newSite(t)
		f := s.ticket()
		s.typing()
		if answer := decode[map[string]bool](t, s.postJSON(f.JSON(note)), http.StatusCreated); !answer["accepted"] {
			t.Errorf("not accepted: %v", answer)
		}
		s.expectEffects("api", 1)
	})
	t.Run("the same ticket again is refused", func(t *testing.T) {
		s := newSite(t)
		f := s.ticket()
		s.typing()
		s.postJSON(f.JSON(note))
		if w := s.postJSON(f.JSON(map[string]string{"message": "another"})); w.Code != http.StatusForbidden {
			t.Errorf("status %d, want 403", w.Code)
		}
		s.expectEffects("api", 1)
	})
	t.Run("the ticket of another form is refused", func(t *testing.T) {
		s := newSite(t)
		f := s.solved(s.get("/contact"))
		s.typing()
		if w := s.postJSON(f.JSON(note)); w.Code != http.StatusForbidden {
			t.Errorf("status %d, want 403", w.Code)
		}
		s.expectEffects("api", 0)
	})
	t.Run("what is to be corrected comes with the next ticket", func(t *testing.T) {
		s := newSite(t)
		f := s.ticket()
		s.typing()
		p := decode[problem](t, s.postJSON(f.JSON(map[string]string{"message": ""})), http.StatusUnprocessableEntity)
		if p.Errors["message"] == "" || p.Challenge == nil {
			t.Fatalf("no errors or no ticket: %+v", p)
		}
		s.expectEffects("api", 0)
		again := scraper.Offered(p.Challenge)
		if err := again.Solve(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w := s.postJSON(again.JSON(note)); w.Code != http.StatusCreated {
			t.Errorf("corrected: status %d, want 201: %s", w.Code, w.Body)
		}
		s.expectEffects("api", 1)
	})
	t.Run("a form post is not JSON", func(t *testing.T) {
		s := newSite(t)
		f := s.solved(s.get("/api"))
		s.typing()
		if w := s.post("/api/submit", f.Filled(url.Values{"message": {"hello"}})); w.Code != http.StatusUnsupportedMediaType {
			t.Errorf("status %d, want 415", w.Code)
		}
		s.expectEffects("api", 0)
	})
	t.Run("a message that is no text is to be corrected", func(t *testing.T) {
		s := newSite(t)
		f := s.ticket()
		s.typing()
		body := fmt.Sprintf(`{"message":7,"palisade-ticket":%q,"palisade-proof":%q}`, f.Fields.Get("palisade-ticket"), f.Fields.Get("palisade-proof"))
		if w := s.do("POST", "/api/submit", "application/json", body); w.Code != http.StatusUnprocessableEntity {
			t.Errorf("status %d, want 422", w.Code)
		}
		s.expectEffects("api", 0)
	})
}

// asScript sends what the script of a page sends, with headers.
func (s *site) asScript(path, body string, headers map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", path, strings.NewReader(body))
	r.Host = "demo.example:8080"
	for name, value := range map[string]string{
		"Accept": "application/json", "Content-Type": "application/json",
		"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": "http://demo.example:8080",
	} {
		r.Header.Set(name, value)
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.app.ServeHTTP(w, r)
	return w
}

// session opens a session of the notes and returns the header that brings it.
func (s *site) session() map[string]string {
	s.t.Helper()
	offer := decode[palisade.Offer](s.t, s.get("/.palisade/ticket?form=autosave&script"), http.StatusOK)
	f := scraper.Offered(&offer)
	if err := f.Solve(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	w := s.asScript("/.palisade/session?form=autosave", "", f.Headers())
	cookies := w.Result().Cookies()
	if w.Code != http.StatusOK || len(cookies) != 1 {
		s.t.Fatalf("status %d, cookies %v: %s", w.Code, cookies, w.Body)
	}
	return map[string]string{"Cookie": cookies[0].Name + "=" + cookies[0].Value}
}

func TestNotesSaveThemselves(t *testing.T) {
	const path, note = "/autosave/submit", `{"note":"hello"}`
	t.Run("one session, many saves", func(t *testing.T) {
		s := newSite(t)
		session := s.session()
		for _, body := range []string{note, `{"note":""}`, note} {
			decode[map[string]bool](t, s.asScript(path, body, session), http.StatusCreated)
		}
		s.expectEffects("autosave", 3)
	})
	t.Run("a note that is too long", func(t *testing.T) {
		s := newSite(t)
		p := decode[problem](t, s.asScript(path, `{"note":"`+strings.Repeat("a", 2001)+`"}`, s.session()), http.StatusUnprocessableEntity)
		if p.Errors["note"] == "" {
			t.Errorf("no error: %+v", p)
		}
		s.expectEffects("autosave", 0)
	})
	t.Run("no session", func(t *testing.T) {
		s := newSite(t)
		if p := decode[problem](t, s.asScript(path, note, nil), http.StatusForbidden); p.Challenge == nil {
			t.Errorf("the refusal has no challenge: %+v", p)
		}
		s.expectEffects("autosave", 0)
	})
	t.Run("more sessions are no more saves", func(t *testing.T) {
		s := newSite(t)
		for _, want := range []int{http.StatusCreated, http.StatusTooManyRequests} {
			session := s.session()
			for range palisade.SessionWrites {
				if w := s.asScript(path, note, session); w.Code != want {
					t.Fatalf("status %d, want %d: %s", w.Code, want, w.Body)
				}
			}
		}
		s.expectEffects("autosave", palisade.SessionWrites)
	})
	t.Run("the page has the guard's script and no fields", func(t *testing.T) {
		s := newSite(t)
		page := s.get("/autosave").Body.String()
		if !strings.Contains(page, `src="/.palisade/palisade.`) || !strings.Contains(page, `src="/assets/autosave.js"`) || strings.Contains(page, "palisade-ticket") {
			t.Errorf("the page:\n%s", page)
		}
	})
}

func TestWhatThereIsNot(t *testing.T) {
	rows := []struct {
		name, method, path string
		status             int
	}{
		{"a ticket for an unknown form", "GET", "/.palisade/ticket?form=nope", 404},
		{"a missing page", "GET", "/login", 404},
		{"a post to a missing page", "POST", "/login", 404},
		{"a post to a page without a form", "POST", "/live", 405},
		{"a method that no page has", "DELETE", "/signup", 405},
		{"a list of the assets", "GET", "/assets/../pages/index.html", 307},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t)
			if w := s.do(row.method, row.path, "", ""); w.Code != row.status {
				t.Errorf("status %d, want %d", w.Code, row.status)
			}
			s.expectEffects("", 0)
		})
	}
}

func TestAnUnknownPageLeadsOn(t *testing.T) {
	s := newSite(t)
	w := s.get("/login")
	if kind := w.Header().Get("Content-Type"); w.Code != http.StatusNotFound || !strings.HasPrefix(kind, "text/html") {
		t.Fatalf("status %d, %s", w.Code, kind)
	}
	page := w.Body.String()
	for _, want := range []string{"<h1>Page not found</h1>", `<link rel="stylesheet" href="/assets/demo.css">`, `<li><a href="/comments">Comments</a></li>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s:\n%s", want, page)
		}
	}
}

func TestTheFirstPageSaysWhatItIsAndWhatToTry(t *testing.T) {
	s := newSite(t)
	page := s.get("/").Body.String()
	_, page, _ = strings.Cut(page, "<main")
	intro, _, _ := strings.Cut(page, "</section>")
	for _, want := range []string{"Palisade protects forms from bots", `href="/signup"`, `href="/contact"`, `href="/comments"`, `href="/vote"`, `href="#bot"`, `href="/live"`} {
		if !strings.Contains(intro, want) {
			t.Errorf("the introduction lacks %s:\n%s", want, intro)
		}
	}
}

func TestThePageOfCommentsSaysThatThereAreNone(t *testing.T) {
	s := newSite(t, unprotected)
	const none = "There are no comments yet."
	if page := s.get("/comments").Body.String(); !strings.Contains(page, none) {
		t.Errorf("it does not:\n%s", page)
	}
	s.post("/comments", typed["comments"])
	if page := s.get("/comments").Body.String(); strings.Contains(page, none) {
		t.Errorf("with a comment it still does:\n%s", page)
	}
	if page := s.get("/vote").Body.String(); strings.Contains(page, none) {
		t.Errorf("the vote has comments:\n%s", page)
	}
}

// inlined returns the parts of a page that a strict policy would block.
func inlined(page io.Reader) (found []string) {
	tokens := html.NewTokenizer(page)
	for tokens.Next() != html.ErrorToken {
		tag := tokens.Token()
		external := false
		for _, a := range tag.Attr {
			external = external || a.Key == "src"
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Val, "javascript:") {
				found = append(found, tag.String())
			}
		}
		if tag.Type == html.StartTagToken && (tag.Data == "style" || tag.Data == "script" && !external) {
			found = append(found, tag.String())
		}
	}
	return found
}

func TestPagesHoldAStrictPolicy(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/", "/signup", "/contact", "/comments", "/vote", "/api", "/autosave", "/live", "/signup/done", "/autosave/done", "/effects", "/decisions", "/assets/demo.css", "/login"} {
		w := s.get(path)
		policy := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %q", path, policy, want)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy %q has an unsafe source", path, policy)
		}
		if found := inlined(w.Body); strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") && len(found) > 0 {
			t.Errorf("%s: inline code or style: %v", path, found)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: may be sniffed", path)
		}
	}
	if got := s.get("/signup").Header().Get("Cache-Control"); got != "no-store" {
		t.Errorf("a page with a ticket has Cache-Control %q", got)
	}
}

func TestFormsSayWhatLimitsThem(t *testing.T) {
	s := newSite(t)
	rows := map[string]string{
		"signup":                "At most 5 at once for one address, then one every 2 minutes",
		"the ceiling of signup": "At most 10 at once for one address, then one every 5 minutes, with the hardest step",
		"contact":               "At most 3 at once for one e-mail address, whoever sends it, then one every 20 minutes",
		"vote":                  "At most 3 at once for one address, then one every 20 minutes",
		"api":                   "At most 10 at once for one address, then one every 6 seconds",
		"autosave":              "At most 30 at once for one address, then one every 20 seconds",
		"the place of autosave": "At most 300 at once for one network, then one every 2 seconds",
	}
	for form, want := range rows {
		if page := s.get("/" + form[strings.LastIndex(form, " ")+1:]).Body.String(); !strings.Contains(page, want) {
			t.Errorf("/%s does not say %q", form, want)
		}
	}
}

func TestOverTheLimit(t *testing.T) {
	s := newSite(t)
	for n := range 5 {
		f := s.solved(s.get("/vote"))
		s.mu.Lock()
		s.now = s.now.Add(demo.MinFill)
		s.mu.Unlock()
		want := http.StatusSeeOther
		if n >= 3 {
			want = http.StatusTooManyRequests
		}
		w := s.post("/vote", f.Filled(typed["vote"]))
		if w.Code != want || (want == http.StatusTooManyRequests) != (w.Header().Get("Retry-After") != "") {
			t.Errorf("vote %d: status %d, Retry-After %q; want %d", n+1, w.Code, w.Header().Get("Retry-After"), want)
		}
	}
	s.expectEffects("vote", 3)
}

func TestLastDecisions(t *testing.T) {
	type decision struct {
		Form, Outcome, Reason string
		Time                  time.Time
		Findings              []struct{ Layer, Reason string }
	}
	s := newSite(t)
	if list := decode[[]decision](t, s.get("/decisions"), 200); list == nil || len(list) != 0 {
		t.Errorf("at first there is %v, want an empty list", list)
	}
	s.post("/signup", typed["signup"])
	for range 120 {
		s.post("/contact", typed["contact"])
	}
	s.post("/vote", s.solved(s.get("/vote")).Filled(typed["vote"])) // too fast
	list := decode[[]decision](t, s.get("/decisions"), 200)
	if len(list) != 100 {
		t.Fatalf("%d decisions, want 100", len(list))
	}
	if d := list[0]; d.Form != "vote" || d.Outcome != "challenge" || d.Reason != "suspicious" || len(d.Findings) == 0 {
		t.Errorf("the newest is %+v, want the vote with its findings", d)
	}
	if d := list[99]; d.Form != "contact" {
		t.Errorf("the oldest is %+v; the sign-up should have gone", d)
	}
	page := s.get("/live").Body.String()
	if !strings.Contains(page, "inhuman") || !strings.Contains(page, "ticket-missing") {
		t.Errorf("the page for people does not show the findings:\n%s", page)
	}
}

func TestPlainHTTPFromElsewhereIsTold(t *testing.T) {
	rows := []struct {
		name, host string
		told       bool
	}{
		{"this machine by name", "localhost:8080", false},
		{"this machine by address", "127.0.0.1:8080", false},
		{"this machine by IPv6 address", "[::1]:8080", false},
		{"a name of the loopback network", "demo.localhost:8080", false},
		{"a phone by address", "192.168.1.20:8080", true},
		{"a phone by name", "laptop.local:8080", true},
		{"an invalid host", "]", true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := newSite(t)
			r := httptest.NewRequest("GET", "/signup", nil)
			r.Host = row.host
			w := httptest.NewRecorder()
			s.app.ServeHTTP(w, r)
			if told := strings.Contains(w.Body.String(), "not in a secure context"); told != row.told {
				t.Errorf("warned: %v, want %v", told, row.told)
			}
		})
	}
}

func TestTheTwinSaysThatItIsNotProtected(t *testing.T) {
	s := newSite(t, unprotected)
	page := s.get("/signup").Body.String()
	if !strings.Contains(page, "Not protected") || strings.Contains(page, "palisade-ticket") {
		t.Errorf("the page without the guard:\n%s", page)
	}
}

func TestMistakesOfTheConfiguration(t *testing.T) {
	if _, err := demo.New(demo.Config{}); err == nil {
		t.Error("a demo without site and client address was made")
	}
}

// The demo too cuts off a body that is larger than any reader accepts.
func TestHugeBody(t *testing.T) {
	s := newSite(t)
	r := httptest.NewRequest("POST", "/comments", io.LimitReader(zeros{}, 64<<20))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.app.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", w.Code)
	}
	s.expectEffects("comments", 0)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return copy(b, bytes.Repeat([]byte("0"), len(b))), nil }
