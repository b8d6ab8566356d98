package e2e_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade/e2e/apps"
)

const djangoForms = `  - host: "*"
    upstream: UPSTREAM
    forms: [{route: POST /signup/}, {route: POST /upload/}, {route: POST /comment/}]
`

const flaskForms = `  - host: "*"
    upstream: UPSTREAM
    script: true
    forms: [{route: POST /contact}, {route: POST /api/subscribe}]
`

var newMember = map[string]string{"username": "ada", "password1": "correct horse 7", "password2": "correct horse 7"}

var visits atomic.Int64

// visited returns a server's URL with a host name that no other test uses, because cookies
// belong to a host with all its ports. Browsers resolve names under localhost by themselves.
func visited(url string) string {
	return strings.Replace(url, "127.0.0.1", fmt.Sprintf("test%d.localhost", visits.Add(1)), 1)
}

// withoutScript loads a page without our script. Its form is then sent without a proof and
// gets the challenge page.
func (b *tab) withoutScript(url string) {
	b.t.Helper()
	b.run(network.Enable(), network.SetBlockedURLs([]string{"*/.palisade/palisade.*.js"}))
	b.goTo(url)
	b.run(network.SetBlockedURLs([]string{}))
}

func (b *tab) upload(selector, file string) {
	b.t.Helper()
	b.run(chromedp.SetUploadFiles(selector, []string{file}, chromedp.ByQuery))
}

// confirm takes the step of a challenge page.
func (b *tab) confirm() {
	b.t.Helper()
	b.stepShown()
	b.click(checkbox)
}

func TestDjangoSignUp(t *testing.T) {
	t.Parallel()
	app := apps.Django(t, "gunicorn")
	front := visited(gateway(t, app, djangoForms))

	b := blank(t)
	b.goTo(front + "/signup/")
	b.fill(map[string]string{"username": "ada", "password1": "correct horse 7", "password2": "mistyped"})
	b.click("form button")
	b.until("document.querySelector('.errorlist')")
	if n := app.Effects()["users"]; n != 0 {
		t.Errorf("%d users before the mistake was corrected", n)
	}
	b.fill(newMember)
	b.click("form button")
	b.arrives("/welcome/")
	if n := app.Effects()["users"]; n != 1 {
		t.Errorf("%d users, want 1", n)
	}
}

func TestDjangoSignUpUnderWaitressIsChallengedAndLosesNothing(t *testing.T) {
	t.Parallel()
	app := apps.Django(t, "waitress")
	front := visited(gateway(t, app, djangoForms))
	b := blank(t)
	b.withoutScript(front + "/signup/")
	b.fill(newMember)
	b.click("form button")
	b.confirm()
	b.arrives("/welcome/")
	if n := app.Effects()["users"]; n != 1 {
		t.Errorf("%d users, want 1", n)
	}
}

// Over HTTPS Django also compares the Referer. The cookie of the capsule is one that no
// other host can set.
func TestDjangoOverHTTPSIsChallengedAndLosesNothing(t *testing.T) {
	t.Parallel()
	app := apps.Django(t, "gunicorn", "DJANGO_BEHIND_TLS=1")
	front := visited(gatewayWith(t, app, "tls: {cert: cert.pem, key: key.pem}\n", djangoForms))
	b := blank(t)
	b.withoutScript(front + "/signup/")
	b.fill(newMember)
	b.click("form button")
	b.stepShown()
	var cookies []*network.Cookie
	b.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		cookies, err = network.GetCookies().Do(ctx)
		return err
	}))
	if !slices.ContainsFunc(cookies, func(c *network.Cookie) bool {
		return c.Name == "__Host-palisade" && c.Secure && c.HTTPOnly && c.SameSite == network.CookieSameSiteStrict
	}) {
		t.Errorf("the browser has no such cookie: %v", cookies)
	}
	b.confirm()
	b.arrives("/welcome/")
	if n := app.Effects()["users"]; n != 1 {
		t.Errorf("%d users, want 1", n)
	}
	// The silent proof, over HTTP/2.
	b.goTo(front + "/comment/")
	b.fill(map[string]string{"name": "Ada", "text": "Hello"})
	b.click("form button")
	b.arrives("/")
	if proto := eval[string](b, "performance.getEntriesByType('navigation')[0].nextHopProtocol"); proto != "h2" {
		t.Errorf("the browser speaks %s", proto)
	}
	if n := app.Effects()["comments"]; n != 1 {
		t.Errorf("%d comments, want 1", n)
	}
}

func TestDjangoUploadIsChallengedAndKeepsTheFile(t *testing.T) {
	t.Parallel()
	app := apps.Django(t, "gunicorn")
	front := visited(gateway(t, app, djangoForms))
	content := []byte(strings.Repeat(allBytes(), 4<<10)) // 1 MiB
	file := filepath.Join(t.TempDir(), "thesis ä.bin")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}

	b := blank(t)
	b.withoutScript(front + "/upload/")
	b.fill(map[string]string{"title": "Träume", "notes": "line one\nline two"})
	b.upload("[name=document]", file)
	b.click("form button")
	b.stepShown()
	if eval[bool](b, "!!document.querySelector('input[type=file]')") {
		t.Error("the challenge page asks for the file again")
	}
	b.confirm()
	b.arrives("/welcome/")

	var got struct {
		Title, Notes, SHA256 string
		Size                 int
	}
	resp, err := http.Get(app.URL + "/uploads/latest")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	if got.SHA256 != hex.EncodeToString(sum[:]) || got.Size != len(content) || got.Title != "Träume" || got.Notes != "line one\r\nline two" {
		t.Errorf("the app has %+v", got)
	}
}

func TestFlaskContactIsCorrectedWithoutASecondStep(t *testing.T) {
	t.Parallel()
	app := apps.Flask(t)
	// Without guard.js, which would load our script again on a click.
	front := visited(gateway(t, app, strings.Replace(flaskForms, "script: true", "script: false", 1)))
	b := blank(t)
	b.withoutScript(front + "/contact")
	b.fill(map[string]string{"name": "Ada", "email": "nowhere", "message": "Hello"})
	b.click("form button")
	b.confirm() // only once
	b.until("document.querySelector('.error')")
	b.fill(map[string]string{"email": "ada@example.org"})
	b.click("form button")
	b.arrives("/thanks")
	if n := app.Effects()["messages"]; n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func TestPageThatSendsWithFetchNeedsNoChange(t *testing.T) {
	t.Parallel()
	app := apps.Flask(t)
	front := visited(gateway(t, app, flaskForms))
	b := blank(t)
	b.goTo(front + "/subscribe")
	b.click("#email")
	b.keys("ada@example.org")
	b.click("#subscribe")
	b.until("document.getElementById('said').textContent === 'Subscribed.'")

	const request = `new Promise(done => {
		const x = new XMLHttpRequest(), events = [];
		x.open('POST', '/api/subscribe');
		x.setRequestHeader('Content-Type', 'application/json');
		x.onload = () => done([x.status, x.responseText]);
		x.send('{"email":"eve@example.org"}');
	})`
	if got := eval[[]any](b, request); fmt.Sprint(got[0]) != "201" {
		t.Errorf("XMLHttpRequest got %v", got)
	}
	// The server asks for more with an invalid ticket, and the page does not notice.
	b.do("palisade.headers = () => Promise.resolve({'Palisade-Ticket': 'stale'})")
	if got := eval[[]any](b, request); fmt.Sprint(got[0]) != "201" {
		t.Errorf("XMLHttpRequest that was challenged got %v", got)
	}
	if n := app.Effects()["subscriptions"]; n != 3 {
		t.Errorf("%d subscriptions, want 3", n)
	}
}

func TestWithoutJavaScriptThePageSaysWhatToDoAndKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	app := apps.Flask(t)
	front := visited(gateway(t, app, flaskForms))
	b := blank(t)
	b.goTo(front + "/contact")
	b.fill(map[string]string{"name": "Ada", "email": "ada@example.org", "message": "Hello"})
	b.run(emulation.SetScriptExecutionDisabled(true))
	b.click("form button")
	b.until("document.querySelector('main')?.innerText.includes('needs JavaScript')")
	if !eval[bool](b, "document.querySelector('main').innerText.includes('What you typed is kept')") {
		t.Error("the page does not say that it keeps the typed values")
	}
	// The page's instructions work: allow it, and reload.
	b.run(emulation.SetScriptExecutionDisabled(false), chromedp.Reload())
	b.confirm()
	b.arrives("/thanks")
	if n := app.Effects()["messages"]; n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func TestTheGatewaysPagesLookRightAndAreAccessible(t *testing.T) {
	t.Parallel()
	app := apps.Django(t, "gunicorn")
	front := visited(gateway(t, app, djangoForms))
	file, err := filepath.Abs("scraper.py")
	if err != nil {
		t.Fatal(err)
	}
	lookAt(t, front+"/", "gateway challenge that keeps a file", func(b *tab) {
		b.withoutScript(front + "/upload/")
		b.fill(map[string]string{"title": "x"})
		b.upload("[name=document]", file)
		b.click("form button")
		b.stepShown()
	})
	lookAt(t, front+"/signup/", "gateway form", func(*tab) {})

	down := visited(gateway(t, &apps.App{URL: "http://127.0.0.1:" + apps.FreePort(t)}, djangoForms))
	lookAt(t, down+"/", "gateway without an app", func(b *tab) {
		b.until("document.querySelector('h1').textContent === 'No answer from the site'")
	})
}

// scrape runs the scraper of the usual tutorials.
func scrape(t *testing.T, url string, arguments ...string) (sent int) {
	t.Helper()
	out, err := exec.Command(apps.Python("python"), append([]string{"scraper.py", url}, arguments...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var result struct{ Sent int }
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	t.Logf("%s %v: %s", url, arguments, out)
	return result.Sent
}

// scrapes are the behaviours of the scraper; the last one does everything it can.
var scrapes = [][]string{{"8"}, {"2", "--wait", "3.5"}, {"8", "--solve"}, {"8", "--solve", "--wait", "3.5"}}

var long = flag.Bool("long", false, "run the scraper for ten minutes")

func TestScraper(t *testing.T) {
	for _, test := range []struct {
		name, path, effect string
		app                func() *apps.App
		sites              string
	}{
		{"django", "/signup/", "users", func() *apps.App { return apps.Django(t, "gunicorn") }, djangoForms},
		{"flask", "/contact", "messages", func() *apps.App { return apps.Flask(t) }, flaskForms},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bare := test.app()
			sent := 0
			for _, arguments := range scrapes {
				sent += scrape(t, bare.URL+test.path, arguments...)
			}
			if n := bare.Effects()[test.effect]; n != sent || sent != 26 {
				t.Errorf("of %d that it sent to the bare app, %d had an effect", sent, n)
			}

			app := test.app()
			front := gateway(t, app, test.sites)
			start := time.Now()
			// The limit lets 3 through at once, and one more each 200 s, however long a slow
			// machine takes.
			limit := func() int { return 3 + int(time.Since(start)/(200*time.Second)) }
			for i, arguments := range scrapes {
				scrape(t, front+test.path, arguments...)
				least, most := 0, 0
				if i == len(scrapes)-1 {
					least, most = 3, limit()
				}
				if n := app.Effects()[test.effect]; n < least || n > most {
					t.Errorf("%v: %d effects behind the gateway, want %d to %d", arguments, n, least, most)
				}
			}
			if !*long {
				return
			}
			for end := time.Now().Add(10*time.Minute - 10*time.Second); time.Now().Before(end); {
				scrape(t, front+test.path, "4", "--solve", "--every", "4")
			}
			n, most := app.Effects()[test.effect], limit()
			if n > most {
				t.Errorf("%d effects, want at most %d", n, most)
			}
			t.Logf("%d effects in %v, of %d that the limit allows", n, time.Since(start).Round(time.Second), most)
		})
	}
}
