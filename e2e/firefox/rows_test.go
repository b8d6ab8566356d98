package firefox

import (
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// row is a way in which a page sends something. Its name is a sentence that the row proves.
type row struct {
	name     string
	body     string // of the page
	file     string // or a page of e2e/fronts
	settings string // of the gateway
	send     func(v *visit)
	count    int // of the requests that reach the app; else 1
}

const plain = `<form id="f" method="post" action="/send"><input name="name" aria-label="Name"><button id="send">Send</button></form>`

// fill fills the form in by keyboard. Some pages enable the button once they can send.
func fill(v *visit) {
	v.t.Helper()
	v.press(`document.querySelector('[name=name]')`, 1)
	v.must(v.keys("Ada & co"))
	v.until("!document.querySelector('#send')?.disabled")
}

// person fills the form in and sends it.
func person(v *visit) {
	v.t.Helper()
	fill(v)
	v.press(`document.querySelector('#send')`, 1)
	v.arrives("/done")
}

// by fills the form in, and a script sends it.
func by(script string) func(v *visit) {
	return func(v *visit) {
		v.t.Helper()
		fill(v)
		v.do(script)
		v.arrives("/done")
	}
}

// same fills the form in and sends it, and the page stays.
func same(v *visit) {
	v.t.Helper()
	fill(v)
	v.press(`document.querySelector('#send')`, 1)
}

// listens adds a script to the plain form that notes the fields of a FormData.
func listens(script string) string {
	return plain + `<script>const keys = (when, data) => note(when, ...[...data].flat()); ` + script + `</script>`
}

const shadow = `const root = document.querySelector('#host').attachShadow({mode: 'open'}); root.innerHTML = document.querySelector('template').innerHTML;`

var rows = []row{
	{name: "a plain form passes silently", body: plain, settings: aForm, send: person},
	{name: "a form with a file passes silently", body: strings.Replace(plain, `method=`, `enctype="multipart/form-data" method=`, 1) +
		`<script>const files = new DataTransfer(); files.items.add(new File(['\x00a\r\n--b'], 'ü "1".bin')); const file = document.createElement('input'); file.type = 'file'; file.name = 'file'; file.files = files.files; f.append(file)</script>`, settings: aForm, send: person},
	{name: "a button's name and address count", body: strings.Replace(plain, `id="send"`, `id="send" name="go" value="1" formaction="/send?draft"`, 1), settings: aForm, send: person},
	{name: "Enter in a field sends the form", body: plain, settings: aForm, send: func(v *visit) {
		fill(v)
		v.must(v.keys(enter))
		v.arrives("/done")
	}},
	{name: "a listener of formdata sees the app's fields", body: listens(`f.addEventListener('formdata', e => keys('formdata', e.formData))`), settings: aForm, send: by(`new FormData(f); f.requestSubmit()`)},
	{name: "a listener on the form reads the app's fields", body: listens(`f.addEventListener('submit', e => keys('form', new FormData(f)))`), settings: aForm, send: person},
	{name: "a listener on the window reads the app's fields", body: listens(`addEventListener('submit', e => keys('window', new FormData(e.target)))`), settings: aForm, send: person},
	{name: "a capturing listener reads the app's fields", body: listens(`addEventListener('submit', e => keys('capture', new FormData(e.target)), true)`), settings: aForm, send: person},
	{name: "a microtask of a listener reads the app's fields", body: listens(`f.addEventListener('submit', e => Promise.resolve().then(() => keys('microtask', new FormData(f))))`), settings: aForm, send: person},
	{name: "a script reads the app's fields behind requestSubmit", body: listens(""), settings: aForm, send: by(`f.requestSubmit(); keys('behind', new FormData(f))`)},
	{name: "a script reads the app's fields behind submit", body: listens(""), settings: aForm, send: by(`f.submit(); keys('behind', new FormData(f))`)},
	{name: "requestSubmit with a button passes", body: strings.Replace(plain, `id="send"`, `id="send" name="go" value="1"`, 1), settings: aForm, send: by(`f.requestSubmit(document.querySelector('#send'))`)},
	{name: "a delayed submit passes", body: plain, settings: aForm, send: by(`setTimeout(() => f.submit(), 300)`)},
	{name: "a handler that checks first and submits then passes", body: listens(`f.addEventListener('submit', e => { e.preventDefault(); keys('checked', new FormData(f)); setTimeout(() => f.submit(), 50); })`), settings: aForm, send: person},
	{name: "a clone of the form passes", body: plain, settings: aForm, send: by(`const again = f.cloneNode(true); f.replaceWith(again); again.requestSubmit()`)},
	{name: "a clone that a person sends passes", body: plain + `<script>f.replaceWith(f.cloneNode(true))</script>`, settings: aForm, send: person},
	{name: "a form that a script builds and removes passes", body: `<p>No form</p>`, settings: aForm, send: func(v *visit) {
		v.do(`const form = document.createElement('form'); form.method = 'post'; form.action = '/send'; form.innerHTML = '<input name="name" value="Ada">'; document.body.append(form); form.submit(); form.remove()`)
		v.arrives("/done")
	}},
	{name: "a form in an open shadow root passes", body: `<div id="host"></div><template>` + plain + `</template><script>` + shadow + `</script>`, settings: aForm, send: func(v *visit) {
		v.press(`document.querySelector('#host').shadowRoot.querySelector('[name=name]')`, 1)
		v.must(v.keys("Ada & co"))
		v.press(`document.querySelector('#host').shadowRoot.querySelector('#send')`, 1)
		v.arrives("/done")
	}},
	{name: "submit of a form in an open shadow root passes", body: `<div id="host"></div><template>` + plain + `</template><script>` + shadow + `</script>`, settings: aForm, send: func(v *visit) {
		v.do(`document.querySelector('#host').shadowRoot.querySelector('form').submit()`)
		v.arrives("/done")
	}},
	{name: "a form in a declarative shadow root passes", body: `<div id="host"><template shadowrootmode="open">` + plain + `</template></div>`, settings: aForm, send: func(v *visit) {
		v.press(`document.querySelector('#host').shadowRoot.querySelector('[name=name]')`, 1)
		v.must(v.keys("Ada & co"))
		v.press(`document.querySelector('#host').shadowRoot.querySelector('#send')`, 1)
		v.arrives("/done")
	}},
	{name: "a form in a frame with srcdoc passes", body: `<iframe id="frame" title="Form" srcdoc='` + plain + `'></iframe>`, settings: aForm, send: func(v *visit) {
		v.do(`frame.contentDocument.getElementById('send').click()`)
		v.until("frame.contentWindow.location.pathname === '/done'")
	}},

	{name: "fetch with FormData passes", file: "fetch-formdata.html", settings: anything, send: same},
	{name: "fetch with JSON passes", file: "fetch-json.html", settings: anything, send: same},
	{name: "an upload by XMLHttpRequest passes", file: "upload.html", settings: anything, send: same},
	{name: "htmx passes", file: "htmx.html", settings: anything, send: same},
	{name: "Turbo passes", file: "turbo.html", settings: anything, send: person},
	{name: "React takes over the server's HTML without errors", file: "react-hydrated.jsx", settings: anything, send: same},
	{name: "React, rendered by the browser, passes", file: "react.jsx", settings: anything, send: same},
	{name: "Vue passes", file: "vue.html", settings: anything, send: same},
	{name: "Svelte passes", file: "svelte.svelte", settings: anything, send: same},
	{name: "Alpine passes", file: "alpine.html", settings: anything, send: same},
	{name: "jQuery passes", file: "jquery.html", settings: anything, send: same},
	{name: "axios passes", file: "axios.html", settings: anything, send: same},
	{name: "a beacon passes", file: "beacon.html", settings: anything, send: session(same)},
	{name: "a worker's fetch passes", file: "worker.html", settings: anything, send: session(same)},
	{name: "a service worker's fetch passes", file: "service-worker.html", settings: anything, send: session(same)},
	{name: "ten fetches at once pass", body: `<p>No form</p>`, settings: anything, count: 10, send: answered(`Promise.all([...Array(10).keys()].map(n => fetch('/send', {method: 'POST', body: 'N' + n}).then(a => a.status)))`)},
	{name: "XMLHttpRequest passes", body: `<p>No form</p>`, settings: anything, send: answered(`new Promise(done => { const x = new XMLHttpRequest(); x.open('PUT', '/send'); x.onload = () => done(x.status); x.send(new Blob(['N'])); })`)},
	{name: "a synchronous XMLHttpRequest passes", body: `<p>No form</p>`, settings: anything, send: session(answered(`(() => { const x = new XMLHttpRequest(); x.open('POST', '/send', false); x.send('N'); return x.status; })()`))},
	{name: "a fetch without cookies passes", body: `<p>No form</p>`, settings: anything, send: answered(`fetch('/send', {method: 'POST', credentials: 'omit', body: 'N'}).then(a => a.status)`)},
}

// session waits for the session that the page opens by itself behind a gateway.
func session(send func(v *visit)) func(v *visit) {
	return func(v *visit) {
		v.t.Helper()
		v.until(`!window.palisadeSettings || Object.keys(localStorage).some(key => key.startsWith('palisade-session-'))`)
		send(v)
	}
}

// answered runs a script and notes what it promises.
func answered(script string) func(v *visit) {
	return func(v *visit) {
		v.t.Helper()
		v.do(`(async () => note('answered', JSON.stringify(await (` + script + `))))()`)
	}
}

func TestFirefoxBehindTheGateway(t *testing.T) {
	var files []string
	for _, r := range rows {
		if r.file != "" {
			files = append(files, r.file)
		}
	}
	pages := apps.Pages[page](t, files)
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			p := page{Body: r.body}
			if r.file != "" {
				p = pages[r.file]
			}
			compare(t, firefox, r, p)
		})
	}
}
