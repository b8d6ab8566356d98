package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/internal/route"
)

func TestRoutesThatLookIntoTheBody(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms = append(s.Forms, gateway.Form{
			FormConfig: palisade.FormConfig{Name: "join", Ask: palisade.WhenRisky, Limits: []palisade.Limit{}, MaxBody: 4096},
			Routes:     []route.Pattern{patterns(t, "POST /graphql")[0].Only(route.When{GraphQL: []string{"signUp"}})},
		})
	})
	encoded := header("Content-Encoding", "gzip")
	for _, test := range []struct {
		name, kind, body string
		change           func(*http.Request)
		status           int
	}{
		{"another field", "application/json", `{"query":"{ posts }"}`, nil, 200},
		{"a guarded field", "application/json", `{"query":"mutation { signUp }"}`, nil, 403},
		{"a guarded field, escaped", "application/json", `{"query":"mutation { sign\u0055p }"}`, nil, 403},
		{"a guarded field in a form", urlencoded, `query=mutation+%7B+signUp+%7D`, nil, 403},
		{"the text twice", "application/json", `{"query":"{ posts }","query":"mutation { signUp }"}`, nil, 400},
		{"the text under two names", "application/json", `{"query":"{ posts }","Query":"mutation { signUp }"}`, nil, 400},
		{"a batch", "application/json", `[{"query":"{ posts }"}]`, nil, 400},
		{"a persisted query", "application/json", `{"extensions":{"persistedQuery":1}}`, nil, 403},
		{"a body that is compressed", "application/json", `{"query":"{ posts }"}`, encoded, 415},
		{"a body in no known type", "application/graphql", `{ posts }`, nil, 415},
		{"a body that is too long to be looked into", "application/json", `{"query":"{ posts ` + strings.Repeat(" ", 2<<20) + `}"}`, nil, 413},
	} {
		t.Run(test.name, func(t *testing.T) {
			change := []func(*http.Request){}
			if test.change != nil {
				change = append(change, test.change)
			}
			before := w.posts()
			if a := w.send("POST", "/graphql", test.kind, test.body, change...); a.status != test.status {
				t.Errorf("status %d because %s, want %d", a.status, w.reason(), test.status)
			}
			got, _ := w.last()
			if through := w.posts() - before; through != 0 != (test.status == 200) || through > 0 && got.body != test.body {
				t.Errorf("%d reached the app, the last as %q", through, got.body)
			}
		})
	}
}

// Servers of GraphQL, PHP and Sinatra look for a parameter in the query too, some of
// them first.
func TestAParameterInTheQueryDoesNotHideWhatABodyAsksFor(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms = append(s.Forms, gateway.Form{
			FormConfig: palisade.FormConfig{Name: "join", Ask: palisade.WhenRisky, Limits: []palisade.Limit{}},
			Routes: []route.Pattern{
				patterns(t, "POST /graphql")[0].Only(route.When{GraphQL: []string{"signUp"}}),
				patterns(t, "POST /rpc")[0].Only(route.When{Field: "method", In: []string{"join"}}),
			},
		})
	})
	for _, test := range []struct {
		name, target, kind, body string
		open                     bool
	}{
		{"an operation beside a harmless one", "/graphql?query=mutation+{signUp}", "application/json", `{"query":"{ posts }"}`, false},
		{"the same in other letters", "/graphql?Query=mutation+{signUp}", "application/json", `{"query":"{ posts }"}`, false},
		{"the same behind a semicolon", "/graphql?a;query=mutation+{signUp}", "application/json", `{"query":"{ posts }"}`, false},
		{"a harmless one with another parameter", "/graphql?trace=1", "application/json", `{"query":"{ posts }"}`, true},
		{"a field that is in the query alone", "/rpc?method=join", urlencoded, "a=1", false},
		{"a field that is in both", "/rpc?method=join", urlencoded, "method=list", false},
		{"a field that is in neither", "/rpc", urlencoded, "a=1", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := w.posts()
			w.send("POST", test.target, test.kind, test.body)
			if through := w.posts() > before; through != test.open {
				t.Errorf("it reached the app: %v, want %v, because %s", through, test.open, w.reason())
			}
		})
	}
}

// A page's form sets no header, so it is not one that a condition on a header guards;
// the app would get our fields.
func TestAPagesFormIsNotTakenForAServerAction(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms[0].Routes = []route.Pattern{
			patterns(t, "POST /**")[0].Only(route.When{Header: "Next-Action"}),
			patterns(t, "POST /index.php")[0].Only(route.When{Query: "action", In: []string{"join"}}),
		}
	})
	for _, test := range []struct {
		name, visited, form string
		guarded             bool
	}{
		{"a form to any path", "/", `<form method=post action=/search>`, false},
		{"a form with the parameter", "/", `<form method=post action="/index.php?action=join">`, true},
		{"a form with another one", "/", `<form method=post action="/index.php?action=list">`, false},
		{"a form without an action, on a page with the parameter", "/index.php?action=join", `<form method=post>`, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.page(test.form)
			if got := hasTicket(w.get(test.visited).body); got != test.guarded {
				t.Errorf("a ticket: %v, want %v", got, test.guarded)
			}
		})
	}
}

func TestAServerActionIsNotOpenOnAnOpenPath(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/", "/about", "/nowhere"} {
		if a := w.send("POST", path, "text/plain;charset=UTF-8", `["ada"]`, header("Next-Action", "40ab")); a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: status %d", path, a.status)
		}
	}
	if n := w.posts(); n != 0 {
		t.Errorf("%d reached the app", n)
	}
}
