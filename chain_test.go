package palisade_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/challenge"
)

const secondField = "cf-turnstile-response"

// knowing is a provider that can know that it is down.
type knowing struct {
	captcha.Provider
	down bool
}

func (k *knowing) Down() bool { return k.down }

// withChain returns a site that asks hCaptcha, and Turnstile in its place.
func withChain(t *testing.T) (*site, *captchatest.Server, *knowing) {
	first := new(knowing)
	var other *captchatest.Server
	s, services := withService(t, func(c *palisade.Config, _ *palisade.FormConfig) {
		first.Provider, c.Captcha = c.Captcha, first
		other = captchatest.NewServer()
		t.Cleanup(other.Close)
		other.AddSite(captchatest.Turnstile, "second", "its-secret")
		c.Fallbacks = []captcha.Provider{captcha.Turnstile("second", "its-secret", captcha.Endpoint(other.VerifyURL(captchatest.Turnstile)), captcha.Timeout(time.Minute))}
	})
	other.SetClock(s.clock)
	second = func() string {
		return other.Solve(captchatest.Turnstile, "second", captchatest.Solution{Hostname: "example.com", Action: "signup"})
	}
	fail = func(times int) { other.Fail(captchatest.Turnstile, captchatest.Status503, times) }
	return s, services, first
}

// second buys a token of the fallback, and fail takes it down; of the latest site.
var (
	second func() string
	fail   func(times int)
)

func TestFallbackStandsInWhileTheFirstIsDown(t *testing.T) {
	s, services, _ := withChain(t)
	v := typed(s.load())
	v.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	services.Fail(captchatest.HCaptcha, captchatest.Status500, -1)
	w := s.post(v)
	s.expect(w, 403, palisade.ReasonProviderDown, 0)
	if page := w.Body.String(); !strings.Contains(page, `class="cf-turnstile" data-sitekey="second"`) || strings.Contains(page, "h-captcha") {
		t.Fatalf("the page does not ask for the fallback:\n%s", page)
	}
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "challenges.cloudflare.com") {
		t.Errorf("the policy does not let it load: %s", csp)
	}
	next := s.fill(w.Body.String())
	s.wait(20 * time.Second)
	s.expect(s.post(next), 403, palisade.ReasonCaptcha, 0) // without its token
	next.Set(tokenField, buy(services))
	s.expect(s.post(next), 403, palisade.ReasonCaptcha, 0) // with a token of the one that is down
	next.Del(tokenField)
	next.Set(secondField, second())
	s.expect(s.post(next), http.StatusSeeOther, palisade.ReasonClean, 1)
}

// Where all are known to be down, the one whose turn it is is asked: never the first
// again, whose failure was just seen.
func TestAFallbackThatIsKnownToBeDownIsAskedAllTheSame(t *testing.T) {
	s, services := withService(t, func(c *palisade.Config, _ *palisade.FormConfig) {
		c.Captcha = &knowing{c.Captcha, false}
		c.Fallbacks = []captcha.Provider{&knowing{captcha.Turnstile("second", "its-secret"), true}}
	})
	v := typed(s.load())
	v.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	services.Fail(captchatest.HCaptcha, captchatest.Status500, -1)
	w := s.post(v)
	s.expect(w, 403, palisade.ReasonProviderDown, 0)
	if page := w.Body.String(); !strings.Contains(page, `data-sitekey="second"`) || strings.Contains(page, "h-captcha") {
		t.Errorf("the page asks for another one:\n%s", page)
	}
}

// A visitor who is challenged again stays with the service that their page asked.
func TestAVisitorOfTheFallbackIsNotSentBack(t *testing.T) {
	s, _, first := withChain(t)
	first.down = true
	v := typed(s.load()) // shown with the fallback
	first.down = false
	page := s.post(v).Body.String() // too quick
	if !strings.Contains(page, `data-sitekey="second"`) || strings.Contains(page, "h-captcha") {
		t.Errorf("the page asks for another one:\n%s", page)
	}
}

func TestBehindTheLastFallbackStandsTheEmbeddedStep(t *testing.T) {
	s, services, _ := withChain(t)
	v := typed(s.load())
	v.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	services.Fail(captchatest.HCaptcha, captchatest.Status500, -1)
	next := s.fill(s.post(v).Body.String())
	next.Set(secondField, second())
	fail(-1)
	s.wait(20 * time.Second)
	w := s.post(next)
	s.expect(w, 403, palisade.ReasonProviderDown, 0)
	if d := s.last(); d.Level != uint8(challenge.Hard) {
		t.Errorf("level %d; the hardest step stands in", d.Level)
	}
	last := s.fill(w.Body.String())
	s.wait(time.Minute)
	s.expect(s.post(last), http.StatusSeeOther, palisade.ReasonClean, 1)
}

// The stand-in serves one page. A visitor who is challenged again is asked for a captcha:
// the service may be back.
func TestAStandInIsNotForever(t *testing.T) {
	s, services, _ := withChain(t)
	v := typed(s.load())
	v.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	services.Fail(captchatest.HCaptcha, captchatest.Status500, -1)
	next := s.fill(s.post(v).Body.String())
	next.Set(secondField, second())
	fail(-1)
	s.wait(20 * time.Second)
	last := s.fill(s.post(next).Body.String())
	s.expect(s.post(last), 403, palisade.ReasonTicketTooNew, 0)
	last.Del(palisade.FieldProof)
	s.wait(time.Minute)
	if page := s.post(last).Body.String(); !strings.Contains(page, "h-captcha") {
		t.Errorf("the page asks for no captcha:\n%s", page)
	}
}

func TestAChainOfAllLinksThatThereMayBe(t *testing.T) {
	s, services := withService(t, func(c *palisade.Config, _ *palisade.FormConfig) {
		c.Fallbacks = []captcha.Provider{captcha.Turnstile("a", "b"), captcha.RecaptchaV2("a", "b"), captcha.FriendlyV2("a", "b")}
	})
	v := typed(s.load())
	v.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	s.expect(s.post(v), 303, palisade.ReasonClean, 1)
}

func TestNobodyCanChooseTheFallback(t *testing.T) {
	s, _, _ := withChain(t)
	v := typed(s.load())
	v.Set(secondField, second())
	s.wait(20 * time.Second)
	s.expect(s.post(v), 403, palisade.ReasonCaptcha, 0)
}

func TestPageIsShownWithWhatIsKnownToBeUp(t *testing.T) {
	s, services, first := withChain(t)
	first.down = true
	v := typed(s.load())
	v.Set(secondField, second())
	first.down = false // meanwhile it is back
	s.wait(20 * time.Second)
	s.expect(s.post(v), http.StatusSeeOther, palisade.ReasonClean, 1)
	if n := len(services.History()); n != 0 {
		t.Errorf("%d calls to the one that was down", n)
	}
}

func TestFallbacksAreChecked(t *testing.T) {
	_, err := palisade.New(palisade.Config{Fallbacks: []captcha.Provider{captcha.Turnstile("1x00000000000000000000AA", "")}})
	for _, want := range []string{"Fallbacks stand in for Captcha", "Fallbacks[0]: turnstile: the secret is missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not speak of %q:\n%v", want, err)
		}
	}
}
