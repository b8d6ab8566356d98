package e2e_test

import (
	"fmt"
	"testing"
)

// scripts are ways in which scripts of pages send what a form would send. Each one promises
// the status of the answer.
var scripts = map[string]string{
	"fetch with a urlencoded body": `fetch('/signup', {method: 'POST', body: new URLSearchParams({a: 'N'})}).then(a => a.status)`,
	"fetch with FormData": `(() => { const data = new FormData(); data.append('a', 'N');
		return fetch('/signup', {method: 'POST', body: data}).then(a => a.status); })()`,
	"fetch of the page's own form": `(() => { const data = new FormData(document.querySelector('form')); data.set('a', 'N');
		return fetch('/signup', {method: 'POST', body: new URLSearchParams(data)}).then(a => a.status); })()`,
	"XMLHttpRequest with a urlencoded body, as jQuery sends it": `new Promise(done => { const x = new XMLHttpRequest();
		x.open('POST', '/signup'); x.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded; charset=UTF-8');
		x.setRequestHeader('X-Requested-With', 'XMLHttpRequest'); x.onload = () => done(x.status); x.send('a=N'); })`,
	"an upload with progress": `new Promise(done => { const x = new XMLHttpRequest(), data = new FormData();
		data.append('a', 'N'); data.append('file', new Blob(['x'.repeat(1000)]), 'x.txt');
		x.upload.onprogress = () => {}; x.open('POST', '/signup'); x.onload = () => done(x.status); x.send(data); })`,
}

// refusals counts the answers of 403 that the page's requests got.
const refusals = `performance.getEntriesByType('resource').filter(e => e.responseStatus === 403).length`

// A script that sends a form's fields is a visitor like any other: it is not challenged, and
// several requests at once all arrive.
func TestScriptsSendFormsWithoutAChallenge(t *testing.T) {
	t.Parallel()
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, "  - {host: \"*\", upstream: UPSTREAM, script: true, forms: [{route: POST /signup, limits: []}]}\n")
			b := n.shows(form("/signup", "a", "1"))
			b.click("body")
			if got := eval[[]int](b, `(async () => [await %s, await %[1]s])()`, script); fmt.Sprint(got) != "[204 204]" {
				t.Errorf("one after another: %v", got)
			}
			if got := eval[[]int](b, `Promise.all([1, 2, 3, 4, 5, 6].map(() => %s))`, script); fmt.Sprint(got) != "[204 204 204 204 204 204]" {
				t.Errorf("six at once: %v", got)
			}
			if got := eval[int](b, refusals); got != 0 {
				t.Errorf("%d requests were refused first", got)
			}
			all := n.noted()
			if len(all) != 8 {
				t.Errorf("%d requests reached the app, want 8", len(all))
			}
			for _, got := range all {
				if got.fields.Get("a") != "N" {
					t.Errorf("the app got %v", got.fields)
				}
				for name := range got.fields {
					if name != "a" && name != "file" && name != "name" {
						t.Errorf("the app got the field %q", name)
					}
				}
			}
		})
	}
}

// A policy of the page hinders neither our script nor its requests, and reports nothing.
func TestScriptsSendFormsUnderAPolicy(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]string{
		"own files":                  "default-src 'self'; img-src data:",
		"trusted types":              "default-src 'self'; img-src data:; require-trusted-types-for 'script'; trusted-types 'none'",
		"a nonce":                    "default-src 'self'; img-src data:; script-src 'nonce-abc'; style-src 'nonce-abc'",
		"a nonce and strict-dynamic": "default-src 'self'; img-src data:; script-src 'nonce-abc' 'strict-dynamic'; style-src 'nonce-abc'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, "  - {host: \"*\", upstream: UPSTREAM, script: true, forms: [{route: POST /signup, limits: []}]}\n")
			n.policy = policy
			b := n.shows("<p>A page without a form</p>")
			b.click("body")
			if got := eval[int](b, "%s", scripts["fetch with a urlencoded body"]); got != 204 {
				t.Errorf("status %d", got)
			}
			if violations := b.violations(); len(violations) > 0 {
				t.Errorf("violations of the policy: %q", violations)
			}
			if got := eval[int](b, refusals); got != 0 {
				t.Errorf("%d requests were refused first", got)
			}
		})
	}
}
