package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade"
)

const checkbox = "altcha-widget input[type=checkbox]"

// stepShown waits for the visible step.
func (b *tab) stepShown() {
	b.t.Helper()
	b.until("document.querySelector(%q)?.getBoundingClientRect().width", checkbox)
}

// laterOn sets the clocks of server and page ahead, so that a test does not wait for the
// minimum age of a ticket.
func (b *tab) laterOn(s *site) {
	b.t.Helper()
	s.ahead(time.Minute)
	b.do("const now = Date.now; Date.now = () => now() + 60e3")
}

// takeStep ticks the widget, once the ticket is old enough.
func (b *tab) takeStep(s *site) {
	b.t.Helper()
	b.stepShown()
	b.laterOn(s)
	b.click(checkbox)
}

// challenged opens the form's page, sends the form without a proof, and waits for
// the challenge page.
func challenged(s *site, values map[string]string) *tab {
	s.t.Helper()
	s.csp = "script-src 'none'"
	b := open(s, "/")
	b.fill(values)
	b.click("#send")
	b.arrives("/signup")
	return b
}

func TestTheVisibleStepIsTaken(t *testing.T) {
	t.Parallel()
	tests := map[string]func(s *site, b *tab){
		"by a click": func(s *site, b *tab) { b.takeStep(s) },
		"by keyboard": func(s *site, b *tab) {
			b.stepShown()
			b.laterOn(s)
			b.keys(tabKey + space)
		},
		"by a click on the text": func(s *site, b *tab) {
			b.stepShown()
			b.laterOn(s)
			b.click("altcha-widget label")
		},
		"by Enter alone": func(s *site, b *tab) {
			b.stepShown()
			b.laterOn(s)
			b.keys(tabKey + enter)
		},
		"impatiently": func(s *site, b *tab) {
			b.stepShown()
			b.clicks(checkbox, 3)
			b.keys(enter + enter)
			b.laterOn(s)
			b.keys(enter + enter)
		},
		"before the ticket is old enough": func(_ *site, b *tab) {
			b.stepShown()
			b.click(checkbox)
			// On a very busy machine the wait may be over already.
			b.until("location.pathname === '/welcome' || /^Checked\\. Sending in [123] s…$/.test(document.getElementById('palisade-left')?.textContent)")
		},
	}
	for name, step := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			b := challenged(s, typed)
			if violations := b.violations(); len(violations) > 0 {
				t.Errorf("violations of the policy: %q", violations)
			}
			b.until("!document.getElementById('palisade-stuck')") // which says that the step does not work
			step(s, b)
			b.arrives("/welcome")
			b.settle()
			s.expect(1, "challenge proof-missing, allow clean")
			s.expectTyped(typed)
		})
	}
}

func TestTheChallengePageAsksNoThirdParty(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := challenged(s, typed)
	b.stepShown()
	for _, address := range eval[[]string](b, "performance.getEntriesByType('resource').map(e => e.name)") {
		if !strings.HasPrefix(address, s.url+"/.palisade/") {
			t.Errorf("the page loads %s", address)
		}
	}
	if links := eval[[]string](b, "[...document.querySelectorAll('a[href]')].map(a => a.href)"); !slices.Equal(links, []string{s.url + "/"}) {
		t.Errorf("the page links to %q and not just to the page that the form was on", links)
	}
}

const sendShown = "document.getElementById('palisade-send').checkVisibility()"

// The step sends the form by itself. A second button would only confuse the person.
func TestTheButtonOfTheChallengePageIsShownWhenItIsNeeded(t *testing.T) {
	t.Parallel()
	t.Run("not while the step can be taken", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := challenged(s, typed)
		b.stepShown()
		if eval[bool](b, sendShown) {
			t.Error("it is shown beside the step")
		}
		b.takeStep(s)
		b.arrives("/welcome")
	})
	t.Run("when the step is not there", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.refuse = func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/.palisade/visible.") }
		b := challenged(s, typed)
		b.until(sendShown)
		b.laterOn(s)
		b.click("#palisade-send")
		b.arrives("/welcome")
		s.expect(1, "challenge proof-missing, allow clean")
		s.expectTyped(typed)
	})
	t.Run("when the step has failed", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := challenged(s, typed)
		b.stepShown()
		b.do("SubtleCrypto.prototype.deriveBits = () => Promise.reject(new Error('no'))")
		b.click(checkbox)
		b.until(sendShown)
		b.laterOn(s)
		b.click("#palisade-send")
		b.until("document.readyState === 'complete' && !document.querySelector('.altcha[data-state=error]')") // the next page
		b.takeStep(s)
		b.arrives("/welcome")
		s.expectTyped(typed)
	})
	t.Run("when it was sent and the page is still here", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		s.answers = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
		b := challenged(s, typed)
		b.takeStep(s)
		b.until(sendShown)
	})
}

// Typed values survive, with any content and any field name.
func TestWhatWasTypedIsKeptToTheLetter(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	values := map[string]string{}
	markup := `<form method="post" action="/signup?a=b&amp;c=%22d%22">`
	for i, name := range []string{"submit", "requestSubmit", "action", "method", "elements", "id", "name", "querySelector", "getElementById", "a b", "x[]", "ünï", "_charset", `q"uote`, "<b>"} {
		values[name] = fmt.Sprintf("%d: \"quoted\" 'too' <b>&amp; & ü 漢 \\ %%41 +\t\r\n second line ", i)
		markup += fmt.Sprintf(`<textarea aria-label="x" name="%s"></textarea>`, strings.NewReplacer(`"`, "&quot;", "<", "&lt;").Replace(name))
	}
	s.markup = markup + `<input type="checkbox" name="many" value="1" checked><input type="checkbox" name="many" value="2" checked><input name="empty">FIELDS<button name="go" value="yes" id="send">Send</button></form>`
	s.csp = "script-src 'none'"
	b := open(s, "/")
	b.do("for (const area of document.querySelectorAll('textarea')) area.value = %s[area.name]", asJSON(values))
	b.click("#send")
	b.arrives("/signup")
	b.takeStep(s)
	b.arrives("/welcome")
	s.expect(1, "challenge proof-missing, allow clean")
	s.expectTyped(values)
	s.expectTyped(map[string]string{"path": "/signup?a=b&c=%22d%22", "go": "yes", "empty": ""})
	got := s.done()[0]
	if !slices.Equal(got["many"], []string{"1", "2"}) {
		t.Errorf("many=%q", got["many"])
	}
	for name := range got {
		if _, known := values[name]; !known && !slices.Contains([]string{"path", "go", "empty", "many", palisade.FieldTicket, palisade.FieldProof}, name) {
			t.Errorf("the handler got a field %q that was not sent", name)
		}
	}
}

func TestFilesAreChosenAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.markup = strings.Replace(signup, `action="/signup"`, `action="/signup" enctype="multipart/form-data"`, 1)
	s.markup = strings.Replace(s.markup, "FIELDS", `<input type="file" name="photo" aria-label="Photo" id="photo">FIELDS`, 1)
	s.csp = "script-src 'none'"
	file := filepath.Join(t.TempDir(), "engine.png")
	if err := os.WriteFile(file, []byte("\x89PNG"), 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(s, "/")
	b.fill(typed)
	b.choose("#photo", file)
	b.click("#send")
	b.arrives("/signup")
	b.takeStep(s)
	b.until("document.activeElement.type === 'file'") // the browser reports the missing file
	b.settle()
	s.expect(0, "challenge proof-missing")
	b.choose("[name=photo]", file)
	b.click("#palisade-send")
	b.arrives("/welcome")
	s.expect(1, "challenge proof-missing, allow clean")
	s.expectTyped(typed)
	s.expectTyped(map[string]string{"photo": "file:engine.png"})
}

// choose puts a file into a file input.
func (b *tab) choose(selector, file string) {
	b.t.Helper()
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		found, _, err := runtime.Evaluate(fmt.Sprintf("document.querySelector(%q)", selector)).Do(ctx)
		if err != nil {
			return err
		}
		return dom.SetFileInputFiles([]string{file}).WithObjectID(found.ObjectID).Do(ctx)
	}))
}

func TestThePageSaysWhatAPersonCanSee(t *testing.T) {
	t.Parallel()
	t.Run("that the form was open for too long", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := open(s, "/")
		b.fill(typed)
		s.ahead(5 * time.Hour) // the page's clock is wrong; otherwise it would renew the ticket
		b.click("#send")
		b.arrives("/signup")
		b.until("document.body.innerText.includes('open for a long time')")
		b.takeStep(s)
		b.arrives("/welcome")
		s.expect(1, "challenge ticket-expired, allow clean")
		s.expectTyped(typed)
	})
	t.Run("that it was sent before", func(t *testing.T) {
		t.Parallel()
		s := newSite(t)
		b := open(s, "/")
		b.fill(typed)
		b.click("#send")
		b.arrives("/welcome")
		s.replay(b)
		b.arrives("/signup")
		b.until("document.body.innerText.includes('sent before')")
		b.takeStep(s)
		b.arrives("/welcome")
		s.expect(2, "allow clean, challenge ticket-spent, allow clean")
	})
}

// replay submits the last accepted ticket and proof again, with other data.
func (s *site) replay(b *tab) {
	last := s.done()[len(s.done())-1]
	values := url.Values{}
	for name, value := range last {
		if name != "path" {
			values[name] = value
		}
	}
	values.Set("username", "somebody else")
	b.do(`const form = document.createElement('form');
form.method = 'post'; form.action = '/signup';
for (const [name, list] of Object.entries(%s)) for (const value of list) {
  const input = form.appendChild(document.createElement('input'));
  Object.assign(input, {type: 'hidden', name, value});
}
document.body.append(form); form.submit();`, asJSON(values))
}

func TestWithoutJavaScriptThePageSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := blank(t)
	scripts := func(off bool) { b.run(emulation.SetScriptExecutionDisabled(off)) }
	scripts(true)
	b.goTo(s.url + "/")
	for _, text := range []string{tabKey, "Ada", enter} {
		b.keys(text)
	}
	b.arrives("/signup")
	b.until("document.body.innerText.includes('needs JavaScript')")
	if eval[bool](b, "document.getElementById('palisade-send').checkVisibility()") {
		t.Error("there is a button that can do nothing")
	}
	// The page's instructions work: allow scripts, reload, and agree to send again.
	scripts(false)
	b.run(page.Reload())
	b.takeStep(s)
	b.arrives("/welcome")
	s.expect(1, "challenge proof-missing, challenge proof-missing, allow clean")
	s.expectTyped(map[string]string{"username": "Ada"})
}

func TestOverAnInsecureConnectionThePageSaysWhy(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(c *palisade.Config, _ *palisade.FormConfig) {
		c.Hosts = []string{strings.Replace(c.Site, "127.0.0.1", "insecure.test", 1)}
	})
	b := blank(t)
	b.goTo(strings.Replace(s.url, "127.0.0.1", "insecure.test", 1) + "/")
	if eval[bool](b, "isSecureContext") {
		t.Fatal("the context is secure, so nothing is tested")
	}
	b.fill(typed)
	b.click("#send")
	b.arrives("/signup")
	b.until("document.getElementById('palisade-insecure').checkVisibility() && document.body.innerText.includes('https://')")
	b.until("!document.getElementById('palisade-send').checkVisibility()")
	if s.done() != nil {
		t.Error("the handler ran")
	}
}

// The pages speak four languages. For other languages, the widget speaks the visitor's.
func TestThePageSpeaksTheVisitorsLanguage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ accept, title, label string }{
		"English":            {"en-GB,en", "One more step", "I'm not a robot"},
		"German":             {"de-AT,de,en", "Noch ein Schritt", "Ich bin kein Roboter"},
		"French":             {"fr-CA", "Encore une étape", "Je ne suis pas un robot"},
		"Spanish":            {"es-MX", "Un paso más", "No soy un robot"},
		"Polish":             {"pl-PL", "One more step", "Nie jestem robotem"},
		"Polish, or English": {"pl-PL,pl,en", "One more step", "I'm not a robot"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.csp = "script-src 'none'"
			b := blank(t)
			agent := eval[string](b, "navigator.userAgent")
			b.run(emulation.SetUserAgentOverride(agent).WithAcceptLanguage(test.accept), network.Enable())
			b.goTo(s.url + "/")
			b.click("#send")
			b.arrives("/signup")
			b.until("document.querySelector('altcha-widget label')?.innerText.trim() === %q", test.label)
			if got := eval[string](b, "document.querySelector('h1').innerText"); got != test.title {
				t.Errorf("title %q, want %q", got, test.title)
			}
		})
	}
}

// A form that always asks shows the step in its own page.
func TestAStepOnTheFormsOwnPage(t *testing.T) {
	t.Parallel()
	always := func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always }
	tests := map[string]struct {
		csp    string
		cached bool
		before string
		send   func(s *site, b *tab)
	}{
		"the step, then Send": {send: func(s *site, b *tab) {
			b.takeStep(s)
			b.until("document.querySelector('.altcha').dataset.state === 'verified'")
			b.click("#send")
		}},
		"by keyboard": {send: func(s *site, b *tab) {
			b.stepShown()
			b.laterOn(s)
			b.do("document.querySelector('[name=about]').focus()")
			b.keys(tabKey + space)
			b.until("document.querySelector('.altcha').dataset.state === 'verified'")
			b.keys(tabKey + enter)
		}},
		"Send without the step": {send: func(s *site, b *tab) {
			b.stepShown()
			b.laterOn(s)
			b.do("document.querySelector('altcha-widget').addEventListener('focusin', () => { throw new Error('the browser complains of the step') })")
			b.click("#send")
		}},
		"Send while it is under way": {send: func(s *site, b *tab) {
			b.takeStep(s)
			b.clicks("#send", 2)
		}},
		"a cached page": {cached: true, send: func(s *site, b *tab) {
			b.stepShown()
			b.do("document.querySelector('[name=email]').focus()")
			b.until("document.querySelector('[name=palisade-ticket]').value")
			b.takeStep(s)
			b.until("document.querySelector('.altcha').dataset.state === 'verified'")
			b.click("#send")
		}},
		"a strict policy": {
			csp: "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'",
			send: func(s *site, b *tab) {
				b.takeStep(s)
				b.until("document.querySelector('.altcha').dataset.state === 'verified'")
				if violations := b.violations(); len(violations) > 0 {
					b.t.Errorf("violations of the policy: %q", violations)
				}
				b.click("#send")
			},
		},
		"a policy of nonces": {
			csp: "default-src 'none'; script-src NONCE 'strict-dynamic'; style-src NONCE; connect-src 'self'",
			send: func(s *site, b *tab) {
				b.takeStep(s)
				b.until("document.querySelector('.altcha').dataset.state === 'verified'")
				if violations := b.violations(); len(violations) > 0 {
					b.t.Errorf("violations of the policy: %q", violations)
				}
				b.click("#send")
			},
		},
		"a policy of nonces without strict-dynamic": {
			csp: "default-src 'none'; script-src NONCE; style-src NONCE; connect-src 'self'",
			send: func(s *site, b *tab) {
				b.takeStep(s)
				b.until("document.querySelector('.altcha').dataset.state === 'verified'")
				if violations := b.violations(); len(violations) > 0 {
					b.t.Errorf("violations of the policy: %q", violations)
				}
				b.click("#send")
			},
		},
		"a policy under which the widget cannot work": {
			csp: "require-trusted-types-for 'script'; trusted-types 'none'",
			send: func(s *site, b *tab) {
				b.laterOn(s)
				b.click("#send")
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, always)
			s.csp, s.cached = test.csp, test.cached
			b := open(s, "/")
			b.fill(typed)
			test.send(s, b)
			b.arrives("/welcome")
			b.settle()
			s.expect(1, "allow clean")
			s.expectTyped(typed)
		})
	}
}

func TestAStepOfAFormThatIsAddedLater(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	s.markup = `<div id="place"></div><template id="later">` + signup + `</template>` +
		strings.ReplaceAll(signup, `id="f"`, `id="brings-the-script" hidden`)
	b := open(s, "/")
	b.do("place.append(later.content)")
	b.until("document.querySelector('#place altcha-widget input[type=checkbox]')")
}

// If the work fails, the page does not lock a person out with a step that cannot be taken.
func TestAStepThatFailsIsLeftToTheServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(_ *palisade.Config, f *palisade.FormConfig) { f.Ask = palisade.Always })
	b := blank(t)
	b.beforeScripts("if (location.pathname === '/') SubtleCrypto.prototype.deriveBits = () => Promise.reject(new Error('no'))")
	b.goTo(s.url + "/")
	b.fill(typed)
	b.stepShown()
	b.click(checkbox)
	b.until("document.querySelector('.altcha').dataset.state === 'error'")
	b.laterOn(s)
	b.click("#send")
	b.arrives("/signup")
	b.takeStep(s)
	b.arrives("/welcome")
	s.expect(1, "challenge proof-missing, allow clean")
	s.expectTyped(typed)
}
