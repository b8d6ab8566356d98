package e2e_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/e2e/apps"
)

// wayForm guards one form of any app.
const wayForm = "  - {host: \"*\", upstream: UPSTREAM, script: true, forms: [{route: POST /signup, min_fill: 0s, limits: []}]}\n"

// unable has the browser fail at the work of the proof on the app's pages, so that what they send
// is challenged. The page's mend() ends that.
const unable = `if (location.pathname === '/') {
	const able = SubtleCrypto.prototype.deriveBits;
	SubtleCrypto.prototype.deriveBits = () => Promise.reject(new Error('no'));
	window.mend = () => { SubtleCrypto.prototype.deriveBits = able; };
}`

// challengedFrom shows a page whose first submission is challenged.
func (n *noter) challengedFrom(page string) *tab {
	n.t.Helper()
	n.sets(page)
	b := blank(n.t)
	b.beforeScripts("%s", unable)
	b.goTo(n.front + "/")
	return b
}

// another returns the window that the test's site opened beside this one.
func (b *tab) another(front string) *tab {
	b.t.Helper()
	mine := chromedp.FromContext(b.ctx).Target.TargetID
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		all, err := chromedp.Targets(b.ctx)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, one := range all {
			if one.Type == "page" && one.TargetID != mine && strings.HasPrefix(one.URL, front) {
				return attach(b.t, one.TargetID)
			}
		}
	}
	b.t.Fatal("no other window opened")
	return nil
}

// attach returns a window or a frame that is there already.
func attach(t *testing.T, id target.ID) *tab {
	t.Helper()
	ctx, done := chromedp.NewContext(browser, chromedp.WithTargetID(id))
	t.Cleanup(done)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return &tab{t: t, ctx: ctx}
}

// shut closes a window.
func (b *tab) shut() {
	b.t.Helper()
	if err := chromedp.Cancel(b.ctx); err != nil {
		b.t.Fatal(err)
	}
}

// passes waits until a submission has arrived, and takes a step where one is asked: a slow machine
// may need longer for its proof than a browser lets it.
func (b *tab) passes() {
	b.t.Helper()
	b.until("location.pathname === '/welcome' || document.querySelector(%q)?.getBoundingClientRect().width", checkbox)
	if eval[bool](b, "location.pathname !== '/welcome'") {
		b.confirm()
	}
	b.arrives("/welcome")
}

// A form may be sent into another window. The step shows there, and the form can be sent again.
func TestWayInAnotherWindow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ page, send string }{
		"a form that opens a new tab": {
			page: strings.Replace(plain, `method=`, `target="_blank" method=`, 1),
		},
		"a button that opens a new tab": {
			page: strings.Replace(plain, `<button`, `<button formtarget="_blank"`, 1),
		},
		"a form that names a window that is not there": {
			page: strings.Replace(plain, `method=`, `target="result" method=`, 1),
		},
		"a script that opens a popup and sends the form into it": {
			page: plain + `<button id="open" onclick="window.open('', 'popup', 'width=500,height=500'); f.target = 'popup'; f.submit()">Open</button>`,
			send: "#open",
		},
		"a submit handler that opens a popup for the form": {
			page: plain + `<script>f.addEventListener('submit', () => { window.open('', 'popup', 'width=500,height=500'); f.target = 'popup'; })</script>`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, wayForm)
			b := n.challengedFrom(test.page)
			if test.send == "" {
				test.send = "#send"
			}
			b.fill(map[string]string{"name": "Ada ä & co"})
			b.click(test.send)
			popup := b.another(n.front)
			popup.stepShown()
			n.expectNothing()
			popup.confirm()
			popup.arrives("/welcome")
			n.expect("/signup", url.Values{"name": {"Ada ä & co"}})
			popup.shut()

			b.do("mend()")
			if at := eval[string](b, "location.pathname + ' ' + f.elements.name.value"); at != "/ Ada ä & co" {
				t.Errorf("the first window shows %s", at)
			}
			b.fill(map[string]string{"name": "Eve"})
			b.click(test.send)
			b.another(n.front).passes()
			all := n.arrived(2)
			if len(all) != 2 || all[1].fields.Encode() != "name=Eve" {
				t.Errorf("the app got %+v", all)
			}
		})
	}
}

// Browsers open no window long after the click. A form that would have to wait so long for its
// ticket goes at once, and the step shows in its window.
func TestWayInANewTabThatCannotWait(t *testing.T) {
	t.Parallel()
	n := newNoter(t, strings.Replace(wayForm, "min_fill: 0s", "min_fill: 9s", 1))
	b := n.shows(strings.Replace(plain, `method=`, `target="_blank" method=`, 1))
	b.click("#send")
	opened := b.another(n.front)
	opened.stepShown()
	n.expectNothing()
	opened.confirm()
	opened.arrives("/welcome")
	n.expect("/signup", url.Values{"name": {"Ada"}})
}

// A form that is sent into a frame of its page needs no new window, and waits.
func TestWayInAFrameOfThePage(t *testing.T) {
	t.Parallel()
	n := newNoter(t, strings.Replace(wayForm, "min_fill: 0s", "min_fill: 4s", 1))
	b := n.shows(strings.Replace(plain, `method=`, `target="result" method=`, 1) + `<iframe name="result" id="result" title="Result"></iframe>`)
	b.click("#send")
	const frame = "document.getElementById('result').contentWindow"
	b.until(frame + ".location.pathname !== 'blank'")
	if at := eval[string](b, frame+".location.pathname"); at != "/welcome" {
		t.Errorf("the frame shows %s", at)
	}
	n.expect("/signup", url.Values{"name": {"Ada"}})
}

// turnstile lets captchatest stand in for Cloudflare's hosts, for the browser and the gateway.
type turnstile struct {
	*captchatest.Server
	secret string // name of the file
}

func newTurnstile(t *testing.T) *turnstile {
	t.Helper()
	v := &turnstile{captchatest.NewServer(), filepath.Join(t.TempDir(), "secret")}
	t.Cleanup(v.Close)
	v.AddSite(captchatest.Turnstile, "sitekey", "secret-of-the-tests")
	if err := os.WriteFile(v.secret, []byte("secret-of-the-tests"), 0o600); err != nil {
		t.Fatal(err)
	}
	return v
}

// newAsking starts an app whose form asks for Turnstile at every submission.
func newAsking(t *testing.T) (*noter, *turnstile) {
	t.Helper()
	v, n := newTurnstile(t), bareNoter(t)
	host := visited("127.0.0.1")
	n.front = strings.Replace(gateway(t, n.app, fmt.Sprintf("  - {host: %q, upstream: UPSTREAM, script: true, forms: [{route: POST /signup, min_fill: 0s, limits: [], captcha: always}], "+
		"captcha: {service: turnstile, sitekey: sitekey, secret_file: %q, endpoint: %q}}\n", host+":PORT", v.secret, v.VerifyURL(captchatest.Turnstile))), "127.0.0.1", host, 1)
	return n, v
}

// answers has the requests of a window to Cloudflare answered by the stand-in.
func (v *turnstile) answers(b *tab) {
	const cloudflare = "https://challenges.cloudflare.com"
	chromedp.ListenTarget(b.ctx, func(event any) {
		e, ok := event.(*fetch.EventRequestPaused)
		if !ok {
			return
		}
		go func() {
			request, _ := http.NewRequest(e.Request.Method, v.URL()+strings.TrimPrefix(e.Request.URL, cloudflare), strings.NewReader(bodyOf(e.Request)))
			for name, value := range e.Request.Headers {
				request.Header.Set(name, fmt.Sprint(value))
			}
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				return
			}
			defer answer.Body.Close()
			content, _ := io.ReadAll(answer.Body)
			var headers []*fetch.HeaderEntry
			for name := range answer.Header {
				headers = append(headers, &fetch.HeaderEntry{Name: name, Value: answer.Header.Get(name)})
			}
			_ = chromedp.Run(b.ctx, fetch.FulfillRequest(e.RequestID, int64(answer.StatusCode)).WithResponseHeaders(headers).
				WithBody(base64.StdEncoding.EncodeToString(content)))
		}()
	})
	b.run(fetch.Enable().WithPatterns([]*fetch.RequestPattern{{URLPattern: cloudflare + "/*"}}))
}

func bodyOf(r *network.Request) (body string) {
	for _, part := range r.PostDataEntries {
		text, _ := base64.StdEncoding.DecodeString(part.Bytes)
		body += string(text)
	}
	return body
}

// htmx notes what htmx says of its requests.
const htmx = `<script src="/node_modules/htmx.org/dist/htmx.min.js"></script><script>
	window.said = [];
	for (const name of ['beforeRequest', 'afterRequest', 'sendError', 'responseError', 'beforeSwap', 'afterSwap'])
		document.addEventListener('htmx:' + name, e => said.push(name + (name === 'afterRequest' ? ' ' + e.detail.successful : '')));
</script><p id="answer"></p>`

const solve = "button[aria-pressed]"

// The step of what a script sends shows in the page. The page's library sees one request, and
// the app's answer.
func TestWayInThePageOfAScript(t *testing.T) {
	t.Parallel()
	for name, page := range map[string]string{
		"a form of htmx": `<form id="f" hx-post="/signup" hx-target="#answer"><input name="name" value="Ada" aria-label="Name"><button id="send">Send</button></form>` + htmx,
		"a form of htmx that works without scripts too": `<form id="f" hx-post="/signup" hx-target="#answer" method="post" action="/signup"><input name="name" value="Ada" aria-label="Name"><button id="send">Send</button></form>` + htmx,
		"a button of htmx without a form":               `<input id="name" name="name" value="Ada" aria-label="Name"><button id="send" hx-post="/signup" hx-include="#name" hx-target="#answer">Send</button>` + htmx,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, v := newAsking(t)
			n.answers = func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<b>Thank you</b>") }
			n.sets(page)
			b := blank(t)
			v.answers(b)
			b.goTo(n.front + "/")
			b.fill(map[string]string{"name": "Ada ä & co"})
			b.click("#send")
			b.until("document.querySelector(%q)?.checkVisibility()", solve)
			n.expectNothing()
			b.click(solve)
			b.until("document.querySelector('#answer b')")
			n.expect("/signup", url.Values{"name": {"Ada ä & co"}})
			direct := blank(t)
			direct.goTo(n.app.URL + "/")
			direct.click("#send")
			direct.until("document.querySelector('#answer b')")
			b.until("said.join() === %q", eval[string](direct, "said.join()"))
			if got := eval[string](b, "document.querySelector('[name=name]').value"); got != "Ada ä & co" {
				t.Errorf("the field holds %q", got)
			}
		})
	}
}

// Who closes the step lets the page say that its request was refused.
func TestWayInThePageOfAScriptIsClosed(t *testing.T) {
	t.Parallel()
	n, v := newAsking(t)
	n.sets(`<button id="send" hx-post="/signup" hx-target="#answer">Send</button>` + htmx)
	b := blank(t)
	v.answers(b)
	b.goTo(n.front + "/")
	b.click("#send")
	b.until("document.querySelector(%q)?.checkVisibility()", solve)
	b.click("dialog > button")
	b.until("said.join() === 'beforeRequest,beforeSwap,responseError,afterRequest false'")
	b.until("!document.querySelector('dialog')")
	n.expectNothing()
	b.click("#send") // the next one works
	b.until("document.querySelector(%q)?.checkVisibility()", solve)
	b.click(solve)
	b.until("said.includes('afterRequest true')")
	n.expect("/signup", url.Values{})
}

const turbo = `<script type="module" src="/node_modules/@hotwired/turbo/dist/turbo.es2017-esm.js"></script>`

// settled says that Turbo is done with its last visit, and shows no preview.
const settled = "document.querySelector('#send') && !Turbo.navigator.currentVisit && !document.documentElement.hasAttribute('data-turbo-preview')"

// Turbo sends a form by fetch, keeps pages when they are left and shows them again.
func TestWayInThePageOfTurbo(t *testing.T) {
	t.Parallel()
	for name, asks := range map[string]bool{"with a step in the page": true, "without a step": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, v := newNoter(t, wayForm), (*turnstile)(nil)
			if asks {
				n, v = newAsking(t)
			}
			n.sets(turbo + plain)
			b := blank(t)
			if asks {
				v.answers(b)
			}
			b.goTo(n.front + "/")
			b.until("window.Turbo")
			b.do("window.same = true")
			for i := range map[bool]int{true: 1, false: 3}[asks] {
				name := fmt.Sprint("Ada ä & co ", i)
				b.fill(map[string]string{"name": name})
				b.click("#send")
				if asks {
					b.until("document.querySelector(%q)?.checkVisibility()", solve)
					n.arrived(i)
					b.click(solve)
				}
				b.arrives("/welcome")
				b.until(settled)
				if all := n.arrived(i + 1); len(all) != i+1 || all[i].fields.Encode() != (url.Values{"name": {name}}).Encode() {
					t.Fatalf("the app got %+v", all)
				}
				b.do("history.back()")
				b.arrives("/")
				b.until(settled)
				if i == 1 { // back and forth
					b.do("history.forward()")
					b.arrives("/welcome")
					b.until(settled)
					b.do("history.back()")
					b.arrives("/")
				}
				b.until(settled)
			}
			if !eval[bool](b, "window.same === true") {
				t.Error("Turbo loaded the page again, so its cache was not tested")
			}
		})
	}
}

// forget deletes the cookies of the page's host. The other tests keep theirs.
func (b *tab) forget() {
	b.t.Helper()
	b.run(chromedp.ActionFunc(func(ctx context.Context) error {
		cookies, err := network.GetCookies().Do(ctx)
		for _, one := range cookies {
			err = errors.Join(err, network.DeleteCookies(one.Name).WithDomain(one.Domain).WithPath(one.Path).Do(ctx))
		}
		return err
	}))
}

// A page may come back long after it was left, when the browser has lost our cookies.
func TestWayOfAPageThatComesBack(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string]string{"from the back-forward cache": "", "that is loaded again": "no-store"} {
		for _, fails := range []bool{false, true} {
			t.Run(fmt.Sprint(name, map[bool]string{true: ", and is challenged"}[fails]), func(t *testing.T) {
				t.Parallel()
				n := newNoter(t, strings.Replace(wayForm, "forms:", "protect: auto, forms:", 1))
				n.caching = headers
				n.sets(strings.Replace(plain, ` value="Ada"`, "", 1))
				b := blank(t)
				if fails {
					b.beforeScripts("%s", unable)
				}
				b.goTo(n.front + "/")
				b.click("[name=name]")
				b.keys("Ada & co")
				if !fails { // a session needs a proof too
					b.until(opened)
				}
				b.do("location.href = '/elsewhere'")
				b.arrives("/elsewhere")
				b.forget()
				b.do("history.back()")
				b.arrives("/")
				b.until("f.elements.name.value === 'Ada & co'")
				if got := eval[bool](b, "seen.shows.includes(true)"); got != (headers == "") {
					t.Errorf("the page comes from the cache: %v", got)
				}
				b.click("#send")
				if fails {
					b.confirm()
				}
				b.arrives("/welcome")
				n.expect("/signup", url.Values{"name": {"Ada & co"}})
			})
		}
	}
}

// behindNginx starts nginx with the locations of a server, and returns its URL.
func behindNginx(t *testing.T, locations string) string {
	t.Helper()
	dir, port := t.TempDir(), apps.FreePort(t)
	conf := "daemon off; worker_processes 1; pid nginx.pid; error_log stderr;\nevents {}\nhttp {\n" +
		"access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n" +
		"server { listen 127.0.0.1:" + port + "; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;\n" + locations + "}\n}\n"
	if os.Getuid() == 0 {
		conf = "user root;\n" + conf // root may read the temporary folder
	}
	if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	apps.Run(t, dir, nil, "http://127.0.0.1:"+port+"/", "nginx", "-p", dir, "-c", "nginx.conf")
	return "http://127.0.0.1:" + port
}

// A proxy in front sends one folder of a host to the gateway. The rest of the host, with the usual
// place of our files, belongs to another app.
func TestWayBelowAPath(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ settings, location, route, target string }{
		"that the proxy passes on": {"base: /app/.palisade/", "proxy_pass http://GATEWAY;", "/app/signup", "/app/signup"},
		"that the proxy cuts off":  {"prefix: /app", "proxy_pass http://GATEWAY/;", "/signup", "/signup"},
	} {
		for _, fails := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", and is challenged"}[fails], func(t *testing.T) {
				t.Parallel()
				n := bareNoter(t)
				n.answers = func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/app/welcome", http.StatusSeeOther) }
				gate := gatewayWith(t, n.app, "trust: [127.0.0.1]\n", "  - {host: \"*\", upstream: UPSTREAM, script: true, "+test.settings+", forms: [{route: POST "+test.route+", min_fill: 0s, limits: []}]}\n")
				n.front = visited(behindNginx(t, "location /app/ { "+strings.Replace(test.location, "GATEWAY", hostOf(gate), 1)+" } location / { return 404; }\n"))
				n.sets(strings.Replace(plain, "/signup", "/app/signup", 1))
				b := blank(t)
				if fails {
					b.beforeScripts("%s", strings.Replace(unable, "'/'", "'/app/'", 1))
				}
				b.goTo(n.front + "/app/")
				b.fill(map[string]string{"name": "Ada ä & co"})
				b.click("#send")
				if fails {
					b.confirm()
				}
				b.arrives("/app/welcome")
				n.expect(test.target, url.Values{"name": {"Ada ä & co"}})
			})
		}
	}
}

// An app may send a submission on to the other spelling of its path. Browsers repeat the body,
// and the app gets it once at the end.
func TestWayOfASubmissionThatTheAppSendsOn(t *testing.T) {
	t.Parallel()
	for name, route := range map[string]string{
		"to a path that the same route guards": "POST /signup",
		"to a path that is named":              `["POST /signup exact", "POST /signup/ exact"]`,
	} {
		for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			for _, fails := range []bool{false, true} {
				t.Run(fmt.Sprint(name, ", ", status, map[bool]string{true: ", and is challenged"}[fails]), func(t *testing.T) {
					t.Parallel()
					n := newNoter(t, strings.Replace(wayForm, "POST /signup", route, 1))
					n.answers = func(w http.ResponseWriter, r *http.Request) {
						if r.URL.Path == "/signup" {
							http.Redirect(w, r, "/signup/", status)
							return
						}
						http.Redirect(w, r, "/welcome", http.StatusSeeOther)
					}
					n.sets(plain)
					b := blank(t)
					if fails {
						b.beforeScripts("%s", unable)
					}
					b.goTo(n.front + "/")
					b.fill(map[string]string{"name": "Ada ä & co"})
					b.click("#send")
					if fails {
						b.confirm()
					}
					b.arrives("/welcome")
					all := n.arrived(2)
					if len(all) != 2 || all[0].target != "/signup" || all[1].target != "/signup/" {
						t.Fatalf("the app got %+v", all)
					}
					for _, got := range all {
						if got.fields.Encode() != (url.Values{"name": {"Ada ä & co"}}).Encode() {
							t.Errorf("the app got %v at %s", got.fields, got.target)
						}
					}
				})
			}
		}
	}
}

// frame returns the frame of another site in a page.
func (b *tab) frame(front string) *tab {
	b.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		all, err := chromedp.Targets(b.ctx)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, one := range all {
			if one.Type == "iframe" && strings.HasPrefix(one.URL, front) {
				return attach(b.t, one.TargetID)
			}
		}
	}
	b.t.Fatal("there is no such frame")
	return nil
}

// clickIn clicks on an element of a frame that fills the window's page from its corner.
func (b *tab) clickIn(frame *tab, selector string) {
	b.t.Helper()
	at := eval[[2]float64](frame, `(r => [r.x + r.width / 2, r.y + r.height / 2])(document.querySelector(%q).getBoundingClientRect())`, selector)
	corner := eval[[2]float64](b, `(r => [r.x, r.y])(document.querySelector('iframe').getBoundingClientRect())`)
	b.clickAt(corner[0]+at[0], corner[1]+at[1])
}

// A page of another site has the form in a frame. Browsers send no strict cookies there.
func TestWayInAFrameOfAnotherSite(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		parents, policy string
		blocked         bool
	}{
		"that the configuration allows":                         {parents: "self, PARENT"},
		"that the app's page allows":                            {policy: "frame-ancestors 'self' PARENT"},
		"that the app's page does not speak of":                 {},
		"that the configuration does not allow, unlike the app": {parents: "self", blocked: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var front string
			parent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprintf(w, `<!doctype html><title>Partner</title><link rel="icon" href="data:,"><iframe src="%s/" width="700" height="550" title="Form"></iframe>`, front)
			}))
			t.Cleanup(parent.Close)
			partner := visited(parent.URL)
			settings := ""
			if test.parents != "" {
				settings = ", frame_parents: [" + strings.Replace(test.parents, "PARENT", fmt.Sprintf("%q", partner), 1) + "]"
			}
			n := newNoter(t, strings.Replace(wayForm, "script: true", "script: true"+settings, 1))
			n.policy = strings.Replace(test.policy, "PARENT", partner, 1)
			n.sets(plain)
			front = n.front
			b := blank(t)
			b.goTo(partner + "/")
			frame := b.frame(n.front)
			frame.until("document.readyState === 'complete'")
			frame.do("%s", unable)
			frame.fill(map[string]string{"name": "Ada ä & co"})
			b.clickIn(frame, "#send")
			if test.blocked {
				frame.until("location.href.startsWith('chrome-error:')")
				n.expectNothing()
				return
			}
			frame.stepShown()
			n.expectNothing()
			frame.do("window.first = true")
			b.clickIn(frame, checkbox)
			// The gateway's cookie does not come back, so the input comes once more, in plain fields.
			frame.until("!window.first")
			frame.stepShown()
			if got := eval[string](frame, "document.querySelector('[name=name]').value"); got != "Ada ä & co" {
				t.Errorf("the page holds %q", got)
			}
			b.clickIn(frame, checkbox)
			frame.arrives("/welcome")
			n.expect("/signup", url.Values{"name": {"Ada ä & co"}})
		})
	}
}
