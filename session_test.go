package palisade_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
)

// newApp returns a site whose form takes sessions, with limits.
func newApp(t testing.TB, limits ...palisade.Limit) *site {
	return newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Sessions, f.Limits = true, append([]palisade.Limit{}, limits...)
	})
}

// byScript is how a script of a page sends.
func byScript(r *http.Request) {
	r.Header.Set("Sec-Fetch-Mode", "cors")
	r.Header.Set("Accept", "*/*")
}

// ask sends what a page's script sends to open a session.
func (s *site) ask(o palisade.Offer, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := fromBrowser(httptest.NewRequest("POST", "/.palisade/session?form=signup", nil))
	byScript(r)
	s.sent(o)(r)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	s.guard.Handler().ServeHTTP(w, r)
	return w
}

// session opens one and returns its cookie.
func (s *site) session(change ...func(*http.Request)) *http.Cookie {
	s.t.Helper()
	w := s.ask(s.scriptTicket("", change...), change...)
	cookies := w.Result().Cookies()
	if w.Code != 200 || len(cookies) != 1 {
		s.t.Fatalf("%d, cookies %v: %s", w.Code, cookies, w.Body)
	}
	return cookies[0]
}

// act sends what an app's script sends by itself.
func (s *site) act(c *http.Cookie, change ...func(*http.Request)) *httptest.ResponseRecorder {
	with := func(r *http.Request) {
		byScript(r)
		if c != nil {
			r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	return s.postBody("application/octet-stream", "\x00any\xff", append([]func(*http.Request){with}, change...)...)
}

func TestASessionLetsAnyBodyPass(t *testing.T) {
	for name, kind := range map[string]string{
		"text": "text/plain", "bytes": "application/octet-stream", "XML": "text/xml", "of no type": "", "JSON": "application/json",
		"what claims to be JSON": "application/json; charset=utf-16", "urlencoded by a script": "application/x-www-form-urlencoded",
		"an upload": "multipart/form-data; boundary=none",
	} {
		t.Run(name, func(t *testing.T) {
			s := newApp(t)
			s.expect(s.act(s.session(), header("Content-Type", kind)), 303, palisade.ReasonClean, 1)
		})
	}
}

// The cookie is for this site's own pages and for HTTP alone.
func TestASessionIsACookieOfTheSiteAlone(t *testing.T) {
	c := newApp(t).session()
	if !strings.HasPrefix(c.Name, "__Host-palisade-session-") || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 600 {
		t.Errorf("%+v", c)
	}
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (b unread) Read([]byte) (int, error) {
	b.t.Error("the body was read")
	return 0, errors.New("read")
}

func (b unread) Close() error { return nil }

func TestABodyIsNotReadWithASessionOrWithoutOne(t *testing.T) {
	for name, test := range map[string]struct {
		cookie func(*site) *http.Cookie
		status int
		why    palisade.Reason
	}{
		"with":    {func(s *site) *http.Cookie { return s.session() }, 303, palisade.ReasonClean},
		"without": {func(*site) *http.Cookie { return nil }, 403, palisade.ReasonSessionMissing},
	} {
		t.Run(name, func(t *testing.T) {
			s := newApp(t)
			w := s.act(test.cookie(s), func(r *http.Request) { r.Body, r.ContentLength = unread{t}, 1<<40 })
			s.expect(w, test.status, test.why, s.effects.Load())
			if test.status == 403 && problem(t, w).Challenge == nil {
				t.Error("the answer has no challenge")
			}
		})
	}
}

// forged changes a text in its middle.
func forged(text string) string {
	b := []byte(text)
	b[len(b)/2] ^= 1
	return string(b)
}

func TestASessionHoldsForItsOwner(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*site, *http.Cookie) []func(*http.Request)
		status int
		why    palisade.Reason
	}{
		"another browser has it": {func(*site, *http.Cookie) []func(*http.Request) {
			return []func(*http.Request){header("User-Agent", "curl")}
		}, 403, palisade.ReasonSessionInvalid},
		"another network has it": {func(*site, *http.Cookie) []func(*http.Request) {
			return []func(*http.Request){from("198.51.100.1:1")}
		}, 403, palisade.ReasonSessionInvalid},
		"a neighbour in the network has it": {func(*site, *http.Cookie) []func(*http.Request) {
			return []func(*http.Request){from("203.0.113.8:1")}
		}, 303, palisade.ReasonClean},
		"another site's page sends it": {func(*site, *http.Cookie) []func(*http.Request) {
			return []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example")}
		}, 403, "cross-site"},
		"it is forged": {func(_ *site, c *http.Cookie) []func(*http.Request) {
			c.Value = forged(c.Value)
			return nil
		}, 403, palisade.ReasonSessionInvalid},
		"it is a ticket": {func(s *site, c *http.Cookie) []func(*http.Request) {
			c.Value = s.scriptTicket("").Ticket
			return nil
		}, 403, palisade.ReasonSessionInvalid},
		"it is a page's": {func(s *site, c *http.Cookie) []func(*http.Request) {
			c.Value = s.pageToken()
			return nil
		}, 403, palisade.ReasonSessionInvalid},
		"it is nearly too old": {func(s *site, _ *http.Cookie) []func(*http.Request) {
			s.wait(palisade.SessionLife - time.Second)
			return nil
		}, 303, palisade.ReasonClean},
		"it is too old": {func(s *site, _ *http.Cookie) []func(*http.Request) {
			s.wait(palisade.SessionLife)
			return nil
		}, 403, palisade.ReasonSessionInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			s := newApp(t)
			c := s.session()
			effects := int64(0)
			change := test.change(s, c)
			if test.status == 303 {
				effects = 1
			}
			s.expect(s.act(c, change...), test.status, test.why, effects)
		})
	}
}

// One form's session is worth nothing at another form.
func TestASessionHoldsForItsForm(t *testing.T) {
	s := newApp(t)
	other, err := s.guard.Form(palisade.FormConfig{Name: "other", Sessions: true, Ask: palisade.WhenRisky, Limits: []palisade.Limit{}})
	if err != nil {
		t.Fatal(err)
	}
	c := s.session()
	s.handler = other.Handle(s.accept)
	s.expect(s.act(c), 403, palisade.ReasonSessionMissing, 0)
	mine := newCookieLike(c, otherName(t, s))
	s.expect(s.act(mine), 403, palisade.ReasonSessionInvalid, 0)
}

func newCookieLike(c *http.Cookie, name string) *http.Cookie {
	return &http.Cookie{Name: name, Value: c.Value}
}

// otherName returns the name of the cookie of the form "other".
func otherName(t *testing.T, s *site) string {
	t.Helper()
	r := fromBrowser(httptest.NewRequest("GET", "/.palisade/ticket?form=other&script=1", nil))
	w := httptest.NewRecorder()
	s.guard.Handler().ServeHTTP(w, r)
	var o palisade.Offer
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil {
		t.Fatal(err)
	}
	r = fromBrowser(httptest.NewRequest("POST", "/.palisade/session?form=other", nil))
	s.sent(o)(r)
	w = httptest.NewRecorder()
	s.guard.Handler().ServeHTTP(w, r)
	return w.Result().Cookies()[0].Name
}

// What a person fills in and sends is a form, with or without a session: one ticket for each.
func TestANavigationIsAForm(t *testing.T) {
	for name, navigates := range map[string]func(*http.Request){
		"as browsers say":    header("Sec-Fetch-Mode", "navigate"),
		"in a frame":         header("Sec-Fetch-Mode", "nested-navigate"),
		"an older browser's": func(r *http.Request) { r.Header.Del("Sec-Fetch-Mode") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newApp(t)
			c := s.session()
			with := func(r *http.Request) { r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value}) }
			s.expect(s.post(typed(values{}), with, navigates), 403, palisade.ReasonTicketMissing, 0)
			s.expect(s.post(values{}, with, navigates), 403, palisade.ReasonTicketMissing, 0) // a button alone
			kind, body := multipartBody(typed(values{}), "")
			s.expect(s.postBody(kind, body, with, navigates), 403, palisade.ReasonTicketMissing, 0)
			v := typed(s.load())
			s.wait(20 * time.Second)
			s.expect(s.post(v, with, navigates), 303, palisade.ReasonClean, 1)
			s.expect(s.post(values{"palisade-ticket": v["palisade-ticket"], "a": {"other"}}, with, navigates), 403, palisade.ReasonProofMissing, 1)
		})
	}
}

// A script without cookies has tickets in headers, with any body.
func TestATicketInAHeaderNeedsNoSession(t *testing.T) {
	s := newApp(t)
	o := s.scriptTicket("")
	if o.Wait != 0 {
		t.Errorf("wait %d ms for what nobody fills in", o.Wait)
	}
	s.expect(s.act(nil, s.sent(o)), 303, palisade.ReasonClean, 1)
	s.expect(s.act(nil, s.sent(o)), 303, palisade.ReasonDuplicate, 1)
	s.expect(s.act(nil, s.sent(o), func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("other")) }), 403, palisade.ReasonTicketSpent, 1)
}

// All requests at the end of an allowance: no more pass than are left.
func TestASessionIsNeverOverdrawn(t *testing.T) {
	s := newApp(t)
	c := s.session()
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() { s.act(c) })
	}
	all.Wait()
	if got := s.effects.Load(); got != palisade.SessionWrites {
		t.Errorf("%d effects, want %d", got, palisade.SessionWrites)
	}
	w := s.act(c)
	s.expect(w, 403, palisade.ReasonSessionUsedUp, palisade.SessionWrites)
	s.expect(s.act(s.session()), 303, palisade.ReasonClean, palisade.SessionWrites+1)
}

// Many sessions of an address are worth no more than one.
func TestLimitsCountTheRequestsOfAllSessions(t *testing.T) {
	s := newApp(t, palisade.Limit{Rate: 5, Per: 10 * time.Minute, By: palisade.ByIP}, palisade.Limit{Rate: 8, Per: 10 * time.Minute, By: palisade.ByNetwork})
	for range 3 {
		c := s.session()
		for range 4 {
			s.act(c)
		}
	}
	s.expect(s.act(s.session()), 429, palisade.ReasonOverLimit, 5)
	neighbour := from("203.0.113.9:1")
	for range 4 {
		s.act(s.session(neighbour), neighbour)
	}
	s.expect(s.act(s.session(neighbour), neighbour), 403, palisade.ReasonNetworkLimit, 8)
}

// A session takes what a form takes: a proof that is ours, unspent, and no more suspicion.
func TestOpeningASessionIsJudged(t *testing.T) {
	s := newApp(t)
	o := s.scriptTicket("")
	if w := s.ask(o); w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"a spent ticket":  s.ask(o, header("Accept-Language", "de")),
		"no proof":        s.ask(s.scriptTicket(""), func(r *http.Request) { r.Header.Del(palisade.HeaderProof) }),
		"no ticket":       s.ask(s.scriptTicket(""), func(r *http.Request) { r.Header.Del(palisade.HeaderTicket) }),
		"another site":    s.ask(s.scriptTicket(""), header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example")),
		"a GET":           s.ask(s.scriptTicket(""), func(r *http.Request) { r.Method = "GET" }),
		"an unknown form": s.ask(s.scriptTicket(""), func(r *http.Request) { r.URL.RawQuery = "form=none" }),
	} {
		if w.Code < 400 || len(w.Result().Cookies()) > 0 {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
	}
	if w := newSite(t).ask(newSite(t).scriptTicket("")); w.Code != 404 {
		t.Errorf("a form without sessions: %d", w.Code)
	}
	if s.effects.Load() != 0 {
		t.Error("opening had an effect")
	}
}

// A store that lost its memory cannot know how much of a session is left.
func TestASessionEndsWithTheMemoryOfTheStore(t *testing.T) {
	s := newApp(t)
	c := s.session()
	s.wait(time.Minute)
	later := newSite(t, func(config *palisade.Config, f *palisade.FormConfig) {
		f.Sessions = true
		config.Clock = s.clock
	})
	r := fromBrowser(httptest.NewRequest("POST", "/signup", strings.NewReader("x")))
	byScript(r)
	r.Header.Set("Content-Type", "text/plain")
	r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	later.handler.ServeHTTP(httptest.NewRecorder(), r)
	if d := later.last(); d.Reason != palisade.ReasonForgotten || later.effects.Load() != 0 {
		t.Errorf("%v because %v", d.Outcome, d.Reason)
	}
}

// A browser that shows the answer gets a page, whatever has become of its session.
func TestALinkIsAnsweredWithAPage(t *testing.T) {
	for name, test := range map[string]struct {
		value  func(*http.Cookie) string
		status int
		kind   string
	}{
		"with a session":         {func(c *http.Cookie) string { return c.Value }, 303, ""},
		"with one that is over":  {func(c *http.Cookie) string { return forged(c.Value) }, 403, "text/html; charset=utf-8"},
		"with nothing of a name": {func(*http.Cookie) string { return "" }, 403, "text/html; charset=utf-8"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newApp(t)
			c := s.session()
			r := fromBrowser(httptest.NewRequest("GET", "/signup?u=1", nil))
			r.Header.Set("Sec-Fetch-Mode", "navigate")
			r.AddCookie(&http.Cookie{Name: c.Name, Value: test.value(c)})
			w := httptest.NewRecorder()
			s.handler.ServeHTTP(w, r)
			if kind := w.Header().Get("Content-Type"); w.Code != test.status || test.kind != "" && kind != test.kind {
				t.Errorf("%d %s", w.Code, kind)
			}
		})
	}
}

// A form that only watches checks no proof, so what it lets through opens nothing for later.
func TestAWatchingFormOpensNoSession(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Sessions, f.Monitor = true, true })
	w := s.ask(s.scriptTicket(""), header(palisade.HeaderProof, "none"))
	if w.Code != 200 || len(w.Result().Cookies()) > 0 {
		t.Errorf("%d, cookies %v: %s", w.Code, w.Result().Cookies(), w.Body)
	}
}

// Over a limit that belongs to all, everybody is asked for a step, and the log says why.
func TestTheLimitOfAFormAsksForAStep(t *testing.T) {
	s := newApp(t, palisade.Limit{Rate: 2, Per: time.Hour, By: palisade.ByForm})
	c := s.session()
	for range 2 {
		s.act(c)
	}
	s.expect(s.act(c), 403, palisade.ReasonTargetLimit, 2) // opening has counted for nothing
}

func TestALimitByFieldNeedsTheFields(t *testing.T) {
	_, err := newSite(t).guard.Form(palisade.FormConfig{Name: "other", Sessions: true, Limits: []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByField("email")}}})
	if err == nil || !strings.Contains(err.Error(), "cannot be counted by a field") {
		t.Errorf("%v", err)
	}
}
