package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

const conditions = `  - host: "*"
    upstream: UPSTREAM
    forms:
      - name: join
        min_fill: 0s
        limits: []
        routes:
          - {route: POST /forms, when: {form: action, in: [join]}}
          - {route: POST /index.php, when: {query: action, in: [join]}}
          - {route: POST /rpc, when: {header: X-Action, in: [join]}}
      - {name: comment, min_fill: 0s, limits: [], route: POST /forms, when: {form: action, in: [comment]}}
`

func TestAConditionTellsTheFormsOfOnePathApart(t *testing.T) {
	t.Parallel()
	inBody := func(action string) url.Values { return url.Values{"action": {action}, "name": {"Ada & co"}} }
	byField := func(action string) string { return form("/forms", "action", action) }
	byQuery := func(action string) string { return form("/index.php?action="+action, "a", "1") }
	for name, test := range map[string]struct {
		page, target string
		fields       url.Values
		guarded      bool
	}{
		"a form whose field fits":                    {byField("join"), "/forms", inBody("join"), true},
		"a form whose field fits in other case":      {byField("JOIN"), "/forms", inBody("JOIN"), true},
		"a form whose field does not fit":            {byField("list"), "/forms", inBody("list"), false},
		"a form without the field":                   {form("/forms", "a", "1"), "/forms", url.Values{"a": {"1"}, "name": {"Ada & co"}}, false},
		"a form whose query fits":                    {byQuery("join"), "/index.php?action=join", url.Values{"a": {"1"}, "name": {"Ada & co"}}, true},
		"a form whose query does not fit":            {byQuery("list"), "/index.php?action=list", url.Values{"a": {"1"}, "name": {"Ada & co"}}, false},
		"a form without the header of the condition": {form("/rpc", "a", "1"), "/rpc", url.Values{"a": {"1"}, "name": {"Ada & co"}}, false},
	} {
		for _, script := range []bool{true, false} {
			how := map[bool]string{true: ", with guard.js in the page", false: ""}[script]
			t.Run(name+how, func(t *testing.T) {
				t.Parallel()
				n := newNoter(t, conditions+fmt.Sprintf("    script: %t\n", script))
				b := n.shows(test.page)
				b.click("#send")
				b.arrives("/welcome")
				got := n.expect(test.target, test.fields)
				if judged := got.header.Get("Palisade-Verdict") != ""; judged != test.guarded {
					t.Errorf("it was judged: %t, want %t", judged, test.guarded)
				}
			})
		}
		t.Run(name+", sent without a proof", func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, conditions)
			n.sets(test.page)
			b := blank(t)
			b.withoutScript(n.front + "/")
			b.click("#send")
			if test.guarded {
				b.stepShown()
				n.expectNothing()
				b.confirm()
			}
			b.arrives("/welcome")
			n.expect(test.target, test.fields)
		})
	}
}

// A page's form has the ticket of the first form of its path, because nobody knows yet the
// future values of its fields.
func TestAConditionOfTheSecondFormOfAPathLosesNothing(t *testing.T) {
	t.Parallel()
	n := newNoter(t, conditions)
	b := n.shows(form("/forms", "action", "comment"))
	b.click("#send")
	b.stepShown()
	n.expectNothing()
	b.confirm()
	b.arrives("/welcome")
	n.expect("/forms", url.Values{"action": {"comment"}, "name": {"Ada & co"}})
}

func TestAConditionOnAHeaderTellsRequestsOfAScriptApart(t *testing.T) {
	t.Parallel()
	const fetches = `fetch('/rpc', {method: 'POST', body: %q, headers: {'Content-Type': 'application/json', Accept: 'application/json', 'X-Action': %q}}).then(r => r.status)`
	const asks = `new Promise(done => {
		const x = new XMLHttpRequest();
		x.open('POST', '/rpc');
		x.onload = () => done(x.status);
		const body = %q;
		for (const [name, value] of [['Content-Type', 'application/json'], ['Accept', 'application/json'], ['x-action', %q]]) x.setRequestHeader(name, value);
		x.send(body);
	})`
	for name, test := range map[string]struct {
		send, action string
		script       bool // guard.js is in the page
		status       int
		guarded      bool
	}{
		"a header that fits":                                        {fetches, "join", true, 204, true},
		"a header that fits, by XMLHttpRequest":                     {asks, "join", true, 204, true},
		"a header that fits, from a page without guard.js":          {fetches, "join", false, 403, true},
		"another value of the header":                               {fetches, "list", true, 204, false},
		"another value of the header, by XMLHttpRequest":            {asks, "list", true, 204, false},
		"another value of the header, from a page without guard.js": {fetches, "list", false, 204, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := newNoter(t, conditions+fmt.Sprintf("    script: %t\n", test.script))
			b := n.shows("<p>A page without a form</p>")
			const body = `{"name":"Ada","n":[1,2]}`
			status := eval[int](b, "%s", fmt.Sprintf(test.send, body, test.action))
			if status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			if test.status == http.StatusForbidden {
				n.expectNothing()
				return
			}
			got := n.expect("/rpc", nil)
			if got.body != body {
				t.Errorf("the app got the body %q", got.body)
			}
			if judged := got.header.Get("Palisade-Verdict") != ""; judged != test.guarded {
				t.Errorf("it was judged: %t, want %t", judged, test.guarded)
			}
		})
	}
}
