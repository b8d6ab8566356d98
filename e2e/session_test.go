package e2e_test

import (
	"net/http"
	"strings"
	"testing"
)

// anySite guards whatever changes something.
const anySite = "  - {host: \"*\", upstream: UPSTREAM, protect: auto}\n"

// sent are what scripts send by themselves. Each promises the status of the answer, or 204
// where it cannot see one.
var sent = map[string]string{
	"text":                      `fetch('/act', {method: 'POST', body: 'N'}).then(a => a.status)`,
	"bytes":                     `fetch('/act', {method: 'PUT', body: new Uint8Array([78])}).then(a => a.status)`,
	"a blob of no type":         `fetch('/act', {method: 'POST', body: new Blob(['N'])}).then(a => a.status)`,
	"XML":                       `fetch('/act', {method: 'POST', headers: {'Content-Type': 'text/xml'}, body: 'N'}).then(a => a.status)`,
	"a patch as tus sends it":   `fetch('/act', {method: 'PATCH', headers: {'Content-Type': 'application/offset+octet-stream'}, body: 'N'}).then(a => a.status)`,
	"a list in JSON":            `fetch('/act', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: '["N"]'}).then(a => a.status)`,
	"a request without a body":  `fetch('/act?N', {method: 'DELETE'}).then(a => a.status)`,
	"a request without cookies": `fetch('/act', {method: 'POST', credentials: 'omit', body: 'N'}).then(a => a.status)`,
	"a synchronous request": `Promise.resolve().then(() => { const x = new XMLHttpRequest(); x.open('POST', '/act', false);
		x.send(new Blob(['N'])); return x.status; })`,
	"a beacon": `Promise.resolve(navigator.sendBeacon('/act', 'N') ? 204 : 0)`,
	"a worker": `new Promise(done => { const worker = new Worker(URL.createObjectURL(new Blob([
		"fetch('" + location.origin + "/act', {method: 'POST', body: 'N'}).then(a => postMessage(a.status))"])));
		worker.onmessage = e => done(e.data); })`,
	"a service worker": `navigator.serviceWorker.register('/worker.js').then(() => navigator.serviceWorker.ready).then(registered =>
		new Promise(done => { navigator.serviceWorker.onmessage = e => done(e.data); registered.active.postMessage('N'); }))`,
	"a call of gRPC": `fetch('/act', {method: 'POST', headers: {'Content-Type': 'application/grpc-web+proto'}, body: 'N'}).then(a => a.status)`,
}

const answering = `onmessage = e => fetch('/act', {method: 'POST', body: e.data}).then(a => e.source.postMessage(a.status));`

// opened waits for the session that the page opens by itself.
const opened = `Object.keys(localStorage).some(key => key.startsWith('palisade-session-'))`

// Whatever a page's scripts send by themselves arrives, once, and as it was sent.
func TestWhatScriptsSendByThemselvesArrives(t *testing.T) {
	t.Parallel()
	for name, script := range sent {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, anySite)
			n.worker = answering
			b := n.shows("<p>A page without a form</p>")
			b.until(opened)
			for range 2 {
				if got := eval[int](b, "%s", script); got != 204 {
					t.Errorf("status %d", got)
				}
			}
			all := n.arrived(2) // nobody waits for a beacon
			if len(all) != 2 {
				t.Errorf("%d requests reached the app, want 2", len(all))
			}
			for _, got := range all {
				if got.body != "N" && !strings.Contains(got.body, `"N"`) && got.target != "/act?N" {
					t.Errorf("the app got %q at %s", got.body, got.target)
				}
				if strings.Contains(got.header.Get("Cookie"), "palisade-session") {
					t.Error("the app got the cookie of the session")
				}
			}
			if got := eval[int](b, refusals); got != 0 {
				t.Errorf("%d requests were refused first", got)
			}
		})
	}
}

// Many at once pass, and so does more than one session allows.
func TestASessionIsRenewed(t *testing.T) {
	t.Parallel()
	n := newNoter(t, strings.Replace(anySite, "protect: auto", "forms: [{route: POST /act, sessions: true, limits: []}]", 1))
	b := n.shows("<p>A page without a form</p>")
	script := `(async () => { const all = []; for (let i = 0; i < 16; i++) all.push(...await Promise.all([1, 2, 3, 4, 5].map(() =>
		fetch('/act', {method: 'POST', body: 'N'}).then(a => a.status)))); return all.filter(s => s === 204).length; })()`
	if got := eval[int](b, "%s", script); got != 80 {
		t.Errorf("%d of 80 passed", got)
	}
	if got := len(n.noted()); got != 80 {
		t.Errorf("%d requests reached the app, want 80", got)
	}
}

// A page that takes its session for good, and has none, is refused once and sends again.
func TestARequestWithoutItsSessionIsSentAgain(t *testing.T) {
	t.Parallel()
	n := newNoter(t, anySite)
	n.sets("<p>A page without a form</p>")
	b := blank(t)
	b.beforeScripts(`localStorage.setItem('palisade-session-/.palisade/auto', JSON.stringify({until: Date.now() + 1e6, writes: 30}))`)
	b.goTo(n.front + "/")
	for _, name := range []string{"text", "a blob of no type", "a list in JSON"} {
		if got := eval[int](b, "%s", sent[name]); got != 204 {
			t.Errorf("%s: status %d", name, got)
		}
	}
	if got := eval[int](b, refusals); got != 1 {
		t.Errorf("%d requests were refused, want 1", got)
	}
	if got := len(n.noted()); got != 3 {
		t.Errorf("%d requests reached the app, want 3", got)
	}
}

// A link that changes something passes with a session. Without one the visitor takes a step,
// and then follows the link.
func TestALinkThatChangesSomethingIsGuarded(t *testing.T) {
	t.Parallel()
	const link = "  - {host: \"*\", upstream: UPSTREAM, forms: [{route: GET /unsubscribe, sessions: true}]}\n"
	t.Run("from a page of the app", func(t *testing.T) {
		t.Parallel()
		n := newNoter(t, link)
		b := n.shows(`<a href="/unsubscribe?mail=1">Unsubscribe</a>`)
		b.until(opened)
		b.click("a")
		b.arrives("/welcome")
		if all := n.arrived(1); len(all) != 1 || all[0].target != "/unsubscribe?mail=1" {
			t.Errorf("%+v", all)
		}
	})
	t.Run("from a mail", func(t *testing.T) {
		t.Parallel()
		n := newNoter(t, link)
		b := blank(t)
		b.goTo(n.front + "/unsubscribe?mail=1")
		b.confirm()
		b.arrives("/welcome")
		if all := n.arrived(1); len(all) != 1 || all[0].target != "/unsubscribe?mail=1" || strings.Contains(all[0].header.Get("Cookie"), "palisade") {
			t.Errorf("%+v", all)
		}
	})
	t.Run("by a program", func(t *testing.T) {
		t.Parallel()
		n := newNoter(t, link)
		for _, agent := range []string{"curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"} {
			r, _ := http.NewRequest("GET", "http://127.0.0.1:"+n.front[strings.LastIndex(n.front, ":")+1:]+"/unsubscribe?mail=1", nil)
			r.Header.Set("User-Agent", agent)
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != 403 {
				t.Errorf("%s: status %d", agent, resp.StatusCode)
			}
		}
		if all := n.arrived(0); len(all) != 0 {
			t.Errorf("%+v", all)
		}
	})
}
