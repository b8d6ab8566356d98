package palisade_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/signal"
)

func TestASignalThatIsOnlyRecordedRefusesNobody(t *testing.T) {
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) {
		f.Signals = signal.Settings{"origin": {Mode: signal.Observe}}
	})
	v := typed(s.load())
	s.wait(20 * time.Second)
	s.expect(s.post(v, header("Sec-Fetch-Site", "cross-site"), header("Origin", "https://evil.example")), 303, palisade.ReasonClean, 1)
	found := s.last().Findings
	if len(found) == 0 || !found[0].Monitored || found[0].Hard || found[0].Weight != 0 {
		t.Errorf("%+v, want what was found, without a say", found)
	}
}

// A form that asks everybody asks those, too, whose page is from before it did.
func TestATicketFromBeforeAStepWasAskedFor(t *testing.T) {
	before := newSite(t)
	v := typed(before.load())
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	s.wait(20 * time.Second)
	s.expect(s.post(v), 403, palisade.ReasonProofWeak, 0)
}

func TestWhoIsToldApart(t *testing.T) {
	s := newSite(t)
	var none palisade.Visitor
	visitorOf := func(addr string) palisade.Visitor {
		s.post(typed(s.load()), from(addr))
		return s.last().Visitor
	}
	one := visitorOf("203.0.113.7:1")
	if one == none || one != visitorOf("203.0.113.7:2") || one == visitorOf("203.0.113.8:1") {
		t.Errorf("visitor %q: of one address, and of no other", one)
	}
	if got := visitorOf("[2001:db8::1]:1"); got == none || got != visitorOf("[2001:db8::2]:1") {
		t.Errorf("visitor %q: of one /64", got)
	}
	if got := visitorOf("nowhere"); got != none {
		t.Errorf("visitor %q without an address", got)
	}
}

func TestWhatChangedBetweenPageAndSubmission(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*http.Request)
		why    palisade.Reason
		weight float64
	}{
		{"another browser", header("User-Agent", "another"), signal.ReasonAgentChanged, 1},
		{"no browser", func(r *http.Request) { r.Header.Del("User-Agent") }, signal.ReasonAgentChanged, 1},
		{"another network", from("198.51.100.1:1"), signal.ReasonNetworkChanged, 0.5},
	} {
		s := newSite(t)
		v := typed(s.load())
		s.wait(20 * time.Second)
		s.expect(s.post(v, test.change), 303, palisade.ReasonClean, 1)
		if d := s.last(); len(d.Findings) != 1 || d.Findings[0].Reason != test.why || d.Findings[0].Weight != test.weight || d.Score != test.weight {
			t.Errorf("%s: %+v, score %v", test.name, d.Findings, d.Score)
		}
	}
}

func TestThePageOfWhoHasNoAddress(t *testing.T) {
	s := newSite(t)
	v := typed(s.load(from("nowhere")))
	s.wait(20 * time.Second)
	s.expect(s.post(v, from("nowhere")), 400, palisade.ReasonAddress, 0)
	if len(v["palisade-ticket"]) != 1 || v.Get("palisade-ticket") == "" {
		t.Errorf("the page has no ticket: %v", v)
	}
}

// reCAPTCHA v3 shows nothing: its script is told the key, and run when the form is sent.
func TestTheScriptOfAWidget(t *testing.T) {
	for _, test := range []struct {
		provider captcha.Provider
		ends     string
	}{
		{captcha.RecaptchaV3("the-key", "secret"), "?render=the-key"},
		{captcha.HCaptcha("the-key", "secret"), ".js"},
	} {
		s := newSite(t, func(c *palisade.Config, f *palisade.FormConfig) { c.Captcha, f.Ask = test.provider, palisade.Always })
		o := problem(t, s.post(typed(s.load()), header("Accept", "application/json"))).Challenge
		if o == nil || o.Captcha == nil || !strings.HasSuffix(o.Captcha.Script, test.ends) || (o.Captcha.Execute != "") != strings.HasPrefix(test.ends, "?") {
			t.Errorf("%s: %+v", test.provider.Service().Name, o)
		}
	}
}

// When all of a chain are down, what a page is shown with stays what it was.
func TestAChainThatIsDownKeepsItsPlace(t *testing.T) {
	s, services, first := withChain(t)
	v := typed(s.load())
	v.Set(tokenField, buy(services))
	first.down = true
	down := s.fill(string(s.form.Fields(fromBrowser(httptest.NewRequest("GET", "/signup", nil)))))
	first.down = false
	s.wait(20 * time.Second)
	s.expect(s.post(typed(down)), 403, palisade.ReasonCaptcha, 0)
	down.Set(secondField, second())
	s.expect(s.post(typed(down)), 303, palisade.ReasonClean, 1)
}
