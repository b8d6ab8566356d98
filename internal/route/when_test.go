package route

import (
	"net/http"
	"testing"
)

func TestConditions(t *testing.T) {
	graphql := mustParse(t, "POST /graphql")[0]
	rpc := mustParse(t, "POST /rpc")[0]
	root := mustParse(t, "POST /**")[0]
	php := mustParse(t, "POST /index.php")[0]
	r := mustRoutes(t, NoAuto, []Pattern{mustParse(t, "POST /graphql")[0].Only(When{Header: "X-Reader", In: []string{"feed"}})},
		[]Pattern{graphql.Only(When{GraphQL: []string{"signUp", "login"}})},
		[]Pattern{rpc.Only(When{Field: "method", In: []string{"user.create"}})},
		[]Pattern{root.Only(When{Header: "Next-Action", In: []string{"40ab"}})},
		[]Pattern{php.Only(When{Query: "action", In: []string{"register"}})},
		[]Pattern{rpc.Only(When{Field: "method", In: []string{"comment.add"}})},
	)
	field := func(name, text string) func(string) (string, bool, bool) {
		return func(asked string) (string, bool, bool) { return text, asked == name, true }
	}
	unreadable := func(string) (string, bool, bool) { return "", false, false }
	nothing := func(string) (string, bool, bool) { return "", false, true }
	for _, test := range []struct {
		name    string
		request Request
		header  string
		want    Match
	}{
		{"a guarded field of an operation", Request{Path: "/graphql", Field: field("query", "mutation { signUp(name: 1) { id } }")}, "", Match{Guarded, 0}},
		{"another of them, under an alias", Request{Path: "/graphql", Field: field("query", "mutation x { a:login }")}, "", Match{Guarded, 0}},
		{"another field", Request{Path: "/graphql", Field: field("query", "query { posts { signUpCount } }")}, "", Match{Kind: Open}},
		{"an operation that came without its text", Request{Path: "/graphql", Field: nothing}, "", Match{Guarded, 0}},
		{"a body that cannot be read", Request{Path: "/graphql", Field: unreadable}, "", Match{Guarded, 0}},
		{"no body that anybody looked at", Request{Path: "/graphql"}, "", Match{Guarded, 0}},
		{"below the path, and another field", Request{Path: "/graphql/x", Field: field("query", "{ posts }")}, "", Match{Kind: Open}},
		{"a method of JSON-RPC", Request{Path: "/rpc", Field: field("method", "user.create")}, "", Match{Guarded, 1}},
		{"in other letters and with spaces", Request{Path: "/rpc", Field: field("method", " User.Create ")}, "", Match{Guarded, 1}},
		{"the method of another form on the path", Request{Path: "/rpc", Field: field("method", "comment.add")}, "", Match{Guarded, 4}},
		{"a method that nobody guards", Request{Path: "/rpc", Field: field("method", "feed.get")}, "", Match{Kind: Open}},
		{"no method", Request{Path: "/rpc", Field: nothing}, "", Match{Kind: Open}},
		{"a batch, which counts as the first form of the path", Request{Path: "/rpc", Field: unreadable}, "", Match{Guarded, 1}},
		{"a guarded action, on any path", Request{Path: "/about"}, "40ab", Match{Guarded, 2}},
		{"an action that nobody named", Request{Path: "/about"}, "40cd", Match{Kind: Unnamed}},
		{"no action", Request{Path: "/about"}, "", Match{Kind: Open}},
		{"a parameter", Request{Path: "/index.php", Query: "x=1&action=register"}, "", Match{Guarded, 3}},
		{"a parameter behind a semicolon", Request{Path: "/", Query: "x=1;ACTION=register"}, "", Match{Guarded, 3}},
		{"a parameter that is sent twice", Request{Path: "/index.php", Query: "action=x&action=%72egister"}, "", Match{Guarded, 3}},
		{"another parameter", Request{Path: "/index.php", Query: "action=x"}, "", Match{Kind: Open}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.request.Method, test.request.Header = "POST", http.Header{}
			if test.header != "" {
				test.request.Header.Set("Next-Action", test.header)
			}
			if got := r.MatchRequest(&test.request); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
	if got := r.Match("POST", "/rpc"); got != (Match{Guarded, 1}) {
		t.Errorf("of nothing but the path: %v, want the first form", got)
	}
	reader := Request{Method: "POST", Path: "/graphql", Header: http.Header{"X-Reader": {"feed"}}, Field: unreadable}
	if got := r.MatchRequest(&reader); got != (Match{Guarded, 0}) {
		t.Errorf("an exemption of as much weight as a rule: %v", got)
	}
}

// Server actions run whatever the path is, so an open path is not open to them.
func TestActionsOnOpenPaths(t *testing.T) {
	hook := mustParse(t, "POST /hook")
	named := mustParse(t, "POST /**")[0].Only(When{Header: "Next-Action", In: []string{"40aa"}})
	for _, test := range []struct {
		name         string
		auto         int
		exempt       []Pattern
		path, action string
		want         Match
	}{
		{"an open path", NoAuto, nil, "/", "40bb", Match{Kind: Unnamed}},
		{"an exempt path", NoAuto, hook, "/hook", "40bb", Match{Kind: Unnamed}},
		{"an exempt path where auto guards the rest", 7, hook, "/hook", "40bb", Match{Guarded, 7}},
		{"a guarded path", NoAuto, nil, "/signup", "40bb", Match{Guarded, 0}},
		{"an exemption that names the action", NoAuto, []Pattern{named}, "/", "40aa", Match{Kind: Open}},
		{"an exemption that names another action", NoAuto, []Pattern{named}, "/", "40bb", Match{Kind: Unnamed}},
		{"an exempt path without an action", 7, hook, "/hook", "", Match{Kind: Open}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := mustRoutes(t, test.auto, test.exempt, mustParse(t, "POST /signup"))
			request := Request{Method: "POST", Path: test.path, Header: http.Header{}}
			if test.action != "" {
				request.Header.Set("Next-Action", test.action)
			}
			if got := r.MatchRequest(&request); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
			request.Method = "GET"
			if got := r.MatchRequest(&request); got.Kind != Open {
				t.Errorf("the page: %v", got)
			}
		})
	}
}

func TestConditionsWithMistakes(t *testing.T) {
	for _, when := range []When{
		{}, {In: []string{"a"}}, {Header: "A", Query: "b"}, {Field: "a", GraphQL: []string{"b"}}, {Field: "operationName", In: []string{"signUp"}},
		{GraphQL: []string{"sign up"}}, {GraphQL: []string{""}},
	} {
		if when.Validate() == nil {
			t.Errorf("%+v is taken", when)
		}
	}
	if err := (&When{GraphQL: []string{"signUp"}}).Validate(); err != nil {
		t.Error(err)
	}
}
