package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// serviceSecret is the secret of the site shop-1 in tests.
const serviceSecret = "a-secret-of-the-tests-0123456789"

// verification starts palisade serve as a verification service and returns its URL. Sites
// are YAML; SECRET stands for a file with serviceSecret.
func verification(t *testing.T, sites string) string {
	t.Helper()
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	address := "127.0.0.1:" + apps.FreePort(t)
	text := "admin: \"off\"\n" + apps.ObservedYAML + "service:\n  listen: " + address + "\n  sites:\n" + strings.ReplaceAll(sites, "SECRET", "secret_file: shop.secret")
	for name, text := range map[string]string{"palisade.yaml": text, "shop.secret": serviceSecret + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	apps.Run(t, dir, nil, "http://"+address+"/v1/openapi.json", file, "serve", "-config", "palisade.yaml")
	return "http://" + address
}

// shop is a site whose page has the widget, and whose server asks siteverify.
type shop struct {
	t       *testing.T
	service string
	url     string
	markup  string            // SERVICE stands for the service
	script  string            // inline
	verify  string            // path of siteverify
	field   string            // the field with the token
	headers map[string]string // of the page, beside its policy

	mu   sync.Mutex
	said []map[string]any // answers of siteverify
	form url.Values
}

func newShop(t *testing.T) *shop {
	s := &shop{t: t}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = visited(server.URL)
	return s
}

// serve starts the service for the shop's host.
func (s *shop) serve(settings string) {
	host := strings.TrimPrefix(s.url, "http://")
	s.service = verification(s.t, "    - {key: shop-1, SECRET, hosts: [\""+host+"\"]"+settings+"}\n")
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/favicon.ico":
		http.NotFound(w, r)
	case r.Method == http.MethodPost:
		_ = r.ParseForm()
		answer, err := http.PostForm(s.service+s.verify, url.Values{"secret": {serviceSecret}, "response": {r.PostForm.Get(s.field)}, "remoteip": {"127.0.0.1"}})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		var said map[string]any
		_ = json.Unmarshal(text, &said)
		s.mu.Lock()
		s.said, s.form = append(s.said, said), r.PostForm
		s.mu.Unlock()
		fmt.Fprintf(w, "<!doctype html><html lang=en><title>Verified</title><p id=said>%v</p>", said["success"])
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		for name, value := range s.headers {
			w.Header().Set(name, value)
		}
		// The policy allows only the sources that a page with the widget needs.
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'unsafe-inline' "+s.service+"; frame-src "+s.service+"; form-action 'self'")
		fmt.Fprint(w, strings.ReplaceAll("<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>Shop</title><script>"+s.script+"</script><main><h1>Shop</h1>"+s.markup+"</main>", "SERVICE", s.service))
	}
}

// last returns siteverify's answer to the latest submission.
func (s *shop) last() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.said) == 0 {
		return nil
	}
	return s.said[len(s.said)-1]
}

// tick clicks the checkbox in the widget's frame until the click has an effect. A click
// before the browser has painted the frame is lost.
func (b *tab) tick(came string) {
	b.t.Helper()
	b.until("window.widgetReady")
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		at := eval[[2]float64](b, `(r => [r.x + 33, r.y + r.height / 2])(document.querySelector('iframe').getBoundingClientRect())`)
		b.clickAt(at[0], at[1])
		for range 100 {
			if eval[bool](b, "!!(%s)", came) {
				return
			}
			time.Sleep(30 * time.Millisecond)
		}
	}
	b.t.Fatalf("the box was ticked and it never came to: %s", came)
}

// pages are the vendors' own snippets, with our host in the script's URL.
var pages = map[string]struct{ script, verify, field, element string }{
	"reCAPTCHA v2": {"/recaptcha/api.js", "/recaptcha/api/siteverify", "g-recaptcha-response", `<div class="g-recaptcha" data-sitekey="shop-1"></div>`},
	"hCaptcha":     {"/1/api.js", "/siteverify", "h-captcha-response", `<div class="h-captcha" data-sitekey="shop-1"></div>`},
	"Turnstile":    {"/turnstile/v0/api.js", "/turnstile/v0/siteverify", "cf-turnstile-response", `<div class="cf-turnstile" data-sitekey="shop-1" data-action="login" data-cdata="session-7" data-theme="light"></div>`},
	"Friendly":     {"/captcha/api.js?compat=friendly", "/turnstile/v0/siteverify", "frc-captcha-response", `<div class="frc-captcha" data-sitekey="shop-1"></div>`},
	"our own":      {"/captcha/api.js", "/turnstile/v0/siteverify", "palisade-response", `<div class="palisade-captcha" data-sitekey="shop-1" data-size="compact"></div>`},
}

func TestPageOfAnyVendorMovesOverByItsScriptsURL(t *testing.T) {
	for vendor, page := range pages {
		t.Run(vendor, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.verify, s.field = page.verify, page.field
			s.markup = `<form method="post">` + page.element + `<button id="send">Send</button></form><script src="SERVICE` + page.script + `" async defer></script>`
			s.serve("")
			b := blank(t)
			b.goTo(s.url + "/")
			b.tick(fmt.Sprintf("document.querySelector('[name=%q]').value", page.field))
			b.click("#send")
			b.until("document.querySelector('#said')?.textContent === 'true'")
			said := s.last()
			if host, _, _ := strings.Cut(strings.TrimPrefix(s.url, "http://"), ":"); said["hostname"] != host {
				t.Errorf("the host of the page is %s, and siteverify says %v", host, said)
			}
			if vendor == "Turnstile" && (said["action"] != "login" || said["cdata"] != "session-7") {
				t.Errorf("action and cdata: %v", said)
			}
			s.mu.Lock()
			token := s.form.Get(page.field)
			s.mu.Unlock()
			if len(token) < 100 || len(token) > 2048 {
				t.Errorf("a token of %d characters", len(token))
			}
		})
	}
}

// readyToTick waits until the frame has shown its checkbox and reported it.
func (b *tab) readyToTick() {
	b.t.Helper()
	b.until("window.widgetReady")
}

func TestKeyboardAloneTicksTheWidget(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.verify, s.field = "/siteverify", "h-captcha-response"
	s.markup = `<form method="post"><label>Name <input id="name" name="name"></label>` + pages["hCaptcha"].element + `<button>Send</button></form><script src="SERVICE/1/api.js" async defer></script>`
	s.serve("")
	b := blank(t)
	b.goTo(s.url + "/")
	b.readyToTick()
	b.click("#name")
	b.keys("Ada" + tabKey)
	b.until("document.activeElement.tagName === 'IFRAME'")
	b.keys(space)
	b.until("document.querySelector('[name=h-captcha-response]').value")
}

// The ways in which scripts of pages use the widget.
func TestScriptsOfPagesUseTheWidget(t *testing.T) {
	for name, row := range map[string]struct{ query, verify, script, markup, use string }{
		"explicit render with callbacks": {"/recaptcha/api.js?onload=loaded&render=explicit", "/recaptcha/api/siteverify",
			`function loaded() { window.id = grecaptcha.render('box', {sitekey: 'shop-1', callback: token => { window.token = token; }}); }`,
			`<div id="box"></div>`, "tick"},
		"invisible, and executed": {"/recaptcha/api.js", "/recaptcha/api/siteverify",
			`function done(token) { window.token = token; }`,
			`<div class="g-recaptcha" data-sitekey="shop-1" data-size="invisible" data-callback="done"></div>`, "grecaptcha.execute()"},
		"version 3, by its sitekey": {"/recaptcha/api.js?render=shop-1", "/recaptcha/api/siteverify", ``, ``,
			`grecaptcha.ready(() => grecaptcha.execute('shop-1', {action: 'login'}).then(token => { window.token = token; }))`},
		"Enterprise's name": {"/recaptcha/enterprise.js?render=shop-1", "/recaptcha/api/siteverify", ``, ``,
			`grecaptcha.enterprise.ready(() => grecaptcha.enterprise.execute('shop-1', {action: 'login'}).then(token => { window.token = token; }))`},
		"hCaptcha's promise": {"/1/api.js", "/siteverify", ``, `<div id="h" class="h-captcha" data-sitekey="shop-1" data-size="invisible"></div>`,
			`hcaptcha.execute(0, {async: true}).then(({response, key}) => { window.token = key && response; })`},
		"a button of its own": {"/recaptcha/api.js", "/recaptcha/api/siteverify", `function done(token) { window.token = token; }`,
			`<form><button id="send" class="g-recaptcha" data-sitekey="shop-1" data-callback="done">Send</button></form>`, "click"},
		"Turnstile by selector": {"/turnstile/v0/api.js?render=explicit", "/turnstile/v0/siteverify", ``, `<div id="box"></div>`,
			`turnstile.ready(() => turnstile.render('#box', {sitekey: 'shop-1', action: 'login', size: 'invisible', callback: token => { window.token = token; }})), setTimeout(() => turnstile.execute('#box'), 300)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.verify = row.verify
			s.script, s.markup = row.script, row.markup+`<script src="SERVICE`+row.query+`" async defer></script>`
			s.serve("")
			b := blank(t)
			b.goTo(s.url + "/")
			b.until("window.grecaptcha?.render || window.hcaptcha?.render || window.turnstile?.render")
			switch row.use {
			case "tick":
				b.tick("window.token")
			case "click":
				b.click("#send")
			default:
				b.do("%s", row.use)
			}
			b.until("window.token")
			answer, err := http.PostForm(s.service+row.verify, url.Values{"secret": {serviceSecret}, "response": {eval[string](b, "window.token")}})
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body)
			if !strings.Contains(string(text), `"success": true`) {
				t.Errorf("%s", text)
			}
			scored := strings.Contains(row.use, "shop-1', {action") && strings.HasPrefix(row.query, "/recaptcha")
			if strings.Contains(string(text), `"score"`) != scored || scored && !strings.Contains(string(text), `"action": "login"`) {
				t.Errorf("score and action are for version 3: %s", text)
			}
			if violations := b.violations(); len(violations) > 0 {
				t.Errorf("violations of the policy: %q", violations)
			}
		})
	}
}

// Vendors call the page's function after the load event of their script.
func TestOnloadIsCalledAfterTheScriptsOwnLoadEvent(t *testing.T) {
	for name, attributes := range map[string]string{"a script": "", "an async script": "async", "a module": "type=module"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.script = `window.order = []; function loaded() { order.push('callback'); }`
			s.markup = `<script src="SERVICE/recaptcha/api.js?onload=loaded&render=explicit" onload="order.push('load')" ` + attributes + `></script>`
			s.serve("")
			b := blank(t)
			b.goTo(s.url + "/")
			b.until("window.order?.length === 2")
			if order := eval[string](b, "order.join()"); order != "load,callback" {
				t.Errorf("the order is %s", order)
			}
		})
	}
}

// A page that loads the script a second time waits for the second call.
func TestSecondTagCallsItsFunctionToo(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.script = `window.called = []; function first() { called.push(1); } function second() { called.push(2); }`
	s.markup = `<script src="SERVICE/1/api.js?onload=first"></script><script src="SERVICE/1/api.js?onload=second"></script>`
	s.serve("")
	b := blank(t)
	b.goTo(s.url + "/")
	b.until("window.called?.join() === '1,2'")
}

// The script has to find its own address, which a module is not told.
func TestScriptIsLoadedAsAModule(t *testing.T) {
	for name, load := range map[string]string{
		"by a tag":     `<script type="module" src="SERVICE/turnstile/v0/api.js?hl=de"></script>`,
		"by an import": `<script type="module">import 'SERVICE/turnstile/v0/api.js?hl=de';</script>`,
		"by import()":  `<script>import('SERVICE/turnstile/v0/api.js?hl=de');</script>`,
		"with CORS":    `<script type="module" crossorigin="anonymous" src="SERVICE/turnstile/v0/api.js?hl=de"></script>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.markup = `<form>` + pages["Turnstile"].element + `</form>` + load
			s.serve("")
			b := blank(t)
			b.goTo(s.url + "/")
			b.tick("window.turnstile?.getResponse()")
			if !eval[bool](b, "document.querySelector('iframe').src.includes('hl=de')") {
				t.Error("the script did not read its own query")
			}
		})
	}
}

func TestPagesThatIsolateThemselvesShowTheWidget(t *testing.T) {
	for _, policy := range []string{"require-corp", "credentialless"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.headers = map[string]string{"Cross-Origin-Embedder-Policy": policy, "Cross-Origin-Opener-Policy": "same-origin"}
			s.markup = `<form>` + pages["hCaptcha"].element + `</form><script src="SERVICE/1/api.js"></script>`
			s.serve("")
			b := blank(t)
			b.goTo(s.url + "/")
			if !eval[bool](b, "crossOriginIsolated") {
				t.Fatal("the page is not isolated")
			}
			b.tick("hcaptcha.getResponse()")
		})
	}
}

// Wrappers take 0 for a widget that is not there yet. Pages name the first one 0.
func TestWidgetHasANameThatIsTrueAndANumber(t *testing.T) {
	for api, row := range map[string]struct{ script, kind string }{
		"turnstile": {"/turnstile/v0/api.js", "string"}, "hcaptcha": {"/1/api.js", "string"}, "palisadeCaptcha": {"/captcha/api.js", "string"},
		"grecaptcha": {"/recaptcha/api.js", "number"}, // as from Google: the first is 0
	} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.script = "function loaded() { window.id = " + api + ".render('box', {sitekey: 'shop-1'}); }"
			s.markup = `<div id="box"></div><script src="SERVICE` + row.script + `?render=explicit&onload=loaded"></script>`
			s.serve("")
			b := blank(t)
			b.goTo(s.url + "/")
			b.until("window.id !== undefined")
			if kind := eval[string](b, "typeof id"); kind != row.kind || kind == "string" && !eval[bool](b, "!!id") {
				t.Errorf("render returned a %s", kind)
			}
			b.tick(api + ".getResponse(id)")
			if !eval[bool](b, "%[1]s.getResponse(0) === %[1]s.getResponse(id) && %[1]s.getResponse('0') === %[1]s.getResponse(id)", api) {
				t.Error("the number does not name the widget")
			}
			b.do("%s.reset(0)", api)
			if eval[string](b, "%s.getResponse(id)", api) != "" {
				t.Error("the token is still there")
			}
		})
	}
}

// A framework may empty the element of a widget and render again.
func TestWidgetIsRenderedAgainIntoAnEmptiedElement(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.markup = `<form><div id="box"></div></form><script src="SERVICE/turnstile/v0/api.js?render=explicit"></script>`
	s.serve("")
	b := blank(t)
	b.goTo(s.url + "/")
	b.do("turnstile.render('#box', {sitekey: 'shop-1'})")
	b.until("window.widgetReady")
	b.do("document.getElementById('box').textContent = ''; window.widgetReady = false; turnstile.render('#box', {sitekey: 'shop-1'})")
	b.tick("document.querySelector('[name=cf-turnstile-response]').value")
}

func TestWidgetIsResetAndGivesAnotherToken(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.markup = `<form>` + pages["Turnstile"].element + `</form><script src="SERVICE/turnstile/v0/api.js"></script>`
	s.serve("")
	b := blank(t)
	b.goTo(s.url + "/")
	b.tick("turnstile.getResponse()")
	first := eval[string](b, "turnstile.getResponse()")
	b.do("turnstile.reset()")
	if eval[string](b, "document.querySelector('[name=cf-turnstile-response]').value + turnstile.getResponse()") != "" {
		t.Error("the token is still there")
	}
	b.tick("turnstile.getResponse()")
	if eval[string](b, "turnstile.getResponse()") == first {
		t.Error("the token is the one of before")
	}
}

func TestPagesOfOtherHostsGetNoToken(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.markup = `<div class="g-recaptcha" data-sitekey="shop-1"></div><script src="SERVICE/recaptcha/api.js"></script>`
	s.service = verification(t, "    - {key: shop-1, SECRET, hosts: [shop.example]}\n")
	b := blank(t)
	b.goTo(s.url + "/")
	b.until("document.querySelector('iframe')")
	b.do("grecaptcha.execute()")
	b.do("setTimeout(() => { window.waited = true; }, 1500)")
	b.until("window.waited")
	if token := eval[string](b, "grecaptcha.getResponse()"); token != "" {
		t.Errorf("a page of another host got the token %s", token)
	}
}

func TestTheWidgetLooksRightAndIsAccessible(t *testing.T) {
	s := newShop(t)
	var all strings.Builder
	for _, theme := range []string{"light", "dark", "auto"} {
		fmt.Fprintf(&all, `<p><div class="palisade-captcha" data-sitekey="shop-1" data-theme="%s"></div></p>`, theme)
	}
	s.markup = all.String() + `<p><div class="palisade-captcha" data-sitekey="shop-1" data-size="compact"></div></p>` +
		`<p><div class="palisade-captcha" data-sitekey="shop-1" data-size="flexible" data-language="de"></div></p>` +
		`<p><div class="palisade-captcha" data-sitekey="unknown"></div></p><script src="SERVICE/captcha/api.js"></script>`
	s.serve("")
	lookAt(t, s.url+"/", "widget", func(b *tab) {
		b.tick("palisadeCaptcha.getResponse()")
		time.Sleep(time.Second) // until the mark is drawn, for the screenshots
	})
}
