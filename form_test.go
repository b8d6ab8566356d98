package palisade_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/signal"
)

func TestMistakesAreReportedTogether(t *testing.T) {
	_, err := palisade.New(palisade.Config{
		Keys:    palisade.Keys{Previous: []byte("short")},
		Hosts:   []string{"https://example.com/"},
		Base:    "palisade",
		Captcha: captcha.HCaptcha("10000000-ffff-ffff-ffff-000000000001", "0x0000000000000000000000000000000000000000"),
	})
	for _, want := range []string{"Keys.Current is missing", "Keys.Previous has 5 bytes", "ClientIP", "Site is missing", "https://example.com/", "Base", "test"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not speak of %s:\n%v", want, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "short") {
		t.Error("the error shows a key")
	}

	s := newSite(t)
	_, err = s.guard.Form(palisade.FormConfig{
		Name: "sign up", MaxAge: 48 * time.Hour, MaxBody: -1, Ask: 9, ProviderDown: 9,
		Limits: []palisade.Limit{{}, {Rate: 1, Per: time.Hour, By: palisade.ByField("")}, {Rate: 1, Per: time.Hour, By: palisade.ByIP}, {Rate: 1, Per: time.Hour, By: palisade.ByIP}},
	})
	for _, want := range []string{"Name", "Limits[3] is there twice", "MaxAge", "MaxBody", "Ask", "ProviderDown", "Limits[0]: Rate and Per", "By is missing", "Limits[1]"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not speak of %s:\n%v", want, err)
		}
	}
	if _, err := s.guard.Form(palisade.FormConfig{Name: "signup"}); err == nil {
		t.Error("two forms have one name")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	keys := palisade.Keys{Current: key1}
	for _, text := range []string{fmt.Sprint(keys), fmt.Sprintf("%+v", keys), fmt.Sprintf("%#v", keys), fmt.Sprintf("%+v", palisade.Config{Keys: keys})} {
		if strings.Contains(text, "0123456789") || strings.Contains(text, "107") {
			t.Errorf("keys print as %s", text)
		}
	}
}

func TestTicketHoldsForItsFormAndSiteAlone(t *testing.T) {
	s := newSite(t)
	other, err := s.guard.Form(palisade.FormConfig{Name: "comment", Ask: palisade.WhenRisky})
	if err != nil {
		t.Fatal(err)
	}
	v := typed(s.fill(string(other.Fields(fromBrowser(httptest.NewRequest("GET", "/", nil))))))
	s.wait(20 * time.Second)
	s.expect(s.post(v), 403, palisade.ReasonTicketForged, 0)

	abroad := newSite(t, func(c *palisade.Config, _ *palisade.FormConfig) { c.Site = "example.net" })
	v = typed(abroad.load())
	s.expect(s.post(v), 403, palisade.ReasonTicketForged, 0)
}

func TestProofHoldsForItsTicketAlone(t *testing.T) {
	s := newSite(t)
	v, w := typed(s.load()), s.load()
	v.Set("palisade-proof", bare(w))
	s.wait(20 * time.Second)
	s.expect(s.post(v), 403, palisade.ReasonProofBad, 0)
	if d := s.last(); d.Level != 1 || len(d.Findings) != 2 || d.Findings[0].Reason != signal.ReasonReportMissing || d.Findings[1].Reason != palisade.Reason(pow.ReasonForged) || d.Score != d.Findings[1].Weight {
		t.Errorf("level %d is asked for, with score %v for %+v", d.Level, d.Score, d.Findings)
	}
}

func TestTicketFromTheFuture(t *testing.T) {
	ahead := newSite(t)
	ahead.wait(time.Minute)
	v := typed(ahead.load())
	s := newSite(t)
	s.expect(s.post(v), 403, palisade.ReasonTicketForged, 0)
}

func TestRotationRefusesNobody(t *testing.T) {
	old := newSite(t, func(c *palisade.Config, _ *palisade.FormConfig) { c.Keys.Next = key2 })
	v := typed(old.load())
	next := newSite(t, func(c *palisade.Config, _ *palisade.FormConfig) {
		c.Keys = palisade.Keys{Current: key2, Previous: key1}
	})
	next.wait(20 * time.Second)
	next.expect(next.post(v), http.StatusSeeOther, palisade.ReasonClean, 1)
}

// limited returns a site with one limit.
func limited(t *testing.T, limit palisade.Limit) *site {
	return newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Limits = []palisade.Limit{limit} })
}

func (s *site) submit(mail string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	v := typed(s.load(change...))
	v.Set("email", mail)
	s.wait(4 * time.Second)
	return s.post(v, change...)
}

func TestLimitByAddress(t *testing.T) {
	s := limited(t, palisade.Limit{Rate: 3, Per: time.Hour, By: palisade.ByIP})
	for i := range int64(3) {
		s.expect(s.submit("a@example.org"), http.StatusSeeOther, palisade.ReasonClean, i+1)
	}
	w := s.submit("a@example.org")
	s.expect(w, http.StatusForbidden, palisade.ReasonAddressLimit, 3)
	if s.last().RetryAfter < 19*time.Minute {
		t.Errorf("without a step in %v", s.last().RetryAfter)
	}
	s.expect(s.submit("a@example.org", header("X-Forwarded-For", "192.0.2.99")), http.StatusForbidden, palisade.ReasonAddressLimit, 3)
	s.expect(s.submit("a@example.org", from("192.0.2.1:1")), http.StatusSeeOther, palisade.ReasonClean, 4)
	s.wait(20 * time.Minute)
	s.expect(s.submit("a@example.org"), http.StatusSeeOther, palisade.ReasonClean, 5)
}

func TestLimitByAddressCountsIPv6ByItsCustomer(t *testing.T) {
	s := limited(t, palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByIP})
	s.expect(s.submit("a@example.org", from("[2001:db8::1]:1")), http.StatusSeeOther, palisade.ReasonClean, 1)
	s.expect(s.submit("a@example.org", from("[2001:db8::ffff:2]:1")), http.StatusForbidden, palisade.ReasonAddressLimit, 1)
	s.expect(s.submit("a@example.org", from("[2001:db8:0:1::1]:1")), http.StatusSeeOther, palisade.ReasonClean, 2)
}

func TestRefusedByOneLimitSpendsNone(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Limits = []palisade.Limit{
			{Rate: 2, Per: time.Hour, By: palisade.ByKey("user", func(r *http.Request) string { return r.Header.Get("X-User") })},
			{Rate: 1, Per: time.Hour, By: palisade.ByIP},
		}
	})
	user := header("X-User", "7")
	s.expect(s.submit("a@example.org", user), http.StatusSeeOther, palisade.ReasonClean, 1)
	for range 3 { // over the limit by address; the user's last permit must survive
		s.expect(s.submit("a@example.org", user), http.StatusForbidden, palisade.ReasonAddressLimit, 1)
	}
	s.expect(s.submit("a@example.org", user, from("192.0.2.1:1")), http.StatusSeeOther, palisade.ReasonClean, 2)
	s.expect(s.submit("a@example.org", user, from("192.0.2.2:1")), http.StatusTooManyRequests, palisade.ReasonOverLimit, 2)
}

func TestTicketOverTheLimitMayBeUsedLater(t *testing.T) {
	s := limited(t, palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByIP})
	s.submit("a@example.org")
	v := typed(s.load())
	s.wait(4 * time.Second)
	s.expect(s.post(v), http.StatusForbidden, palisade.ReasonAddressLimit, 1)
	s.wait(time.Hour)
	s.expect(s.post(v), http.StatusSeeOther, palisade.ReasonClean, 2)
}

func TestLimitOfSomebodyElseIsNeverALockout(t *testing.T) {
	s := limited(t, palisade.Limit{Rate: 1, Per: time.Hour, By: palisade.ByField("email")})
	s.expect(s.submit("Vic.Tim+a@gmail.com"), http.StatusSeeOther, palisade.ReasonClean, 1)
	w := s.submit("victim@googlemail.com")
	s.expect(w, 403, palisade.ReasonTargetLimit, 1)
	kept := s.fill(w.Body.String())
	s.wait(20 * time.Second)
	s.expect(s.post(kept), http.StatusSeeOther, palisade.ReasonClean, 2)
}

func TestCarrySparesTheSecondSolveTwice(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	var retry string
	s.handler = s.form.Handle(func(w http.ResponseWriter, r *http.Request, pass palisade.Pass) {
		s.effects.Add(1)
		retry = string(pass.Retry())
		w.WriteHeader(http.StatusUnprocessableEntity)
	})
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.expect(s.post(v), http.StatusUnprocessableEntity, palisade.ReasonClean, 1)
	for i := range int64(2) {
		if strings.Contains(retry, "data-palisade-visible") {
			t.Errorf("correction %d asks for another solve", i+1)
		}
		v = typed(s.fill(retry))
		s.expect(s.post(v), http.StatusUnprocessableEntity, palisade.ReasonClean, 2+i)
	}
	// The third correction needs a solve of its own.
	if !strings.Contains(retry, "data-palisade-visible") {
		t.Error("the third ticket carries the solve again")
	}
}

func TestCarryIsBoundToTheBrowser(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	var retry string
	s.handler = s.form.Handle(func(w http.ResponseWriter, r *http.Request, pass palisade.Pass) { retry = string(pass.Retry()) })
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.post(v)
	s.expect(s.post(typed(s.fill(retry)), header("User-Agent", "another")), 403, palisade.ReasonProofWeak, 0)
}

func TestEndpoints(t *testing.T) {
	s := newSite(t)
	get := func(path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
		r := fromBrowser(httptest.NewRequest("GET", path, nil))
		for _, c := range change {
			c(r)
		}
		w := httptest.NewRecorder()
		s.guard.Handler().ServeHTTP(w, r)
		return w
	}
	if w := get("/.palisade/ticket?form=signup"); w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("ticket: %d %v", w.Code, w.Header())
	}
	if w := get("/.palisade/ticket?form=nosuch"); w.Code != 404 {
		t.Errorf("an unknown form: %d", w.Code)
	}
	if w := get("/.palisade/ticket?form=signup", func(r *http.Request) { r.Method = "POST" }); w.Code != 405 {
		t.Errorf("POST to the ticket endpoint: %d", w.Code)
	}
	if w := get("/.palisade/challenge?form=signup&ticket=forged"); w.Code != 403 {
		t.Errorf("a challenge for a forged ticket: %d", w.Code)
	}
	v := s.load()
	w := get("/.palisade/challenge?form=signup&ticket=" + v.Get("palisade-ticket"))
	if w.Code != 200 {
		t.Fatalf("a challenge for a good ticket: %d %s", w.Code, w.Body)
	}
	v.Set("palisade-proof", solve(t, w.Body.Bytes()))
	s.wait(20 * time.Second)
	s.expect(s.post(typed(v)), http.StatusSeeOther, palisade.ReasonClean, 1)
}

func TestCachedPageIsTheSameForEverybody(t *testing.T) {
	s := newSite(t)
	if a, b := s.form.CachedFields(), s.form.CachedFields(); a != b || strings.Contains(string(a), "challenge=") {
		t.Errorf("cached markup differs or holds a challenge:\n%s\n%s", a, b)
	}
}

func TestFieldsHoldTheNonceOfThePage(t *testing.T) {
	s := newSite(t)
	r := fromBrowser(httptest.NewRequest("GET", "/signup", nil))
	r = r.WithContext(palisade.WithNonce(r.Context(), `abc"<`))
	if markup := string(s.form.Fields(r)); strings.Count(markup, `nonce="abc&#34;&lt;"`) != 2 {
		t.Errorf("the nonce is not on both tags:\n%s", markup)
	}
}

func ExampleForm_Handle() {
	guard, err := palisade.New(palisade.Config{
		Keys:     palisade.Keys{Current: []byte("32 random bytes from a secret store")},
		ClientIP: clientip.RemoteAddr(),
		Site:     "example.com",
	})
	if err != nil {
		panic(err)
	}
	vote, err := guard.Form(palisade.FormConfig{Name: "vote", Ask: palisade.WhenRisky})
	if err != nil {
		panic(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/.palisade/", guard.Handler())
	mux.Handle("POST /vote", vote.Handle(func(w http.ResponseWriter, r *http.Request, pass palisade.Pass) {
		fmt.Fprintln(w, "counted under", pass.Form())
	}))

	// A bot that posts without ever loading the page:
	r := httptest.NewRequest("POST", "/vote", strings.NewReader("option=1"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, r)
	fmt.Println(w.Code)
	// Output: 403
}

func TestTheSameForSomewhereElseIsNoDoubleClick(t *testing.T) {
	s := newSite(t)
	v := typed(s.load())
	s.wait(time.Minute)
	s.expect(s.post(v), 303, palisade.ReasonClean, 1)
	elsewhere := func(r *http.Request) { r.URL.Path, r.RequestURI = "/other", "/other" }
	s.expect(s.post(v, elsewhere), 403, palisade.ReasonTicketSpent, 1)
	s.expect(s.post(v), 303, palisade.ReasonDuplicate, 1)
}

func TestWhatIsOnlyWatchedIsLoggedLikeARefusal(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Monitor = true })
	s.expect(s.post(values{"username": {"bot"}}), 303, palisade.ReasonTicketMissing, 1)
	if log := s.log.String(); !strings.Contains(log, `"level":"INFO"`) || !strings.Contains(log, `"would":"challenge"`) {
		t.Errorf("the log says %s", log)
	}
}

// A middleware around the guard may tell caches to keep what the app answers.
func TestNoCacheKeepsATicket(t *testing.T) {
	s := newSite(t)
	told := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			for _, name := range []string{"CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "Surrogate-Control", "X-Accel-Expires", "Cache-Control"} {
				w.Header().Set(name, "public, max-age=3600")
			}
			h.ServeHTTP(w, r)
		})
	}
	for _, test := range []struct {
		name    string
		handler http.Handler
		request *http.Request
	}{
		{"a challenge page", s.handler, httptest.NewRequest("POST", "/signup", nil)},
		{"a ticket", s.guard.Handler(), httptest.NewRequest("GET", "/.palisade/ticket?form=signup", nil)},
	} {
		w := httptest.NewRecorder()
		told(test.handler).ServeHTTP(w, fromBrowser(test.request))
		if !strings.Contains(w.Body.String(), "palisade") && !strings.Contains(w.Body.String(), "ticket") {
			t.Fatalf("%s: %d %s", test.name, w.Code, w.Body)
		}
		for name, values := range w.Header() {
			if strings.Contains(strings.Join(values, ","), "public") {
				t.Errorf("%s has %s: %v", test.name, name, values)
			}
		}
		if got := w.Header().Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s has Cache-Control: %s", test.name, got)
		}
	}
}
