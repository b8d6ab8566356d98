package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

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
		{"the text twice", "application/json", `{"query":"{ posts }","query":"mutation { signUp }"}`, nil, 403},
		{"the text under two names", "application/json", `{"query":"{ posts }","Query":"mutation { signUp }"}`, nil, 403},
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
// them before the body.
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
		{"the same in another case", "/graphql?Query=mutation+{signUp}", "application/json", `{"query":"{ posts }"}`, false},
		{"the same after a semicolon", "/graphql?a;query=mutation+{signUp}", "application/json", `{"query":"{ posts }"}`, false},
		{"a harmless one with another parameter", "/graphql?trace=1", "application/json", `{"query":"{ posts }"}`, true},
		{"a field that is in the query alone", "/rpc?method=join", urlencoded, "a=1", false},
		{"a field that is in both", "/rpc?method=join", urlencoded, "method=list", false},
		{"a field that is in neither", "/rpc", urlencoded, "a=1", true},
		{"a body of another type that does not look like a form", "/rpc", "text/xml", "<methodCall>join</methodCall>", true},
		{"a body of another type that looks like a form", "/rpc", "text/plain", "a=1&method=join", false},
		{"a body that is not JSON and looks like it", "/rpc", "text/plain", ` {"method":"join"}`, false},
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

// An HTML form sets no header, so a condition on a header does not guard it. Otherwise
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

// A challenge page sends the sealed submission to the form that sealed it. So conditions
// must apply to the sealed content.
func TestAConditionLooksIntoWhatAChallengePageSends(t *testing.T) {
	onAction := func(value string) route.When { return route.When{Field: "action", In: []string{value}} }
	routes := []route.Pattern{patterns(t, "POST /forms")[0].Only(onAction("comment"))}
	withRoutes := func(routes []route.Pattern) *world {
		return newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
			for _, f := range []gateway.Form{
				{FormConfig: palisade.FormConfig{Name: "join"}, Routes: []route.Pattern{patterns(t, "POST /forms")[0].Only(onAction("join"))}},
				{FormConfig: palisade.FormConfig{Name: "comment"}, Routes: routes},
			} {
				f.Ask, f.Limits = palisade.WhenRisky, []palisade.Limit{}
				s.Forms = append(s.Forms, f)
			}
		})
	}
	elsewhere := withRoutes(patterns(t, "POST /comments"))
	for _, test := range []struct {
		name    string
		world   *world // the world that gets the submission, or nil for the one that sealed it
		with    string // beside the fields of the page
		change  func(v url.Values)
		status  int
		arrives bool
	}{
		{"as the page sends it", nil, "", nil, 200, true},
		{"with a field beside it that another form's condition asks for", nil, "&action=join", nil, 400, false},
		{"with a field beside it that fits no condition", nil, "&action=list", nil, 400, false},
		{"with another capsule", nil, "", func(v url.Values) { v.Set("palisade-capsule", strings.Repeat("A", 200)) }, 400, false},
		{"with no ticket", nil, "", func(v url.Values) { v.Del("palisade-ticket") }, 400, false},
		{"when no form guards it any more", elsewhere, "", nil, 400, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := withRoutes(routes)
			page := w.send("POST", "/forms", urlencoded, "action=comment&text=a+b")
			if page.status != http.StatusForbidden {
				t.Fatalf("status %d because %s", page.status, w.reason())
			}
			v := w.solve(page.body)
			w.wait(time.Minute)
			if test.world != nil {
				w = test.world
			}
			if test.change != nil {
				test.change(v)
			}
			cookie, _, _ := strings.Cut(page.header.Get("Set-Cookie"), ";")
			if a := w.send("POST", "/forms", urlencoded, v.Encode()+test.with, header("Cookie", cookie)); a.status != test.status {
				t.Errorf("status %d because %s, want %d", a.status, w.reason(), test.status)
			}
			if got, _ := w.last(); w.posts() > 0 != test.arrives || test.arrives && got.body != "action=comment&text=a+b" {
				t.Errorf("%d reached the app, the last as %q", w.posts(), got.body)
			}
		})
	}
}

// An HTML form gets our fields if its path may be guarded. If the submission turns out
// to be open, the app gets none of these fields.
func TestWhatAConditionLeavesOpenArrivesWithoutOurFields(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms[0].Routes = []route.Pattern{patterns(t, "POST /forms")[0].Only(route.When{Field: "action", In: []string{"join"}})}
	})
	w.page(`<form method=post action=/forms>`)
	own := w.solve(w.get("/").body)
	for _, test := range []struct{ name, kind, body, want string }{
		{"with a ticket of ours", urlencoded, "action=list&" + own.Encode() + "&b=1", "action=list&b=1"},
		{"with a ticket that is not ours", urlencoded, "action=list&palisade-ticket=x", "action=list&palisade-ticket=x"},
		{"with none", urlencoded, "&&action=list&", "&&action=list&"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if a := w.send("POST", "/forms", test.kind, test.body); a.status != http.StatusOK {
				t.Fatalf("status %d because %s", a.status, w.reason())
			}
			if got, _ := w.last(); got.body != test.want {
				t.Errorf("the app got %q, want %q", got.body, test.want)
			}
		})
	}
	w.send("POST", "/forms", urlencoded, "action=list", header("Palisade-Ticket", own.Get("palisade-ticket")), header("Palisade-Proof", "x"))
	if got, _ := w.last(); got.header["Palisade-Ticket"] != nil || got.header["Palisade-Proof"] != nil {
		t.Errorf("the app got %v", got.header)
	}
}

// A program that signs is exempt also where the gateway reads the body to find the form.
func TestAClientThatSignsIsExemptOnAConditionalRoute(t *testing.T) {
	ci := gateway.Client{Name: "ci", Key: []byte(strings.Repeat("k", 32))}
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Clients = []gateway.Client{ci}
		s.Forms[0].Routes = []route.Pattern{patterns(t, "POST /forms")[0].Only(route.When{Field: "action", In: []string{"join"}})}
	})
	const body = "action=join&a=1"
	if a := w.send("POST", "/forms", urlencoded, body); a.status != http.StatusForbidden {
		t.Errorf("without a signature: %d", a.status)
	}
	signed := gateway.SignClient(ci, "POST", strings.TrimPrefix(w.url, "http://"), "/forms", []byte(body), w.clock())
	if a := w.send("POST", "/forms", urlencoded, body, header("Palisade-Client", signed)); a.status != http.StatusOK {
		t.Errorf("with one: %d because %s", a.status, w.reason())
	}
	if got, _ := w.last(); got.body != body {
		t.Errorf("the app got %q", got.body)
	}
}
