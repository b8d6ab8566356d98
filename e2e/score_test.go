package e2e_test

import (
	"strings"
	"testing"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
)

// moved is a provider whose script comes from its simulation.
type moved struct {
	captcha.Provider
	script string
}

func (m moved) Service() captcha.Service {
	s := m.Provider.Service()
	s.Script, s.CSP = m.script, []string{m.script[:strings.LastIndex(m.script, "/recaptcha")]}
	return s
}

// newScoreSite returns a site whose forms ask reCAPTCHA v3. It shows nothing to click: the
// script makes a token when the form is sent.
func newScoreSite(t *testing.T) (*site, *captchatest.Server) {
	t.Helper()
	vendor := captchatest.NewServer()
	t.Cleanup(vendor.Close)
	vendor.AddSite(captchatest.RecaptchaV3, "v3-key", "v3-secret")
	s := newSite(t, func(c *palisade.Config, f *palisade.FormConfig) {
		c.Captcha = moved{captcha.RecaptchaV3("v3-key", "v3-secret", captcha.Endpoint(vendor.VerifyURL(captchatest.RecaptchaV3))), vendor.ScriptURL(captchatest.RecaptchaV3)}
		f.Ask = palisade.Always
	})
	vendor.SetClock(s.clock)
	return s, vendor
}

func TestRecaptchaV3IsAskedWhenTheFormIsSent(t *testing.T) {
	t.Parallel()
	s, vendor := newScoreSite(t)
	b := open(s, "/")
	b.fill(typed)
	b.do("document.querySelector('[name=email]').focus()")
	b.until("seen.events.includes('palisade:solved')")
	if token := eval[string](b, "document.querySelector('[name=g-recaptcha-response]').value"); token != "" {
		t.Error("a token was made before it is needed, and grows old")
	}
	b.laterOn(s)
	b.click("#send")
	b.arrives("/welcome")
	s.expect(1, "allow clean")
	if calls := vendor.History(); len(calls) != 1 || calls[0].Form.Get("response") == "" {
		t.Errorf("the vendor was asked %d times", len(calls))
	}
}

func TestRecaptchaV3OnTheChallengePage(t *testing.T) {
	t.Parallel()
	s, _ := newScoreSite(t)
	b := challenged(s, typed)
	b.laterOn(s)
	b.until("window.grecaptcha && document.querySelector('#palisade-send').checkVisibility()")
	b.click("#palisade-send")
	b.arrives("/welcome")
	s.expectTyped(typed)
	if violations := b.violations(); len(violations) > 0 {
		t.Errorf("violations of the policy: %q", violations)
	}
}

func TestRecaptchaV3OnAPageThatWasCached(t *testing.T) {
	t.Parallel()
	s, _ := newScoreSite(t)
	s.cached = true
	b := open(s, "/")
	b.fill(typed)
	b.do("document.querySelector('[name=email]').focus()")
	b.until("document.querySelector('[data-palisade-execute]') && window.grecaptcha")
	b.laterOn(s)
	b.click("#send")
	b.arrives("/welcome")
	s.expect(1, "allow clean")
}
