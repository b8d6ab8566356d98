package palisade_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/signal"
)

// seen is what the app behind a transparent guard got.
type seen struct {
	kind, body string
	header     http.Header
}

func transparent(t *testing.T, options ...func(*palisade.Config, *palisade.FormConfig)) (*site, *seen) {
	app := &seen{}
	s := newSite(t, append(options, func(_ *palisade.Config, f *palisade.FormConfig) { f.Transparent = true })...)
	s.handler = s.form.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength != int64(len(body)) || len(r.TransferEncoding) > 0 {
			t.Errorf("%d bytes, %v; announced %d, %v", len(body), err, r.ContentLength, r.TransferEncoding)
		}
		s.effects.Add(1)
		*app = seen{r.Header.Get("Content-Type"), string(body), r.Header}
	}))
	return s, app
}

// submissions are bodies as browsers and programs send them. INJECT stands for
// where the guard's own fields are.
var submissions = []struct{ name, kind, body string }{
	{"urlencoded, own fields first", "application/x-www-form-urlencoded", "INJECT&a=1&b=2"},
	{"urlencoded, own fields last", "application/x-www-form-urlencoded; charset=UTF-8", "a=1&b=%E4&INJECT"},
	{"urlencoded, empty pairs and repeated keys", "application/x-www-form-urlencoded", "a=1&&a=2&INJECT&a=&b&="},
	{"urlencoded, nothing else", "application/x-www-form-urlencoded", "INJECT"},
	{"multipart with a file of raw bytes", "multipart/form-data; boundary=stakes",
		"INJECT" + part(`name="a"`, "1") + part(`name="f"; filename="a.bin"`, "\x00\xff\r\n-\r\n--\r\n") + "--stakes--\r\n"},
	{"multipart with an empty file and a value in Latin-1", "multipart/form-data; boundary=stakes",
		part(`name="f"; filename=""`, "") + "INJECT" + part(`name="a"`, "\xe4") + part(`name="a"`, "") + "--stakes--\r\n"},
	{"multipart, nothing else", "multipart/form-data; boundary=stakes", "INJECT--stakes--\r\n"},
	{"JSON, own members first", "application/json", `{INJECT,"a": {"b": [1, 2.50]},"ä" :"x"}`},
	{"JSON, own members in the midst", "application/json", `{"a":1e3,INJECT,"b":null}`},
}

func part(disposition, value string) string {
	return "--stakes\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + value + "\r\n"
}

// inject puts the guard's own fields where a body has room for them, or cuts the room out.
func inject(kind, body string, own values) string {
	var text string
	switch {
	case strings.HasPrefix(kind, "multipart"):
		for name, list := range own {
			text += part(fmt.Sprintf("name=%q", name), list[0])
		}
		return strings.Replace(body, "INJECT", text, 1)
	case kind == "application/json":
		var members []string
		for name, list := range own {
			members = append(members, fmt.Sprintf("%q:%q", name, list[0]))
		}
		text = strings.Join(members, ",")
		if text == "" {
			body = strings.NewReplacer("INJECT,", "").Replace(body)
		}
	default:
		if text = own.Encode(); text == "" {
			body = strings.NewReplacer("INJECT&", "", "&INJECT", "").Replace(body)
		}
	}
	return strings.Replace(body, "INJECT", text, 1)
}

func TestTransparentHandlerGetsWhatThePageSent(t *testing.T) {
	for _, test := range submissions {
		t.Run(test.name, func(t *testing.T) {
			s, app := transparent(t)
			v := s.load()
			s.wait(time.Minute)
			s.expect(s.postBody(test.kind, inject(test.kind, test.body, v)), 200, palisade.ReasonClean, 1)
			if want := inject(test.kind, test.body, nil); app.body != want {
				t.Errorf("the app got\n%q, want\n%q", app.body, want)
			}
		})
	}
}

func TestTransparentHandlerSeesNoHeaderOfTheGuard(t *testing.T) {
	s, app := transparent(t)
	v := s.load()
	s.wait(time.Minute)
	w := s.postBody("application/json", `{"a":1}`, header("Palisade-Ticket", v.Get("palisade-ticket")), header("Palisade-Proof", v.Get("palisade-proof")))
	s.expect(w, 200, palisade.ReasonClean, 1)
	for name := range app.header {
		if strings.HasPrefix(name, "Palisade") {
			t.Errorf("the app got %s", name)
		}
	}
}

var capsule = regexp.MustCompile(`name="palisade-capsule" value="([^"]*)"`)

// challenged posts too early and returns the challenge page as a browser would
// send it again, and the cookie that came with it.
func challenged(t *testing.T, s *site, kind, body string) (again values, cookie *http.Cookie) {
	t.Helper()
	v := s.load()
	w := s.postBody(kind, inject(kind, body, v))
	if w.Code != 403 {
		t.Fatalf("status %d, want a challenge", w.Code)
	}
	page := w.Body.String()
	if m := capsule.FindStringSubmatch(page); m == nil || strings.Count(page, "<input") != 3 {
		t.Fatalf("the page holds not just the capsule, a ticket and a proof:\n%s", page)
	}
	if cookies := w.Result().Cookies(); len(cookies) == 1 {
		cookie = cookies[0]
	}
	return s.fill(page), cookie
}

// again sends a challenge page's form, the capsule first as the page has it.
func sendAgain(s *site, v values, cookie *http.Cookie, change ...func(*http.Request)) *httptest.ResponseRecorder {
	var body bytes.Buffer
	for _, name := range []string{"palisade-capsule", "palisade-ticket", "palisade-proof"} {
		body.WriteString(part(fmt.Sprintf("name=%q", name), v.Get(name)))
	}
	body.WriteString("--stakes--\r\n")
	withCookie := func(r *http.Request) { r.AddCookie(cookie) }
	return s.postBody("multipart/form-data; boundary=stakes", body.String(), append([]func(*http.Request){withCookie}, change...)...)
}

func TestChallengeKeepsTheVeryBytes(t *testing.T) {
	for _, test := range submissions {
		t.Run(test.name, func(t *testing.T) {
			s, app := transparent(t)
			again, cookie := challenged(t, s, test.kind, test.body)
			s.wait(time.Minute)
			s.expect(sendAgain(s, again, cookie), 200, palisade.ReasonClean, 1)
			if want := inject(test.kind, test.body, nil); app.body != want || app.kind != test.kind {
				t.Errorf("the app got %s\n%q, want %s\n%q", app.kind, app.body, test.kind, want)
			}
			s.expect(sendAgain(s, again, cookie), 200, palisade.ReasonDuplicate, 1)
		})
	}
}

func TestCapsuleOpensOnlyWhereItWasMade(t *testing.T) {
	s, _ := transparent(t)
	again, cookie := challenged(t, s, "application/x-www-form-urlencoded", "INJECT&a=1")
	s.wait(time.Minute)
	noCookie := func(r *http.Request) { r.Header.Del("Cookie") }
	otherCookie := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del("Cookie")
			r.AddCookie(&http.Cookie{Name: name, Value: value})
		}
	}
	elsewhere := func(change func(*http.Request)) func(*http.Request) {
		return func(r *http.Request) { change(r); r.Header.Del("Sec-Fetch-Site"); r.Header.Del("Origin") }
	}
	evil := func(r *http.Request) {
		noCookie(r)
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	for _, test := range []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"another browser", otherCookie(cookie.Name, strings.Repeat("A", 22)), 403},
		{"a browser without cookies", noCookie, 403},
		{"a cookie any host can set", otherCookie("palisade", cookie.Value), 403},
		{"a cookie that is nearly the same", otherCookie(cookie.Name, cookie.Value+"A"), 403},
		{"no cookie, and no word of where it comes from", elsewhere(noCookie), 400},
		{"no cookie, and from another site", evil, 400},
		{"another target", func(r *http.Request) { r.RequestURI = "/signup?admin=1" }, 400},
		{"another method", func(r *http.Request) { r.Method = "PUT" }, 400},
	} {
		w := sendAgain(s, again, cookie, test.change)
		if w.Code != test.status || s.last().Reason != palisade.ReasonCapsule || s.effects.Load() != 0 {
			t.Errorf("%s: status %d because %s, %d effects", test.name, w.Code, s.last().Reason, s.effects.Load())
		}
		if shown := strings.Contains(w.Body.String(), `name="a" value="1"`); shown != (test.status == 403) || capsule.MatchString(w.Body.String()) {
			t.Errorf("%s: what was typed is shown: %v; or sealed again:\n%s", test.name, shown, w.Body)
		}
	}
	s.expect(sendAgain(s, again, cookie), 200, palisade.ReasonClean, 1)
}

// Cookies are blocked, or were cleared while the page was open. The same form sent
// in every encoding never becomes an empty submission.
func TestACapsuleWithoutItsCookie(t *testing.T) {
	typed := "a=1&b=two+words"
	for _, test := range []struct {
		name, kind string
		body       func(v values) string
		status     int
		why        palisade.Reason
	}{
		{"as the page sends it", "multipart/form-data; boundary=stakes", func(v values) string {
			return part(`name="palisade-capsule"`, v.Get("palisade-capsule")) + part(`name="palisade-ticket"`, v.Get("palisade-ticket")) + part(`name="palisade-proof"`, v.Get("palisade-proof")) + "--stakes--\r\n"
		}, 403, palisade.ReasonCapsule},
		{"urlencoded", "application/x-www-form-urlencoded", func(v values) string {
			return "palisade-capsule=" + v.Get("palisade-capsule") + "&palisade-ticket=" + v.Get("palisade-ticket") + "&palisade-proof=" + v.Get("palisade-proof")
		}, 403, palisade.ReasonCapsule},
		{"urlencoded, the capsule last", "application/x-www-form-urlencoded", func(v values) string { return "x=1&" + v.Encode() }, 400, palisade.ReasonAmbiguous},
		{"JSON", "application/json", func(v values) string { return inject("application/json", "{INJECT}", v) }, 400, palisade.ReasonCapsule},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, app := transparent(t)
			again, _ := challenged(t, s, "application/x-www-form-urlencoded", "INJECT&"+typed)
			s.wait(time.Minute)
			w := s.postBody(test.kind, test.body(again))
			s.expect(w, test.status, test.why, 0)
			if w.Body.Len() < 500 {
				t.Errorf("an answer that says nothing:\n%s", w.Body)
			}
			if test.status != 403 {
				return
			}
			if level := s.last().Level; level != 2 {
				t.Errorf("the step is of level %d, want the hardest, 2", level)
			}
			v := s.fill(w.Body.String())
			if v.Get("a") != "1" || v.Get("b") != "two words" {
				t.Errorf("what was typed became %v", v)
			}
			s.wait(time.Minute)
			s.expect(s.post(v), 200, palisade.ReasonClean, 1)
			if app.body != typed {
				t.Errorf("the app got %q, want %q", app.body, typed)
			}
		})
	}
}

// A capsule stands alone and first, as a challenge page has it.
func TestACapsuleAmongOtherFields(t *testing.T) {
	for _, test := range []struct {
		name string
		body func(v values) string
	}{
		{"a capsule behind a field", func(v values) string {
			return part(`name="x"`, "1") + part(`name="palisade-capsule"`, v.Get("palisade-capsule"))
		}},
		{"two capsules", func(v values) string {
			return strings.Repeat(part(`name="palisade-capsule"`, v.Get("palisade-capsule")), 2)
		}},
	} {
		s, _ := transparent(t)
		again, cookie := challenged(t, s, "application/x-www-form-urlencoded", "INJECT&a=1")
		s.wait(time.Minute)
		body := test.body(again) + part(`name="palisade-ticket"`, again.Get("palisade-ticket")) + part(`name="palisade-proof"`, again.Get("palisade-proof")) + "--stakes--\r\n"
		s.expect(s.postBody("multipart/form-data; boundary=stakes", body, func(r *http.Request) { r.AddCookie(cookie) }), 400, palisade.ReasonAmbiguous, 0)
	}
}

// With its cookie, a capsule is released also when something on the way wrote the form
// in the other encoding.
func TestACapsuleThatIsSentUrlencoded(t *testing.T) {
	s, app := transparent(t)
	again, cookie := challenged(t, s, "application/x-www-form-urlencoded", "INJECT&a=1")
	s.wait(time.Minute)
	body := "palisade-capsule=" + again.Get("palisade-capsule") + "&palisade-ticket=" + again.Get("palisade-ticket") + "&palisade-proof=" + again.Get("palisade-proof")
	s.expect(s.postBody("application/x-www-form-urlencoded", body, func(r *http.Request) { r.AddCookie(cookie) }), 200, palisade.ReasonClean, 1)
	if app.body != "a=1" {
		t.Errorf("the app got %q", app.body)
	}
}

func TestCapsuleThatWasTouchedDoesNotOpen(t *testing.T) {
	s, _ := transparent(t)
	again, cookie := challenged(t, s, "application/x-www-form-urlencoded", "INJECT&a=1")
	other, _ := challenged(t, s, "application/x-www-form-urlencoded", "INJECT&a=2")
	s.wait(time.Minute)
	whole := again.Get("palisade-capsule")
	for i := range whole {
		flipped := []byte(whole)
		flipped[i] ^= 2
		again.Set("palisade-capsule", string(flipped))
		s.expect(sendAgain(s, again, cookie), 400, palisade.ReasonCapsule, 0)
	}
	again.Set("palisade-capsule", other.Get("palisade-capsule")) // under another page's ticket
	s.expect(sendAgain(s, again, cookie), 400, palisade.ReasonCapsule, 0)
	again.Set("palisade-capsule", whole)
	s.expect(sendAgain(s, again, cookie), 200, palisade.ReasonClean, 1)
}

func TestLargeSubmissionIsSealedOnlyForATicket(t *testing.T) {
	s, _ := transparent(t)
	body := "a=" + strings.Repeat("x", 100<<10)
	w := s.postBody("application/x-www-form-urlencoded", body)
	s.expect(w, 413, palisade.ReasonTicketMissing, 0)
	if capsule.MatchString(w.Body.String()) {
		t.Error("a capsule of 100 KiB for who showed no ticket")
	}
	if n := w.Body.Len(); n > 64<<10 {
		t.Errorf("%d bytes came back for 100 KiB without a ticket", n)
	}
	v := s.load()
	w = s.postBody("application/x-www-form-urlencoded", body+"&"+v.Encode())
	s.expect(w, 403, palisade.ReasonSuspicious, 0)
	if !capsule.MatchString(w.Body.String()) {
		t.Error("with a ticket, what was typed is lost")
	}
}

func TestWhatAnotherSiteSentIsNotMadeOurVisitors(t *testing.T) {
	s, _ := transparent(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Signals = signal.Settings{"origin": {Mode: signal.Observe}}
	})
	v := s.load()
	w := s.post(typed(v), header("Origin", "https://evil.example"), header("Sec-Fetch-Site", "cross-site"))
	if w.Code != 403 || strings.Contains(w.Body.String(), "ada@example.org") || capsule.MatchString(w.Body.String()) {
		t.Errorf("status %d; the page would send it again as ours:\n%s", w.Code, w.Body)
	}
}

// An app that is down must not make another site's submission our visitor's either.
func TestResendGivesAnotherSitesSubmissionNoPage(t *testing.T) {
	for name, change := range map[string]func(*palisade.FormConfig){
		"the signal is only recorded": func(f *palisade.FormConfig) { f.Signals = signal.Settings{"origin": {Mode: signal.Observe}} },
		"the form only watches":       func(f *palisade.FormConfig) { f.Monitor = true },
		"the attempt is exempt":       func(f *palisade.FormConfig) { f.Exempt = func(*http.Request) bool { return true } },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := transparent(t, func(_ *palisade.Config, f *palisade.FormConfig) { change(f) })
			s.handler = s.form.Handle(func(w http.ResponseWriter, r *http.Request, pass palisade.Pass) {
				pass.Resend(w, r, http.StatusBadGateway)
			})
			v := s.load()
			s.wait(time.Minute)
			if w := s.post(typed(v)); w.Code != 502 || !capsule.MatchString(w.Body.String()) {
				t.Fatalf("our own page gets status %d and no capsule:\n%s", w.Code, w.Body)
			}
			v = s.load()
			s.wait(time.Minute)
			w := s.post(typed(v), header("Origin", "https://evil.example"), header("Sec-Fetch-Site", "cross-site"))
			if w.Code != 502 || strings.Contains(w.Body.String(), "ada@example.org") || capsule.MatchString(w.Body.String()) {
				t.Errorf("status %d; the page would send it again as ours:\n%s", w.Code, w.Body)
			}
		})
	}
}

func TestResendKeepsTheSubmission(t *testing.T) {
	s, app := transparent(t)
	up := false
	s.handler = s.form.Handle(func(w http.ResponseWriter, r *http.Request, pass palisade.Pass) {
		if !up {
			pass.Resend(w, r, http.StatusBadGateway)
			return
		}
		s.effects.Add(1)
		body, _ := io.ReadAll(r.Body)
		app.body = string(body)
	})
	v := s.load()
	s.wait(time.Minute)
	w := s.postBody("application/x-www-form-urlencoded", "a=%E4&"+v.Encode())
	if w.Code != 502 {
		t.Fatalf("status %d", w.Code)
	}
	again := s.fill(w.Body.String())
	s.wait(time.Minute)
	up = true
	s.expect(sendAgain(s, again, w.Result().Cookies()[0]), 200, palisade.ReasonClean, 1)
	if app.body != "a=%E4" {
		t.Errorf("the app got %q", app.body)
	}
}

func TestMonitorLetsThroughAndSpendsNothing(t *testing.T) {
	s, app := transparent(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Monitor = true
		f.Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}}
	})
	v := s.load()
	for i := range int64(3) { // the same ticket, over the limit
		s.expect(s.post(typed(v)), 200, palisade.ReasonSuspicious, i+1)
	}
	if d := s.last(); !d.Monitored || d.Would != palisade.Challenge || d.Mode() != "monitor" {
		t.Errorf("%+v does not say what it would have been", d)
	}
	if app.body != "email=ada%40example.org&username=ada" {
		t.Errorf("the app got %q", app.body)
	}
	s.expect(s.postBody("text/plain", "not to be read", header("Origin", "https://evil.example")), 200, palisade.ReasonUnsupported, 4)
	if app.body != "not to be read" {
		t.Errorf("the app got %q", app.body)
	}
}

func TestAMonitoredSignalWeighsNothing(t *testing.T) {
	s, _ := transparent(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Signals = signal.Settings{"timing": {Mode: signal.Observe}}
	})
	v := s.load() // at once
	s.expect(s.post(typed(v)), 200, palisade.ReasonClean, 1)
	d := s.last()
	if len(d.Findings) != 1 || !d.Findings[0].Monitored || d.Score != 0 {
		t.Errorf("findings %v, score %v", d.Findings, d.Score)
	}
}

// A sealed submission is longer than the form may be, and is read all the same.
func TestACapsuleMayBeLongerThanTheForm(t *testing.T) {
	s, app := transparent(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.MaxBody = 4096 })
	long := "INJECT&a=" + strings.Repeat("x", 3300)
	again, cookie := challenged(t, s, "application/x-www-form-urlencoded", long)
	if len(again.Get(palisade.FieldCapsule)) <= 4096 {
		t.Fatal("the capsule is no longer than the form, so nothing is tested")
	}
	s.wait(time.Minute)
	s.expect(sendAgain(s, again, cookie), 200, palisade.ReasonClean, 1)
	if !strings.Contains(app.body, strings.Repeat("x", 3300)) {
		t.Errorf("the app got %d bytes", len(app.body))
	}
}
