package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
)

// provider is a third-party captcha on its own host, like the real ones: a script that adds
// a button to all elements of a class. Each of its tokens is valid once.
type provider struct {
	origin string
	spent  map[string]bool
}

const providerScript = `
let n = 0;
window.turnstile = {
  render(element) {
    const button = element.appendChild(document.createElement('button')), field = element.appendChild(document.createElement('input'));
    Object.assign(button, {type: 'button', className: 'solve', textContent: 'I am a person'});
    Object.assign(field, {type: 'hidden', name: 'x-captcha-response'});
    button.onclick = () => { field.value = 'token-' + n++ + '-' + element.dataset.sitekey + '-' + element.dataset.action; };
  },
  reset() { document.querySelector('[name=x-captcha-response]').value = ''; },
};
document.querySelectorAll('.x-captcha').forEach(turnstile.render);`

func (p *provider) Service() captcha.Service {
	return captcha.Service{
		Name: "x", Field: "x-captcha-response", Script: p.origin + "/provider.js", Class: "x-captcha",
		CSP: []string{p.origin}, MaxToken: 100, Life: 120e9,
	}
}

func (p *provider) Sitekey() string     { return "key" }
func (p *provider) Validate(bool) error { return nil }

func (p *provider) Verify(_ context.Context, a captcha.Attempt) (captcha.Result, error) {
	if p.spent[a.Token] || !strings.HasSuffix(a.Token, "-key-"+a.Expect.Action) {
		return captcha.Result{Reason: captcha.ReasonSpent}, nil
	}
	p.spent[a.Token] = true
	return captcha.Result{OK: true, Action: a.Expect.Action}, nil
}

// newCaptchaSite returns a site whose forms ask the provider.
func newCaptchaSite(t *testing.T, when palisade.When) *site {
	t.Helper()
	p := &provider{spent: make(map[string]bool)}
	s := newSite(t, func(c *palisade.Config, f *palisade.FormConfig) {
		p.origin = "http://" + strings.Replace(c.Site, "127.0.0.1", "captcha.test", 1)
		c.Captcha, f.Ask = p, when
	})
	s.provider = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, providerScript)
	}
	return s
}

func TestAThirdPartyCaptcha(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		when     palisade.When
		cached   bool
		script   string
		play     func(s *site, b *tab)
		outcomes string
	}{
		"on the form's page": {
			when: palisade.Always,
			play: func(s *site, b *tab) {
				b.click(".solve")
				b.laterOn(s)
				b.click("#send")
				b.arrives("/welcome")
			},
			outcomes: "allow clean",
		},
		"on a page that was cached": {
			when: palisade.Always, cached: true,
			play: func(s *site, b *tab) {
				b.do("document.querySelector('[name=email]').focus()")
				b.until("document.querySelector('.solve')")
				b.click(".solve")
				b.laterOn(s)
				b.click("#send")
				b.arrives("/welcome")
			},
			outcomes: "allow clean",
		},
		"on the challenge page, which sends by itself": {
			when: palisade.Always,
			play: func(s *site, b *tab) {
				b.laterOn(s)
				b.click("#send")
				b.arrives("/signup")
				b.until("document.querySelector('.solve')")
				if violations := b.violations(); len(violations) > 0 {
					b.t.Errorf("violations of the policy: %q", violations)
				}
				b.laterOn(s)
				b.click(".solve")
				b.arrives("/welcome")
			},
			outcomes: "challenge captcha-none, allow clean",
		},
		"for a script, each time with a new token": {
			when: palisade.Always, script: asks,
			play: func(s *site, b *tab) {
				s.step = 10 * time.Second
				b.do(`const later = setTimeout;
				window.setTimeout = (f, ms, ...rest) => later(f, Math.min(ms, 300), ...rest);
				window.statuses = []; window.posted = 0;
				(async () => {
					const first = await post({});
					const second = await post(await palisade.answer(first.body));
					posted = 1;
					const third = await post({});
					const fourth = await post(await palisade.answer(third.body));
					statuses = [first, second, third, fourth].map(a => a.status);
				})()`)
				b.until("document.querySelector('.solve')")
				b.click(".solve")
				b.until("posted === 1 && !document.querySelector('[name=x-captcha-response]').value") // the used token is gone
				b.click(".solve")
				b.until("statuses.join() === '403,200,403,200'")
			},
			outcomes: "challenge ticket-missing, allow clean, challenge ticket-missing, allow clean",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newCaptchaSite(t, test.when)
			s.cached, s.script = test.cached, test.script
			b := open(s, "/")
			b.fill(typed)
			test.play(s, b)
			s.expect(strings.Count(test.outcomes, "allow"), test.outcomes)
		})
	}
}
