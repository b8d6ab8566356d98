package e2e_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

const untouched = "  - {host: \"*\", upstream: UPSTREAM, script: true, forms: [{route: POST /signup, min_fill: 0s, limits: []}]}\n"

// plain is the form of these tests as the app wrote it.
const plain = `<form id="f" method="post" action="/signup"><input name="name" value="Ada" aria-label="Name"><button id="send">Send</button></form>`

// traces lists what is of ours in the page. It is a script's expression.
const traces = `[...document.querySelectorAll('[class*=palisade], [name*=palisade], [src*=palisade], [href*=palisade]')].map(e => e.outerHTML)`

// looks are moments at which a script of a page runs. The page calls look in each of them.
var looks = map[string]string{
	"a script in the form's markup": strings.Replace(plain, "<button", "<script>look()</script><button", 1),
	"a script behind the form":      plain + `<script>look()</script>`,
	"a deferred script":             plain + `<script defer src="data:text/javascript,look()"></script>`,
	"a module":                      plain + `<script type="module">look()</script>`,
	"DOMContentLoaded":              plain + `<script>document.addEventListener('DOMContentLoaded', look)</script>`,
	"the load event":                plain + `<script>addEventListener('load', look)</script>`,
}

// Nothing of ours is in the page when a script of the page looks at it.
func TestAPagesScriptsSeeNothingOfOurs(t *testing.T) {
	t.Parallel()
	for name, page := range looks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, untouched)
			b := n.shows(`<script>function look() { window.traces = ` + traces + `; window.first = document.forms[0].elements[0].name;
				window.only = document.forms[0].firstElementChild.localName; window.entries = [...new FormData(document.forms[0]).keys()]; }</script>` + page)
			b.until("window.traces")
			if got := eval[[]string](b, "traces"); len(got) > 0 {
				t.Errorf("in the page: %q", got)
			}
			if got := eval[[]string](b, "[first, ...entries]"); fmt.Sprint(got) != "[name name]" {
				t.Errorf("first element and entries of the form: %q", got)
			}
			if got := eval[string](b, "only"); got != "input" && got != "script" {
				t.Errorf("the form begins with %s", got)
			}
			b.click("#send")
			b.arrives("/welcome")
			n.expect("/signup", url.Values{"name": {"Ada"}})
		})
	}
}

// handler is a submit handler of a page that keeps what it reads.
const handler = `<script>window.read = []; const note = data => { read.push(...[...data.keys()]); sessionStorage.read = read; };</script>`

// A form of the app arrives as the person sent it, and no script of the page reads our fields.
func TestARealSubmissionAloneHasOurFields(t *testing.T) {
	t.Parallel()
	sent := url.Values{"name": {"Ada"}}
	for name, test := range map[string]struct {
		page string
		send string     // a script, or a click on the button
		want url.Values // or sent
	}{
		"a click":                     {page: plain},
		"requestSubmit":               {page: plain, send: `f.requestSubmit()`},
		"form.submit()":               {page: plain, send: `f.submit()`},
		"a submit that is sent later": {page: plain, send: `setTimeout(() => f.submit(), 300)`},
		"a listener on the window reads the form":        {page: plain + handler + `<script>addEventListener('submit', e => note(new FormData(e.target)))</script>`},
		"a capturing listener reads the form":            {page: plain + handler + `<script>addEventListener('submit', e => note(new FormData(e.target)), true)</script>`},
		"a listener on the form reads it in a microtask": {page: plain + handler + `<script>f.addEventListener('submit', e => Promise.resolve().then(() => note(new FormData(e.target))))</script>`},
		"a script reads the form behind requestSubmit":   {page: plain + handler, send: `f.requestSubmit(); note(new FormData(f))`},
		"a script reads the form behind submit":          {page: plain + handler, send: `f.submit(); note(new FormData(f))`},
		"a script dispatches an event of its own":        {page: plain + handler, send: `f.dispatchEvent(new SubmitEvent('submit', {bubbles: true, cancelable: true})); note(new FormData(f)); setTimeout(() => f.requestSubmit())`},
		"a listener that checks first":                   {page: plain + handler + `<script>f.addEventListener('submit', e => { e.preventDefault(); note(new FormData(f)); setTimeout(() => f.submit(), 50); })</script>`},
		"a listener on the window stops the event":       {page: plain + `<script>addEventListener('submit', e => e.stopImmediatePropagation(), true)</script>`},
		"a script that has submit from before":           {page: `<script>window.first = HTMLFormElement.prototype.submit</script>` + plain, send: `first.call(f)`},
		"all fields must be filled":                      {page: plain + `<script>f.addEventListener('submit', e => { if ([...f.elements].some(field => field.localName === 'input' && !field.value)) e.preventDefault(); })</script>`},
		"a clone in place of the form":                   {page: plain + `<script>f.replaceWith(f.cloneNode(true))</script>`},
		"a clone after a while":                          {page: plain, send: `setTimeout(() => { const again = f.cloneNode(true); f.replaceWith(again); again.requestSubmit(); })`},
		"a snapshot of the body, as Turbo makes it":      {page: plain, send: `const kept = document.body.cloneNode(true); document.body.replaceChildren(); document.documentElement.replaceChild(kept, document.body); document.getElementById('send').click()`},
		"a form in a table":                              {page: `<table><form id="f" method="post" action="/signup"><tr><td><input name="name" value="Ada" aria-label="Name"><button id="send">Send</button></td></tr></form></table>`},
		"a button with a name":                           {page: strings.Replace(plain, `id="send"`, `id="send" name="go" value="1"`, 1), want: url.Values{"name": {"Ada"}, "go": {"1"}}},
		"a button with a target of its own":              {page: strings.Replace(strings.Replace(plain, "/signup", "/open", 1), `id="send"`, `id="send" formaction="/signup"`, 1)},
		"a form with a file":                             {page: strings.Replace(plain, `method=`, `enctype="multipart/form-data" method=`, 1)},
		"a form that a script built, sent at once":       {page: `<p>No form</p>`, send: build + `form.submit()`},
		"a form that a script built and removes":         {page: `<p>No form</p>`, send: build + `form.submit(); form.remove()`},
		"a form in a shadow root":                        {page: `<div id="host"></div>`, send: shadow + `root.querySelector('button').click()`},
		"a form in a shadow root, requestSubmit":         {page: `<div id="host"></div>`, send: shadow + `root.querySelector('form').requestSubmit()`},
		"a form in a shadow root, submit":                {page: `<div id="host"></div>`, send: shadow + `root.querySelector('form').submit()`},
		"a form in a declarative shadow root":            {page: `<div id="host"><template shadowrootmode="open">` + plain + `</template></div>`, send: `host.shadowRoot.querySelector('button').click()`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, untouched)
			b := n.shows(test.page)
			if test.send == "" {
				b.click("#send")
			} else {
				b.do("%s", test.send)
			}
			b.arrives("/welcome")
			want := test.want
			if want == nil {
				want = sent
			}
			if n.expect("/signup", want).header.Get("Palisade-Verdict") == "" {
				t.Error("it was not judged")
			}
			if read := eval[string](b, "sessionStorage.read ?? ''"); strings.Contains(read, "palisade") || strings.Count(read, ",") > 1 {
				t.Errorf("the page's scripts read the fields %s", read)
			}
		})
	}
}

const (
	build  = `const form = document.createElement('form'); form.method = 'post'; form.action = '/signup'; form.innerHTML = '<input name="name" value="Ada">'; document.body.append(form); `
	shadow = `const root = host.attachShadow({mode: 'open'}); root.innerHTML = '<form method="post" action="/signup"><input name="name" value="Ada"><button>Send</button></form>'; `
)

// A frame with srcdoc is a document without our script.
func TestAFormInAFrameWithSrcdocIsSent(t *testing.T) {
	t.Parallel()
	n := newNoter(t, untouched)
	b := n.shows(`<iframe id="frame" title="Form" srcdoc='` + plain + `'></iframe>`)
	b.do("frame.contentDocument.getElementById('send').click()")
	b.until("frame.contentWindow.location.pathname === '/welcome'")
	n.expect("/signup", url.Values{"name": {"Ada"}})
}

// What a script reads of a form and sends in a body of its own has only the app's fields.
func TestAScriptThatCollectsAFormSendsTheAppsFields(t *testing.T) {
	t.Parallel()
	n := newNoter(t, untouched)
	b := n.shows(plain)
	got := eval[int](b, `fetch('/signup', {method: 'POST', headers: {'Content-Type': 'application/json'},
		body: JSON.stringify({query: 'mutation', variables: {input: Object.fromEntries(new FormData(document.forms[0]))}})}).then(a => a.status)`)
	if got != 204 {
		t.Fatalf("status %d", got)
	}
	if got := n.expect("/signup", nil).body; got != `{"query":"mutation","variables":{"input":{"name":"Ada"}}}` {
		t.Errorf("the app got %s", got)
	}
}

// A person may send again within a second, a short message for example. Where a handler of the
// page sends, no click is taken for a double click.
func TestASecondSendByAHandlerOfThePageArrives(t *testing.T) {
	t.Parallel()
	n := newNoter(t, anySite)
	b := n.shows(plain + `<script>f.addEventListener('submit', e => { e.preventDefault(); fetch('/signup', {method: 'POST', body: f.elements.name.value}); f.reset(); })</script>`)
	for i := range 3 {
		b.do("f.elements.name.value = 'message %d'", i)
		b.click("#send")
		if all := n.arrived(i + 1); all[len(all)-1].body != fmt.Sprintf("message %d", i) {
			t.Fatalf("the app got %+v after message %d", all, i)
		}
	}
}

// Without palisade.js the form still goes, with what the server gave it, and meets the
// challenge page.
func TestAFormGoesAsBeforeIfOurScriptDoesNotCome(t *testing.T) {
	t.Parallel()
	const script = `<template id="later">` + plain + `</template><script>document.body.append(later.content)</script>`
	for name, test := range map[string]struct{ page, send string }{
		"a click":                          {plain, ""},
		"form.submit()":                    {plain, "f.submit()"},
		"a click in a form of a script":    {script, ""},
		"form.submit() of a script's form": {script, "f.submit()"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, untouched)
			n.sets(test.page)
			b := blank(t)
			b.withoutScript(n.front + "/")
			if test.send == "" {
				b.click("#send")
			} else {
				b.do("%s", test.send)
			}
			b.stepShown()
			n.expectNothing()
			b.confirm()
			b.arrives("/welcome")
			n.expect("/signup", url.Values{"name": {"Ada"}})
		})
	}
}

// The page shows that a submit is held, and nothing of ours stays behind.
func TestAHeldSubmitShowsThatItIsChecked(t *testing.T) {
	t.Parallel()
	n := newNoter(t, strings.Replace(untouched, "min_fill: 0s", "min_fill: 5s", 1))
	b := n.shows(plain)
	b.click("#send")
	b.until("document.querySelector('.palisade-status')?.textContent === 'Checking…'")
	b.arrives("/welcome")
	n.expect("/signup", url.Values{"name": {"Ada"}})
}
