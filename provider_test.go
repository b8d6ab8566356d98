package palisade_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
)

// withService returns a site that asks a stand-in of hCaptcha, and waits for its answer
// however slow the machine is.
func withService(t *testing.T, options ...func(*palisade.Config, *palisade.FormConfig)) (*site, *captchatest.Server) {
	return withServiceFor(t, time.Minute, options...)
}

// withServiceFor waits for its answer so long.
func withServiceFor(t *testing.T, patience time.Duration, options ...func(*palisade.Config, *palisade.FormConfig)) (*site, *captchatest.Server) {
	services := captchatest.NewServer()
	t.Cleanup(services.Close)
	services.AddSite(captchatest.HCaptcha, "the-sitekey", "the-secret")
	provider := captcha.HCaptcha("the-sitekey", "the-secret",
		captcha.Endpoint(services.VerifyURL(captchatest.HCaptcha)), captcha.Timeout(patience))
	base := func(c *palisade.Config, f *palisade.FormConfig) { c.Captcha, f.Ask = provider, palisade.Always }
	s := newSite(t, append([]func(*palisade.Config, *palisade.FormConfig){base}, options...)...)
	services.SetClock(s.clock)
	return s, services
}

const tokenField = "h-captcha-response"

func buy(services *captchatest.Server) string {
	return services.Solve(captchatest.HCaptcha, "the-sitekey", captchatest.Solution{Hostname: "example.com"})
}

func TestServiceIsAskedOnTopOfTheProof(t *testing.T) {
	s, services := withService(t)
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.expect(s.post(v), 403, palisade.ReasonCaptcha, 0)
	if n := len(services.History()); n != 0 {
		t.Errorf("%d calls without a token", n)
	}
	v.Set(tokenField, buy(services))
	s.expect(s.post(v), http.StatusSeeOther, palisade.ReasonClean, 1)
}

func TestServiceIsNotAskedAboutWhatIsRefusedAnyway(t *testing.T) {
	s, services := withService(t)
	v := typed(s.load())
	v.Set(tokenField, buy(services))
	s.post(v) // too fast
	v.Set("palisade-proof", "")
	s.wait(20 * time.Second)
	s.post(v) // no proof
	v.Set("palisade-ticket", strings.Repeat("A", 78))
	s.post(v) // no ticket
	if n := len(services.History()); n != 0 || s.effects.Load() != 0 {
		t.Errorf("%d calls, %d effects", n, s.effects.Load())
	}
}

func TestOneTokenForManyTicketsIsOneEffect(t *testing.T) {
	s, services := withService(t)
	token := buy(services)
	var forms []values
	for range 16 {
		v := typed(s.load())
		v.Set(tokenField, token)
		forms = append(forms, v)
	}
	s.wait(20 * time.Second)
	var wg sync.WaitGroup
	for _, v := range forms {
		wg.Go(func() { s.post(v) })
	}
	wg.Wait()
	if s.effects.Load() != 1 {
		t.Errorf("%d effects of one token", s.effects.Load())
	}
	if n := len(services.History()); n != 1 {
		t.Errorf("the service was asked %d times about one token", n)
	}
}

func TestOwnReplayProtectionOutlivesTheServices(t *testing.T) {
	s, services := withService(t)
	v := typed(s.load())
	v.Set(tokenField, "a-token")
	s.wait(20 * time.Second)
	// A service that forgets: the same token is a success each time.
	accept := func() {
		services.Answer(captchatest.HCaptcha, 200, `{"success":true,"challenge_ts":"`+s.clock().Format(time.RFC3339)+`"}`, -1)
	}
	accept()
	s.expect(s.post(v), http.StatusSeeOther, palisade.ReasonClean, 1)
	again := typed(s.load())
	again.Set(tokenField, "a-token")
	s.wait(95 * time.Second) // the claim of the unverified bytes is over by now
	accept()
	s.expect(s.post(again), 403, "captcha-token-spent", 1)
}

func TestRiskyVisitorsAloneAreAsked(t *testing.T) {
	s, services := withService(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.WhenRisky })
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.expect(s.post(v), http.StatusSeeOther, palisade.ReasonClean, 1)

	hasty := typed(s.load())
	w := s.post(hasty)
	s.expect(w, 403, palisade.ReasonSuspicious, 1)
	page := w.Body.String()
	if !strings.Contains(page, "h-captcha") || !strings.Contains(page, "the-sitekey") {
		t.Fatalf("the challenge page does not show the service's widget:\n%s", page)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.Contains(policy, "https://*.hcaptcha.com") {
		t.Errorf("the page's policy blocks the widget: %s", policy)
	}
	kept := s.fill(page)
	s.wait(20 * time.Second)
	s.expect(s.post(kept), 403, palisade.ReasonCaptcha, 1)
	kept.Set(tokenField, buy(services))
	s.expect(s.post(kept), http.StatusSeeOther, palisade.ReasonClean, 2)
}

func TestWhenTheServiceFails(t *testing.T) {
	rows := []struct {
		name   string
		fault  captchatest.Fault
		status int
		why    palisade.Reason
	}{
		{"down: the hardest local step stands in", captchatest.Status500, 403, palisade.ReasonProviderDown},
		{"no answer: the hardest local step stands in", captchatest.Hang, 403, palisade.ReasonProviderDown},
		{"garbage: the hardest local step stands in", captchatest.Garbage, 403, palisade.ReasonProviderDown},
		{"quota used up: nobody passes, or anybody could use it up to get an easier one", captchatest.Quota, 503, palisade.ReasonProviderMisfit},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			patience := time.Minute
			if row.fault == captchatest.Hang {
				patience = 300 * time.Millisecond
			}
			s, services := withServiceFor(t, patience, func(_ *palisade.Config, f *palisade.FormConfig) {
				f.Limits = []palisade.Limit{{Rate: 2, Per: time.Hour, By: palisade.ByIP}}
			})
			v := typed(s.load())
			v.Set(tokenField, buy(services))
			s.wait(20 * time.Second)
			services.Fail(captchatest.HCaptcha, row.fault, -1)
			w := s.post(v)
			s.expect(w, row.status, row.why, 0)
			if s.last().Err == nil {
				t.Error("an outage without an error in the log")
			}
			if row.status == 503 {
				if w.Header().Get("Retry-After") == "" {
					t.Error("503 without Retry-After")
				}
				return
			}
			kept := s.fill(w.Body.String())
			if kept.Has(tokenField) {
				t.Error("the page still asks for the service that is down")
			}
			s.wait(time.Hour)
			s.expect(s.post(kept), http.StatusSeeOther, palisade.ReasonClean, 1)
			// It counted double: the limit of two is used up.
			next := typed(s.load())
			next.Set(tokenField, buy(services))
			s.wait(4 * time.Second)
			s.expect(s.post(next), http.StatusForbidden, palisade.ReasonAddressLimit, 1)
		})
	}
}

func TestRefuseWhileTheServiceIsDown(t *testing.T) {
	s, services := withService(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.ProviderDown = palisade.Refuse })
	v := typed(s.load())
	v.Set(tokenField, buy(services))
	s.wait(20 * time.Second)
	services.Fail(captchatest.HCaptcha, captchatest.Status500, -1)
	s.expect(s.post(v), 503, palisade.ReasonProviderDown, 0)
}

func TestOneNetworkCannotFloodTheService(t *testing.T) {
	s, services := withService(t)
	var forms []values
	for i := range 60 { // from many addresses of one network, each within its own budgets
		addr := from(fmt.Sprintf("203.0.113.%d:1", i+1))
		v := typed(s.load(addr))
		v.Set(tokenField, fmt.Sprintf("made-up-%d", i))
		forms = append(forms, v)
	}
	s.wait(20 * time.Second)
	for i, v := range forms {
		s.post(v, from(fmt.Sprintf("203.0.113.%d:1", i+1)))
	}
	if n := len(services.History()); n != 30 {
		t.Errorf("one network made the guard ask %d times at once, want 30", n)
	}
	s.wait(2 * time.Second) // enough for another derivation, not for another token
	s.expect(s.post(forms[59]), http.StatusTooManyRequests, palisade.ReasonOverLimit, 0)
}

// anySpelling is a service whose tokens can be written in many ways.
type anySpelling struct{ captcha.Provider }

func (anySpelling) Verify(context.Context, captcha.Attempt) (captcha.Result, error) {
	return captcha.Result{OK: true, ID: "one and the same"}, nil
}

func TestTokenThatIsWrittenInAnotherWayIsTheSame(t *testing.T) {
	s, _ := withService(t, func(c *palisade.Config, _ *palisade.FormConfig) { c.Captcha = anySpelling{c.Captcha} })
	first, second := typed(s.load()), typed(s.load())
	first.Set(tokenField, "one-way")
	second.Set(tokenField, "another-way")
	s.wait(20 * time.Second)
	s.expect(s.post(first), http.StatusSeeOther, palisade.ReasonClean, 1)
	s.expect(s.post(second), 403, "captcha-token-spent", 1)
}
