package route

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"testing"
)

// body is a JSON object of texts.
type body map[string]string

func (b body) known() Body { return b }
func (b body) JSON() bool  { return true }

func (b body) Text(name string) (string, bool, bool) {
	text, found := b[name]
	return text, found, true
}

func (b body) Names() []string { return slices.Collect(maps.Keys(b)) }

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
	field := func(name, text string) func() Body { return body{name: text}.known }
	unreadable := func() Body { return nil }
	nothing := body{}.known
	for _, test := range []struct {
		name    string
		request Request
		header  string
		want    Match
	}{
		{"a guarded field of an operation", Request{Path: "/graphql", Body: field("query", "mutation { signUp(name: 1) { id } }")}, "", Match{Guarded, 0}},
		{"another of them, under an alias", Request{Path: "/graphql", Body: field("query", "mutation x { a:login }")}, "", Match{Guarded, 0}},
		{"another field", Request{Path: "/graphql", Body: field("query", "query { posts { signUpCount } }")}, "", Match{Kind: Open}},
		{"an operation that came without its text", Request{Path: "/graphql", Body: nothing}, "", Match{Guarded, 0}},
		{"a body that cannot be read", Request{Path: "/graphql", Body: unreadable}, "", Match{Guarded, 0}},
		{"a body that was not read", Request{Path: "/graphql"}, "", Match{Guarded, 0}},
		{"below the path, and another field", Request{Path: "/graphql/x", Body: field("query", "{ posts }")}, "", Match{Kind: Open}},
		{"a method of JSON-RPC", Request{Path: "/rpc", Body: field("method", "user.create")}, "", Match{Guarded, 1}},
		{"in other letters and with spaces", Request{Path: "/rpc", Body: field("method", " User.Create ")}, "", Match{Guarded, 1}},
		{"the method of another form on the path", Request{Path: "/rpc", Body: field("method", "comment.add")}, "", Match{Guarded, 4}},
		{"a method that no form guards", Request{Path: "/rpc", Body: field("method", "feed.get")}, "", Match{Kind: Open}},
		{"no method", Request{Path: "/rpc", Body: nothing}, "", Match{Kind: Open}},
		{"a batch, which counts as the first form of the path", Request{Path: "/rpc", Body: unreadable}, "", Match{Guarded, 1}},
		{"a guarded action, on any path", Request{Path: "/about"}, "40ab", Match{Guarded, 2}},
		{"an action that no rule names", Request{Path: "/about"}, "40cd", Match{Kind: Unnamed}},
		{"no action", Request{Path: "/about"}, "", Match{Kind: Open}},
		{"a parameter", Request{Path: "/index.php", Query: "x=1&action=register"}, "", Match{Guarded, 3}},
		{"a parameter after a semicolon", Request{Path: "/", Query: "x=1;ACTION=register"}, "", Match{Guarded, 3}},
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
		t.Errorf("with nothing but the path: %v, want the first form", got)
	}
	if got := r.Match("POST", "/elsewhere"); got != (Match{Guarded, 2}) {
		t.Errorf("with nothing but a path on which a header counts: %v", got)
	}
	reader := Request{Method: "POST", Path: "/graphql", Header: http.Header{"X-Reader": {"feed"}}, Body: unreadable}
	if got := r.MatchRequest(&reader); got != (Match{Guarded, 0}) {
		t.Errorf("an exemption of as much weight as a rule: %v", got)
	}
}

// If parsers read a value in two ways, it counts as unknown, and so as guarded.
func TestConditionsThatReadersTakeDifferently(t *testing.T) {
	on := func(when When) *Routes {
		return mustRoutes(t, NoAuto, nil, []Pattern{mustParse(t, "POST /do")[0].Only(when)})
	}
	query := on(When{Query: "do_action", In: []string{"register"}})
	header := on(When{Header: "X-Action", In: []string{"register"}})
	action := on(When{Header: "Next-Action", In: []string{"40ab"}})
	operation := on(When{GraphQL: []string{"signUp"}})
	multipart := http.Header{"Content-Type": {"Multipart/form-data; boundary=x"}}
	for _, test := range []struct {
		name    string
		routes  *Routes
		request Request
		want    Kind
	}{
		{"a space before the name, which PHP drops", query, Request{Query: "+do_action=register"}, Guarded},
		{"a NUL in the name, where PHP cuts", query, Request{Query: "do_action%00x=register"}, Guarded},
		{"a dot, which is an underscore to PHP", query, Request{Query: "do.action=register"}, Guarded},
		{"a bracket that is never closed, which is one, too", query, Request{Query: "do[action=register"}, Guarded},
		{"brackets around the name, as qs reads", query, Request{Query: "[do_action]=register"}, Guarded},
		{"a name that cannot be decoded", query, Request{Query: "do_action%00%zz=register"}, Guarded},
		{"a value that cannot be decoded", query, Request{Query: "do_action=register%zz"}, Guarded},
		{"a list", query, Request{Query: "do_action[]=register"}, Guarded},
		{"a NUL after the value, which PHP trims", query, Request{Query: "do_action=register%00"}, Guarded},
		{"another parameter that cannot be decoded", query, Request{Query: "do_actions=%zz"}, Open},
		{"another value", query, Request{Query: "do_action=list"}, Open},
		{"an underscore in the header, which CGI reads as a hyphen", header, Request{Header: http.Header{"X_action": {"register"}}}, Guarded},
		{"a second line of the header", header, Request{Header: http.Header{"X-Action": {"list", "register"}}}, Guarded},
		{"another header", header, Request{Header: http.Header{"X-Actions": {"register"}}}, Open},
		{"an action in a field, as a form without a script sends it", action, Request{Header: multipart, Body: body{"$ACTION_ID_40ab": ""}.known}, Guarded},
		{"another action in a field", action, Request{Header: multipart, Body: body{"$ACTION_ID_40cd": ""}.known}, Open},
		{"an action that stands elsewhere", action, Request{Header: multipart, Body: body{"$ACTION_REF_1": "", "$ACTION_1:0": "{}"}.known}, Guarded},
		{"an upload without an action", action, Request{Header: multipart, Body: body{"file": ""}.known}, Open},
		{"an upload that cannot be read, which the gateway searches", action, Request{Header: multipart, Body: func() Body { return nil }}, Open},
		{"an operation beside the parts of an upload", operation, Request{Body: body{"query": "{posts}", "operations": "{}", "map": "{}"}.known}, Guarded},
		{"an operation beside the id of one", operation, Request{Body: body{"query": "{posts}", "documentId": "1"}.known}, Guarded},
		{"an operation beside extensions", operation, Request{Body: body{"query": "{posts}", "extensions": "{}"}.known}, Open},
		{"the hash of an operation alone", operation, Request{Body: body{"extensions": "{}"}.known}, Guarded},
		{"a value that an app cleans first", query, Request{Query: "do_action=reg-ister!"}, Guarded},
		{"a value with a letter more", query, Request{Query: "do_action=registers"}, Open},
		{"an operation with variables", operation, Request{Body: body{"query": "{posts}", "variables": "{}", "operationName": "x"}.known}, Open},
		{"an operation in a form", operation, Request{Body: form{body{"query": "{posts}"}}.known}, Guarded},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.request.Method, test.request.Path = "POST", "/do"
			if got := test.routes.MatchRequest(&test.request); got.Kind != test.want {
				t.Errorf("%v, want %v", got.Kind, test.want)
			}
		})
	}
}

func TestBodiesOfWhichNothingIsKnown(t *testing.T) {
	on := func(when When) *Routes {
		return mustRoutes(t, NoAuto, nil, []Pattern{mustParse(t, "POST /do")[0].Only(when)})
	}
	multipart := http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}
	for _, test := range []struct {
		name    string
		when    When
		request Request
	}{
		{"a field that readers take differently", When{Field: "method", In: []string{"x"}}, Request{Body: func() Body { return doubtful{body{"method": "y"}} }}},
		{"an upload that was not read may name an action", When{Header: "Next-Action"}, Request{Header: multipart}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.request.Method, test.request.Path = "POST", "/do"
			if got := on(test.when).MatchRequest(&test.request); got.Kind != Guarded {
				t.Errorf("%v, want guarded", got.Kind)
			}
		})
	}
	exempt := mustRoutes(t, 7, []Pattern{mustParse(t, "POST /do")[0].Only(When{Query: "action"})})
	if got := exempt.MatchRequest(&Request{Method: "POST", Path: "/do", Query: "action=list"}); got.Kind != Guarded {
		t.Errorf("exempt by its query, although the body is unknown: %v", got)
	}
}

// doubtful is a body whose texts two readers may interpret differently.
type doubtful struct{ body }

func (d doubtful) Text(name string) (string, bool, bool) {
	text, found, _ := d.body.Text(name)
	return text, found, false
}

func TestCleaned(t *testing.T) {
	kept := regexp.MustCompile("[A-Za-z0-9_/]")
	for c := range rune(0x180) {
		want := kept.FindString(string(c))
		if got := cleaned(string(c)); got != want {
			t.Errorf("%q: %q, want %q", c, got, want)
		}
	}
}

// form is a form of texts.
type form struct{ body }

func (f form) known() Body { return f }
func (f form) JSON() bool  { return false }

// An exemption holds only if the request has one value, written in one way.
func TestConditionsOfExemptions(t *testing.T) {
	for _, test := range []struct {
		name    string
		when    When
		request Request
		exempt  bool
	}{
		{"a parameter", When{Query: "action", In: []string{"list"}}, Request{Query: "action=list&x=1"}, true},
		{"a parameter that is sent twice", When{Query: "action", In: []string{"list"}}, Request{Query: "action=list&action=register"}, false},
		{"a parameter that is sent twice with one value", When{Query: "action", In: []string{"list"}}, Request{Query: "action=list&action=list"}, false},
		{"a parameter beside one that some parser reads as the same", When{Query: "action", In: []string{"list"}}, Request{Query: "action=list&+action=register"}, false},
		{"another name that some parser reads as the same", When{Query: "action", In: []string{"list"}}, Request{Query: "Action=list"}, false},
		{"another case of the value", When{Query: "action", In: []string{"list"}}, Request{Query: "action=LIST"}, false},
		{"a value that cannot be decoded", When{Query: "action"}, Request{Query: "action=%zz"}, false},
		{"a semicolon, which ends a value to some", When{Query: "action", In: []string{"list"}}, Request{Query: "action=list;x"}, false},
		{"a semicolon elsewhere", When{Query: "action", In: []string{"list"}}, Request{Query: "a=b;c&action=list"}, false},
		{"another value in the body, which goes first to PHP and Rack", When{Query: "action"}, Request{Query: "action=list", Body: body{"action": "register"}.known}, false},
		{"another value in the body under a name that some parser reads as the same", When{Query: "action"}, Request{Query: "action=list", Body: body{"[action]": "register"}.known}, false},
		{"another value in a cookie", When{Query: "action"}, Request{Query: "action=list", Header: http.Header{"Cookie": {"a=b; action=register"}}}, false},
		{"a body that cannot be read", When{Query: "action"}, Request{Query: "action=list", Body: func() Body { return nil }}, false},
		{"a body that is no form", When{Query: "action"}, Request{Query: "action=list", Header: http.Header{"Content-Type": {"image/png"}}, Body: func() Body { return nil }}, true},
		{"any value", When{Query: "action"}, Request{Query: "action=x"}, true},
		{"no parameter", When{Query: "action"}, Request{}, false},
		{"a header", When{Header: "X-Action", In: []string{"list"}}, Request{Header: http.Header{"X-Action": {"list"}}}, true},
		{"two lines of the header", When{Header: "X-Action", In: []string{"list"}}, Request{Header: http.Header{"X-Action": {"list", "register"}}}, false},
		{"a header beside one that CGI reads as the same", When{Header: "X-Action", In: []string{"list"}}, Request{Header: http.Header{"X-Action": {"list"}, "X_action": {"register"}}}, false},
		{"another header that CGI reads as the same", When{Header: "X-Action", In: []string{"list"}}, Request{Header: http.Header{"X_action": {"list"}}}, false},
		{"a field", When{Field: "method", In: []string{"ping"}}, Request{Body: body{"method": "ping"}.known}, true},
		{"another value of a field", When{Field: "method", In: []string{"ping"}}, Request{Body: body{"method": "user.create"}.known}, false},
		{"no field", When{Field: "method", In: []string{"ping"}}, Request{Body: body{}.known}, false},
		{"a body that cannot be read", When{Field: "method"}, Request{Body: func() Body { return nil }}, false},
		{"a body that was not read", When{Field: "method"}, Request{}, false},
		{"an operation, beside a member without a name", When{GraphQL: []string{"posts"}}, Request{Body: body{"query": "{posts}", "": "x"}.known}, false},
		{"an operation with any fields", When{GraphQL: []string{"posts"}}, Request{Body: body{"query": "{posts}"}.known}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := mustRoutes(t, 7, []Pattern{mustParse(t, "POST /do")[0].Only(test.when)})
			test.request.Method, test.request.Path = "POST", "/do"
			if test.request.Body == nil && test.when.Query != "" {
				test.request.Body = body{}.known
			}
			if got := r.MatchRequest(&test.request); (got.Kind == Open) != test.exempt {
				t.Errorf("%v, want exempt: %v", got, test.exempt)
			}
		})
	}
}

// If the form of a request is in doubt, a form in monitor mode must not get the
// request.
func TestDoubtsLeadToNoFormThatOnlyWatches(t *testing.T) {
	ping, create, any := When{Field: "method", In: []string{"ping"}}, When{Field: "method", In: []string{"create"}}, When{}
	other := When{Field: "news"}
	rules := func(second When) []Rule {
		path := mustParse(t, "POST /rpc")[0]
		return []Rule{{Form: 0, Monitor: true, Patterns: []Pattern{path.Only(ping)}}, {Form: 1, Patterns: []Pattern{path.Only(second)}}}
	}
	unreadable := func() Body { return nil }
	longer := []Rule{
		{Form: 0, Monitor: true, Patterns: mustParse(t, "POST /rpc")},
		{Form: 1, Patterns: []Pattern{mustParse(t, "POST /**")[0].Only(create)}},
	}
	for _, test := range []struct {
		name  string
		rules []Rule
		auto  int
		body  func() Body
		want  Match
	}{
		{"a monitored method", rules(create), NoAuto, body{"method": "ping"}.known, Match{Guarded, 0}},
		{"a guarded method", rules(create), NoAuto, body{"method": "create"}.known, Match{Guarded, 1}},
		{"a doubt between the two", rules(create), NoAuto, unreadable, Match{Guarded, 1}},
		{"a doubt, and a guard of the rest of the path", rules(any), NoAuto, unreadable, Match{Guarded, 1}},
		{"a monitored method, and a guard of the rest of the path", rules(any), NoAuto, body{"method": "ping"}.known, Match{Guarded, 0}},
		{"a method that is monitored and guarded", rules(other), NoAuto, body{"method": "ping", "news": "1"}.known, Match{Guarded, 1}},
		{"a doubt, and a longer path that is monitored", longer, NoAuto, unreadable, Match{Guarded, 1}},
		{"no doubt, and a longer path that is monitored", longer, NoAuto, body{}.known, Match{Guarded, 0}},
		{"a doubt, and a guard of everything", rules(create)[:1], 7, unreadable, Match{Guarded, 7}},
		{"a doubt, and nothing else", rules(create)[:1], NoAuto, unreadable, Match{Guarded, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := New(Config{Rules: test.rules, Auto: test.auto})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.MatchRequest(&Request{Method: "POST", Path: "/rpc", Body: test.body}); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

// Server actions run whatever the path is, so an open path does not allow them.
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
			// Safe methods are examined if a rule names one.
			r = mustRoutes(t, test.auto, test.exempt, mustParse(t, "POST /signup", "GET /vote"))
			if got := r.MatchRequest(&request); got.Kind != Open {
				t.Errorf("the page, on a site that guards another one: %v", got)
			}
		})
	}
}

func TestAnActionBesideAPathInTheQuery(t *testing.T) {
	r := mustRoutes(t, NoAuto, nil, mustParse(t, "POST /signup"))
	request := Request{Method: "POST", Path: "/", Query: "q=signup", Header: http.Header{"Next-Action": {"40bb"}}}
	if got := r.MatchRequest(&request); got != (Match{Kind: Unnamed}) {
		t.Errorf("%v, want unnamed", got)
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
		if when.ValidateExemption() == nil {
			t.Errorf("%+v is taken for an exemption", when)
		}
	}
	operation := When{GraphQL: []string{"signUp"}}
	if err := operation.Validate(); err != nil {
		t.Error(err)
	}
	if operation.ValidateExemption() == nil {
		t.Error("an operation narrows an exemption")
	}
	if err := (&When{Header: "X-Action"}).ValidateExemption(); err != nil {
		t.Error(err)
	}
}
