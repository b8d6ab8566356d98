package route

import (
	"encoding/json"
	"net/url"
	"os"
	pathpkg "path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func mustParse(t testing.TB, texts ...string) (list []Pattern) {
	t.Helper()
	for _, text := range texts {
		p, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

func mustRoutes(t testing.TB, auto int, exempt []Pattern, forms ...[]Pattern) *Routes {
	t.Helper()
	config := Config{Auto: auto, Exempt: exempt}
	for i, patterns := range forms {
		config.Rules = append(config.Rules, Rule{Form: i, Patterns: patterns})
	}
	r, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The Python package's tests read the same file of vectors.
func TestPaths(t *testing.T) {
	var vectors []struct{ Name, Pattern, Path, Want string }
	text, err := os.ReadFile("testdata/paths.json")
	if err == nil {
		err = json.Unmarshal(text, &vectors)
	}
	if err != nil || len(vectors) < 90 {
		t.Fatal(len(vectors), err)
	}
	kinds := map[string]Kind{"guarded": Guarded, "open": Open, "ambiguous": Ambiguous}
	for _, v := range vectors {
		t.Run(v.Pattern+" "+v.Name, func(t *testing.T) {
			want, known := kinds[v.Want]
			if got := mustRoutes(t, NoAuto, nil, mustParse(t, v.Pattern)).Match("POST", v.Path).Kind; got != want || !known {
				t.Errorf("%s: %v, want %s", v.Path, got, v.Want)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	r := mustRoutes(t, NoAuto, mustParse(t, "POST /api/hook"),
		mustParse(t, "POST /signup"),
		mustParse(t, "POST /konto/anlegen/"),
		mustParse(t, "/api/**"),
		mustParse(t, "POST,PUT /posts/*/edit"),
		mustParse(t, "POST /posts/new/edit"),
		mustParse(t, "GET /vote/*"),
		mustParse(t, "POST /café"),
	)
	for _, test := range []struct {
		name, method, path string
		want               Match
	}{
		{"the route as it is written", "POST", "/signup", Match{Guarded, 0}},
		{"its page", "GET", "/signup", Match{Kind: Open}},
		{"a method that no rule names", "PUT", "/signup", Match{Kind: Unnamed}},
		{"an unknown method", "FOO", "/signup", Match{Kind: Unnamed}},
		{"a method in lower case", "post", "/signup", Match{Kind: Unnamed}},
		{"get in lower case may be anything", "get", "/signup", Match{Kind: Unnamed}},
		{"another path", "POST", "/contact", Match{Kind: Open}},
		{"a path that begins the same", "POST", "/signups", Match{Kind: Open}},
		{"below a route", "POST", "/signup/confirm", Match{Guarded, 0}},
		{"below a route any method is judged", "PUT", "/signup/confirm", Match{Guarded, 0}},
		{"below a route a page is a page", "GET", "/signup/confirm", Match{Kind: Open}},
		{"an unsafe method on an odd path", "DELETE", "//signup", Match{}},

		{"a route with a slash at the end", "POST", "/konto/anlegen/", Match{Guarded, 1}},
		{"the same without it", "POST", "/konto/anlegen", Match{Guarded, 1}},
		{"any unsafe method under a prefix", "DELETE", "/api/v1/users/7", Match{Guarded, 2}},
		{"the prefix itself", "POST", "/api/", Match{Guarded, 2}},
		{"a safe method under it", "GET", "/api/v1", Match{Kind: Open}},
		{"a lower-case method under it", "get", "/api/v1", Match{Guarded, 2}},
		{"an escape under it that browsers write", "POST", "/api/caf%C3%A9%20x", Match{Guarded, 2}},
		{"a way out of an exempt route", "POST", "/api/hook/../v1", Match{}},
		{"an exempt route", "POST", "/api/hook", Match{Kind: Open}},
		{"an exempt route with another method", "PUT", "/api/hook", Match{Guarded, 2}},
		{"an exempt route under another reading", "POST", "/api//hook", Match{}},

		{"one segment", "PUT", "/posts/17/edit", Match{Guarded, 3}},
		{"no segment", "PUT", "/posts/edit", Match{Kind: Open}},
		{"the more literal one wins", "POST", "/posts/new/edit", Match{Guarded, 4}},
		{"a method that only the other one names", "PUT", "/posts/new/edit", Match{Guarded, 3}},
		{"a form that is sent with GET", "GET", "/vote/7", Match{Guarded, 5}},
		{"a form that is sent with GET in another case", "GET", "/VOTE/7", Match{Guarded, 5}},
		{"below it", "GET", "/vote/7/x", Match{Guarded, 5}},
		{"frameworks answer HEAD by running GET", "HEAD", "/vote/7", Match{Guarded, 5}},
		{"OPTIONS is not GET", "OPTIONS", "/vote/7", Match{Kind: Open}},
		{"an odd path where a form is sent with GET", "GET", "/vote//7", Match{}},
		{"any odd path where a form is sent with GET", "GET", "/static//a.js", Match{}},
		{"a path in another script", "POST", "/caf%C3%A9", Match{Guarded, 6}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := r.Match(test.method, test.path); got != test.want {
				t.Errorf("%s %s: %v, want %v", test.method, test.path, got, test.want)
			}
		})
	}
}

func TestAutoGuardsWhatIsNotSafe(t *testing.T) {
	r := mustRoutes(t, 9, mustParse(t, "POST /webhooks/*"), mustParse(t, "POST /signup"))
	for _, test := range []struct {
		name, method, path string
		want               Match
	}{
		{"any path", "POST", "/contact", Match{Guarded, 9}},
		{"any method", "FOO", "/", Match{Guarded, 9}},
		{"a safe method in lower case", "get", "/", Match{Guarded, 9}},
		{"a path that no page contains", "POST", "//a/%00/..;", Match{}},
		{"the page of such a path", "GET", "//a/%00/..;", Match{Kind: Open}},
		{"a page", "GET", "/contact", Match{Kind: Open}},
		{"a form with a name", "POST", "/signup", Match{Guarded, 0}},
		{"another reading of it", "POST", "/signup/", Match{Guarded, 0}},
		{"an exempt route", "POST", "/webhooks/x", Match{Kind: Open}},
		{"an exempt route in another case", "POST", "/Webhooks/x", Match{Guarded, 9}},
		{"an exempt route with an extension", "POST", "/webhooks.php/x", Match{Guarded, 9}},
		{"below an exempt route", "POST", "/webhooks/x/y", Match{Guarded, 9}},
		{"an exempt route whose wildcard stands for nothing", "POST", "/webhooks/", Match{Guarded, 9}},
		{"an exempt route written oddly", "POST", "/webhooks//x", Match{}},
		{"a way out of an exempt route", "POST", "/webhooks/..", Match{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := r.Match(test.method, test.path); got != test.want {
				t.Errorf("%s %s: %v, want %v", test.method, test.path, got, test.want)
			}
		})
	}
}

func TestPatternsThatAreRefused(t *testing.T) {
	for _, text := range []string{
		"", "signup", "POST signup", "post /signup", "POST  /signup", "POST, /signup", "POST /a b ", "POST /a//b", "POST /a/../b",
		"POST /a?b", "POST /%61", "POST /a;b", "POST /a;b=c", "POST /a*", "POST /**/a", "POST /a#b", "POST /a\x00", "POST /a/** exact", "POST /a  exact", "POST /a\xff",
	} {
		if p, err := Parse(text); err == nil {
			t.Errorf("%q is taken as %v", text, p)
		}
	}
}

func TestTwoFormsCannotClaimOneRoute(t *testing.T) {
	for _, test := range []struct {
		name, a, b string
		refused    bool
	}{
		{"the same", "POST /a", "POST /a", true},
		{"one method in common", "POST,PUT /a", "PUT /a", true},
		{"all unsafe methods, and one", "/a", "PUT /a", true},
		{"all unsafe methods, and a safe one", "/a", "GET /a", false},
		{"different methods", "POST /a", "PUT /a", false},
		{"one more literal than the other", "POST /a/*", "POST /a/b", false},
		{"one longer than the other", "POST /a", "POST /a/b", false},
		{"another case", "POST /a", "POST /A", true},
		{"all unsafe methods, twice", "/a", "/a", true},
	} {
		_, err := New(Config{Rules: []Rule{{Form: 0, Patterns: mustParse(t, test.a)}, {Form: 1, Patterns: mustParse(t, test.b)}}, Auto: NoAuto})
		if (err != nil) != test.refused {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// If two patterns guard a path, the more specific one counts.
func TestTheLongestPatternWins(t *testing.T) {
	patterns := mustParse(t, "/a/**", "POST /a", "POST /a/b", "POST /a/b.json", "POST /a/*/c", "POST /A/B/C/d exact")
	var forms [][]Pattern
	for _, p := range patterns {
		forms = append(forms, []Pattern{p})
	}
	r := mustRoutes(t, NoAuto, mustParse(t, "POST /a/b/hook", "POST /a/z", "POST /a"), forms...)
	for _, test := range []struct {
		name, path string
		want       Match
	}{
		{"the path itself", "/a", Match{Guarded, 1}},
		{"any rest counts more than below", "/a/x", Match{Guarded, 0}},
		{"a longer one", "/a/b", Match{Guarded, 2}},
		{"below the longer one", "/a/b/x", Match{Guarded, 2}},
		{"the one that is spelled like it", "/a/b.json", Match{Guarded, 3}},
		{"a wildcard in the midst", "/a/x/c", Match{Guarded, 4}},
		{"a longer one in another case", "/a/b/c/D", Match{Guarded, 5}},
		{"below an exact one", "/a/b/c/d/e", Match{Guarded, 4}},
		{"an exemption that is more specific", "/a/b/hook", Match{Kind: Open}},
		{"an exemption in another case", "/a/b/HOOK", Match{Guarded, 2}},
		{"an exemption beside any rest", "/a/z", Match{Kind: Open}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := r.Match("POST", test.path); got != test.want {
				t.Errorf("%s: %v, want %v", test.path, got, test.want)
			}
		})
	}
}

// The ways in which a pattern is more specific than another, the strongest first.
func TestWhichOfTwoPatternsCounts(t *testing.T) {
	is := When{Field: "method", In: []string{"ping"}}
	unreadable := func() Body { return nil }
	for _, test := range []struct {
		name          string
		first, second Pattern
		path          string
		body          func() Body
		want          int
	}{
		{"more segments before fewer wildcards", mustParse(t, "POST /a")[0], mustParse(t, "POST /*/*")[0], "/a/b", nil, 1},
		{"more segments before fewer wildcards and a closer path", mustParse(t, "POST /a/**")[0], mustParse(t, "POST /*/*")[0], "/a/b/c", nil, 1},
		{"fewer wildcards before a closer path", mustParse(t, "POST /a/*/**")[0], mustParse(t, "POST /a/b")[0], "/a/b/c", nil, 1},
		{"fewer wildcards before a condition", mustParse(t, "POST /a/b")[0], mustParse(t, "POST /a/*")[0].Only(is), "/a/b", body{"method": "ping"}.known, 0},
		{"a condition before none", mustParse(t, "POST /a")[0], mustParse(t, "POST /a")[0].Only(is), "/a", body{"method": "ping"}.known, 1},
		{"a condition that holds but for spaces before none", mustParse(t, "POST /a")[0], mustParse(t, "POST /a")[0].Only(is), "/a", body{"method": " ping\x00"}.known, 1},
		{"no condition before an unknown one", mustParse(t, "POST /a")[0].Only(is), mustParse(t, "POST /a")[0], "/a", unreadable, 1},
		{"the same, whose path is written like the request's", mustParse(t, "POST /a.php")[0].Only(is), mustParse(t, "POST /a")[0], "/a.php", unreadable, 1},
		{"the path as it is written", mustParse(t, "POST /a")[0], mustParse(t, "POST /a.php")[0], "/a.php", nil, 1},
		{"the first of two equally specific ones", mustParse(t, "POST /a/*")[0], mustParse(t, "POST /*/b")[0], "/a/b", nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := mustRoutes(t, NoAuto, nil, []Pattern{test.first}, []Pattern{test.second})
			if got := r.MatchRequest(&Request{Method: "POST", Path: test.path, Body: test.body}); got != (Match{Guarded, test.want}) {
				t.Errorf("%v, want form %d", got, test.want)
			}
		})
	}
	r := mustRoutes(t, NoAuto, nil, mustParse(t, "POST /a/**"), mustParse(t, "PUT /a/b"), mustParse(t, "POST /a/b"))
	if got := r.Match("POST", "/a/b"); got != (Match{Guarded, 2}) {
		t.Errorf("a rule of another method between two: %v", got)
	}
}

// A form in monitor mode counts only if no other form matches the request.
func TestWhenAWatchedFormCounts(t *testing.T) {
	for _, test := range []struct {
		name, guarded, watched, method, path string
		auto                                 int
		want                                 Match
	}{
		{"the monitored path", "", "POST /x", "POST", "/x", 7, Match{Guarded, 1}},
		{"a program before it, where everything is guarded", "", "POST /x", "POST", "/index.php/x", 7, Match{Guarded, 7}},
		{"a program before it", "", "POST /x", "POST", "/index.php/x", NoAuto, Match{Guarded, 1}},
		{"a program before it, and a method that no rule names", "", "POST /x", "PUT", "/index.php/x", NoAuto, Match{Kind: Unnamed}},
		{"a program before it, and a guard of everything", "POST /**", "POST /x", "POST", "/index.php/x", NoAuto, Match{Guarded, 0}},
		{"no program, and a guard of everything", "POST /**", "POST /x", "POST", "/x", NoAuto, Match{Guarded, 1}},
		{"as long a path that is written like the request's", "POST /a", "POST /a.php", "POST", "/a.php", NoAuto, Match{Guarded, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			rules := []Rule{{Form: 1, Monitor: true, Patterns: mustParse(t, test.watched)}}
			if test.guarded != "" {
				rules = append(rules, Rule{Form: 0, Patterns: mustParse(t, test.guarded)})
			}
			r, err := New(Config{Rules: rules, Auto: test.auto})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Match(test.method, test.path); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

// Java servers write the session id behind the path and cut it themselves. Others read it as a
// part of the last segment. Whatever one of them guards is guarded.
func TestSessionIDs(t *testing.T) {
	guarded, auto, open, odd := Match{Guarded, 0}, Match{Guarded, 7}, Match{Kind: Open}, Match{}
	for _, test := range []struct {
		name, rule, exempt, path string
		want                     Match
	}{
		{"behind the path", "POST /signup", "", "/signup;jsessionid=0A1B.node1", guarded},
		{"in capitals", "POST /signup", "", "/signup;JSESSIONID=a_b!c-1", guarded},
		{"behind an exact path", "POST /signup exact", "", "/signup;jsessionid=1", guarded},
		{"behind a slash", "POST /signup", "", "/signup/;jsessionid=1", guarded},
		{"behind the slash of an exact path", "POST /signup exact", "", "/signup/;jsessionid=1", guarded},
		{"behind the root", "POST /", "", "/;jsessionid=1", guarded},
		{"behind a slash, as a segment of any name", "POST /a/*", "", "/a/;jsessionid=1", guarded},
		{"behind an index document", "POST /a", "", "/a/index.jsp;jsessionid=1", guarded},
		{"in another spelling of the path", "POST /signup", "", "/SIGNUP.jsp;jsessionid=1", guarded},
		{"behind another path", "POST /signup", "", "/b/;jsessionid=1", auto},
		{"in the midst", "POST /signup", "", "/b/;jsessionid=1/signup", odd},
		{"without a value", "POST /signup", "", "/signup/;jsessionid=", odd},
		{"a value that is too long", "POST /signup", "", "/signup/;jsessionid=" + strings.Repeat("a", 129), odd},
		{"the longest value", "POST /signup", "", "/signup/;jsessionid=" + strings.Repeat("a", 128), guarded},
		{"a value with other characters", "POST /signup", "", "/signup/;jsessionid=a:b", odd},
		{"a value with a tilde", "POST /signup", "", "/signup/;jsessionid=a~b", odd},
		{"another parameter behind a slash", "POST /signup", "", "/signup/;sid=1", odd},
		{"two parameters behind a slash", "POST /signup", "", "/signup/;a=b;jsessionid=1", odd},
		{"behind two slashes", "POST /signup", "", "/signup//;jsessionid=1", odd},
		{"behind an exempt path", "POST /signup", "POST /hook", "/hook;jsessionid=1", auto},
		{"behind an exempt path with a slash", "POST /signup", "POST /hook/", "/hook/;jsessionid=1", auto},
		{"behind what a wildcard exempts", "POST /signup", "POST /h/*", "/h/k;jsessionid=1", open},
		{"instead of what a wildcard exempts", "POST /signup", "POST /h/*", "/h/;jsessionid=1", auto},
		{"in the rest that is exempt", "POST /signup", "POST /r/**", "/r/;jsessionid=1", open},
		{"behind a guarded path in the rest that is exempt", "POST /r/signup", "POST /r/**", "/r/signup/;jsessionid=1", guarded},
		{"behind an exempt path below a guarded one", "POST /signup", "POST /signup/hook", "/signup/hook;jsessionid=1", guarded},
	} {
		t.Run(test.name, func(t *testing.T) {
			var exempt []Pattern
			if test.exempt != "" {
				exempt = mustParse(t, test.exempt)
			}
			if got := mustRoutes(t, 7, exempt, mustParse(t, test.rule)).Match("POST", test.path); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
	r := mustRoutes(t, NoAuto, mustParse(t, "GET /ws/*"), mustParse(t, "/**"))
	if r.OpenToSockets("/ws/;jsessionid=1", "") || !r.OpenToSockets("/ws/a;jsessionid=1", "") {
		t.Error("sockets")
	}
	r = mustRoutes(t, NoAuto, nil, mustParse(t, "POST /signup"))
	if got := r.MatchRequest(&Request{Method: "POST", Path: "/;jsessionid=1", Query: "/signup"}); got != guarded {
		t.Errorf("a path in the query behind a session id: %v", got)
	}
}

func TestExemptionsWithWildcards(t *testing.T) {
	for _, test := range []struct {
		name, rule, exempt, path string
		want                     Match
	}{
		{"one that is longer than a guard of everything", "POST /**", "POST /hook/*", "/hook/x", Match{Kind: Open}},
		{"the folder of the rest", "POST /signup", "POST /hook/**", "/hook/", Match{Kind: Open}},
		{"the rest without its folder", "POST /signup", "POST /hook/**", "/hook", Match{Guarded, 7}},
		{"everything", "POST /signup", "POST /**", "/", Match{Kind: Open}},
		{"the name of a program for *, with parameters", "POST /signup", "POST /v/*", "/v/x.php;a=b", Match{Guarded, 7}},
		{"the name of a program for *, with more text after it", "POST /signup", "POST /v/*", "/v/x.phpother", Match{Guarded, 7}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := mustRoutes(t, 7, mustParse(t, test.exempt), mustParse(t, test.rule)).Match("POST", test.path); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

// Auto may be the first form.
func TestAutoIsAnyForm(t *testing.T) {
	if got := mustRoutes(t, 0, nil, mustParse(t, "POST /signup")).Match("POST", "/other"); got != (Match{Guarded, 0}) {
		t.Error(got)
	}
}

func TestWhatAPatternSays(t *testing.T) {
	const text = "POST,PUT /Café/* exact"
	p := mustParse(t, text)[0].Only(When{Header: "X-A"})
	if p.String() != text || p.Path() != "/Café/*" || !slices.Equal(p.Methods(), []string{"POST", "PUT"}) || !p.Exact() || !p.Conditional() || p.When().Header != "X-A" {
		t.Errorf("%q: path %q, methods %q, exact %v, when %+v", p, p.Path(), p.Methods(), p.Exact(), p.When())
	}
	if p := mustParse(t, "/a")[0]; p.Exact() || p.Conditional() || len(p.Methods()) > 0 {
		t.Errorf("%q: exact %v, conditional %v, methods %q", p, p.Exact(), p.Conditional(), p.Methods())
	}
	if p := mustParse(t, "POST /")[0]; !p.Exact() {
		t.Error("the root is not exact")
	}
}

func TestGuardsAndSockets(t *testing.T) {
	conditional := mustParse(t, "POST /rpc")[0].Only(When{Header: "X-Action", In: []string{"signup"}})
	some := mustRoutes(t, NoAuto, nil, mustParse(t, "POST /signup"), []Pattern{conditional})
	every := mustRoutes(t, 7, append(mustParse(t, "GET /ws", "POST /hook"), mustParse(t, "GET /feed")[0].Only(When{Query: "a"})))
	for _, test := range []struct {
		name            string
		routes          *Routes
		path, query     string
		guards, sockets bool
	}{
		{"a guarded path", some, "/signup", "", true, false},
		{"an open path", some, "/contact", "", false, true},
		{"an odd path", some, "//contact", "", true, false},
		{"a guarded path inside the query", some, "/", "q=signup", true, false},
		{"a path whose condition may hold", some, "/rpc", "", true, false},
		{"any path where everything is guarded", every, "/contact", "", true, false},
		{"a path that is exempt for GET", every, "/ws", "", true, true},
		{"a path that is exempt for POST alone", every, "/hook", "", false, true},
		{"a path that is exempt on a condition", every, "/feed", "a=b", true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.routes.Guards(test.path, test.query); got != test.guards {
				t.Errorf("guarded: %v", got)
			}
			if got := test.routes.OpenToSockets(test.path, test.query); got != test.sockets {
				t.Errorf("open to sockets: %v", got)
			}
		})
	}
}

func TestOddPathsThatASiteLists(t *testing.T) {
	config := Config{Rules: []Rule{{Patterns: mustParse(t, "POST /signup")}}, Auto: 7, Odd: mustParse(t, "POST,GET /projects/**")}
	r, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, method, path string
		want               Match
	}{
		{"an escaped slash where the site lists it", "POST", "/projects/a%2Fb", Match{Guarded, 7}},
		{"a way out of there goes to auto too", "POST", "/projects/../signup", Match{Guarded, 7}},
		{"a method that is not listed", "PUT", "/projects/a%2Fb", Match{}},
		{"an odd path elsewhere", "POST", "/other/a%2Fb", Match{}},
		{"the listed prefix written oddly", "POST", "/x/../projects/a%2Fb", Match{}},
		{"a page", "GET", "/projects/a%2Fb", Match{Kind: Open}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := r.Match(test.method, test.path); got != test.want {
				t.Errorf("%s %s: %v, want %v", test.method, test.path, got, test.want)
			}
		})
	}
	config.Auto = NoAuto
	if _, err := New(config); err == nil {
		t.Error("odd paths are allowed without an auto form")
	}
	config.Auto, config.Odd = 7, mustParse(t, "POST /projects")
	if _, err := New(config); err == nil {
		t.Error("an odd pattern without ** is accepted")
	}
}

func TestTarget(t *testing.T) {
	for _, test := range []struct {
		name, target, path, query string
		ok                        bool
	}{
		{"origin-form", "/signup?a=b?c", "/signup", "a=b?c", true},
		{"the root", "/", "/", "", true},
		{"absolute-form", "http://example.com/signup?a", "/signup", "a", true},
		{"absolute-form of HTTPS in capitals", "HTTPS://EXAMPLE.com:8443/x", "/x", "", true},
		{"absolute-form without a path", "http://example.com", "/", "", true},
		{"absolute-form with a query alone", "http://example.com?a", "/", "a", true},
		{"absolute-form with an address", "http://[::1]:80/x", "/x", "", true},
		{"two slashes are a path here", "//x/signup", "//x/signup", "", true},
		{"another scheme", "x:/signup", "", "", false},
		{"a scheme without a host", "http:/signup", "", "", false},
		{"a scheme with an empty host", "http:///signup", "", "", false},
		{"a scheme and a colon", "http:signup", "", "", false},
		{"another scheme with a host", "ftp://example.com/signup", "", "", false},
		{"a name and a password", "http://a:b@example.com/signup", "", "", false},
		{"a host with an escape", "http://example%2ecom/signup", "", "", false},
		{"a host with a backslash", `http://example.com\@x/signup`, "", "", false},
		{"asterisk-form", "*", "", "", false},
		{"authority-form", "example.com:443", "", "", false},
		{"no slash", "signup", "", "", false},
		{"a query alone", "?a", "", "", false},
		{"nothing", "", "", "", false},
		{"a space", "/a b", "", "", false},
		{"a tab", "/a\tb", "", "", false},
		{"a NUL", "/a\x00", "", "", false},
		{"a number sign", "/a#b", "", "", false},
		{"a delete character", "/a\x7f", "", "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			path, query, ok := Target(test.target)
			if path != test.path || query != test.query || ok != test.ok {
				t.Errorf("%q: %q, %q, %v", test.target, path, query, ok)
			}
		})
	}
}

// decode and net/url decode valid escapes in the same way.
func TestDecode(t *testing.T) {
	for hi := range 256 {
		for lo := range 256 {
			text := "%" + string([]byte{byte(hi), byte(lo)})
			want, err := url.PathUnescape(text)
			if err != nil {
				want = text
			}
			if hi == '%' { // the second percent sign may begin an escape, but is too short for one
				want = text
			}
			if got := decode(text); got != want {
				t.Fatalf("%q: %q, want %q", text, got, want)
			}
		}
	}
	for text, want := range map[string]string{"%": "%", "a%2": "a%2", "%41%": "A%", "%%41": "%A", "x%C3%A9y": "xéy", "%4141": "A41"} {
		if got := decode(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// ways are transformations that servers and frameworks apply to a path before the lookup,
// in any order. They are written independently of the code under test.
var ways = []func(string) string{
	func(p string) string {
		if u, err := url.PathUnescape(p); err == nil {
			return u
		}
		return p
	},
	func(p string) string { return strings.ReplaceAll(p, `\`, "/") },
	func(p string) string { return regexp.MustCompile("/{2,}").ReplaceAllString(p, "/") },
	func(p string) string { return pathpkg.Clean("/" + p) },
	func(p string) string { return regexp.MustCompile(";[^/]*").ReplaceAllString(p, "") },
	func(p string) string { before, _, _ := strings.Cut(p, ";"); return before },
	func(p string) string { return regexp.MustCompile(`[?#\x00].*`).ReplaceAllString(p, "") },
	func(p string) string { return strings.TrimRight(p, " \t\r\n.") },
	func(p string) string { return regexp.MustCompile(`[\x00-\x1f\x7f]`).ReplaceAllString(p, "") },
	func(p string) string { return strings.TrimSuffix(p, "/") },
	func(p string) string { return regexp.MustCompile(`([^/])\.[^/.]*$`).ReplaceAllString(p, "$1") },
	func(p string) string {
		return regexp.MustCompile(`(\.(?:php|jsp|cgi|aspx))/.*$`).ReplaceAllString(p, "$1")
	},
	func(p string) string { return regexp.MustCompile(`^.*\.(?:php|cgi)/`).ReplaceAllString(p, "/") },
	func(p string) string {
		return regexp.MustCompile(`/(?i:index|default)\.(?i:php|html|aspx)$`).ReplaceAllString(p, "/")
	},
	func(p string) string { return strings.ToValidUTF8(p, "") },
	func(p string) string { return strings.ToUpper(p) },
	func(p string) string { return strings.ToLower(strings.ReplaceAll(p, "ı", "i")) },
	func(p string) string { return norm.NFKC.String(p) },
	func(p string) string { // new URL(target, base) of JavaScript
		if u, err := url.Parse(strings.ReplaceAll(p, `\`, "/")); err == nil && u.Host != "" {
			return u.Path
		}
		return p
	},
	pathpkg.Dir, // a handler that is mounted on a prefix
}

// The law: if transformations of servers turn a path into a protected path, the path is
// never open to an unsafe method.
func FuzzNoWayAround(f *testing.F) {
	for _, seed := range []struct {
		pattern, path string
		does          []byte
	}{
		{"signup", "/x/..%2fsignup", []byte{0, 3}},
		{"signup", "//SIGNUP.php/a;b", []byte{2, 4, 11, 10}},
		{"signup.php", "/signup", []byte{0}},
		{"contact/index.php", "/contact/", []byte{9}},
		{"contact", "/contact/index.php", []byte{13}},
		{"join", "/jo%C4%B1n/", []byte{0, 16}},
		{"straße", "/STRASSE", []byte{15}},
		{"a.b/c", "/index.php/a.b/c;x=y", []byte{4, 12}},
		{"index.php", "/index.php/x", []byte{11}},
		{"x", "/app.php/x/y", []byte{12, 19}},
		{"signup", "/signup/;jsessionid=0A", []byte{4, 9}},
		{"a/b", "/A.jsp/b/;JSESSIONID=x.php", []byte{5, 9}},
	} {
		f.Add(seed.pattern, seed.path, seed.does)
	}
	f.Fuzz(func(t *testing.T, pattern, path string, does []byte) {
		p, err := Parse("POST /" + pattern)
		if err != nil || len(does) > 6 || len(path) > 64 || len(pattern) > 32 || !strings.HasPrefix(path, "/") || strings.Contains(pattern, "*") || p.exact {
			return
		}
		read := path
		for _, way := range does {
			read = ways[int(way)%len(ways)](read)
		}
		r := mustRoutes(t, NoAuto, nil, []Pattern{p})
		if strings.EqualFold(read, p.Path()) && r.Match("POST", path).Kind == Open {
			t.Fatalf("%q is open, and read as %q after %v", path, p.Path(), does)
		}
	})
}

// The law: checking a plain path costs only a pass over its bytes. All servers agree
// on a plain path: it stays plain after decoding and after cleaning.
func FuzzPlain(f *testing.F) {
	f.Add("/a/b%20c;x=y/")
	f.Add("/%E2%80%A5/x")
	f.Fuzz(func(t *testing.T, path string) {
		if !Plain(path) {
			return
		}
		decoded, err := url.PathUnescape(path)
		if err != nil || !utf8.ValidString(decoded) || strings.ContainsAny(decoded, "\\\x00\r\n") {
			t.Fatalf("%q is plain, and decoded %q (%v)", path, decoded, err)
		}
		clean := pathpkg.Clean(decoded)
		if clean != strings.TrimSuffix(decoded, "/") && decoded != "/" {
			t.Fatalf("%q is plain, and cleaned %q", path, clean)
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	r := mustRoutes(b, NoAuto, nil, mustParse(b, "POST /signup"), mustParse(b, "POST /posts/*/comments"), mustParse(b, "/api/**"))
	for _, request := range [][2]string{{"GET", "/static/site.css"}, {"POST", "/signup"}, {"POST", "/elsewhere/and/more"}} {
		b.Run(request[0]+" "+request[1], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r.Match(request[0], request[1])
			}
		})
	}
}

// A wildcard of an exemption, or of a form in monitor mode, must not match the path of
// another form: a front controller before that path would run the other form.
func TestPathsInsideWildcards(t *testing.T) {
	watched := Rule{Form: 2, Monitor: true, Patterns: mustParse(t, "POST /blog/*/comments/", "POST /signup/*")}
	for _, test := range []struct {
		name, exempt, path string
		auto               int
		want               Match
	}{
		{"the rest of an exemption", "POST /webhooks/**", "/webhooks/public/index.php/signup", NoAuto, Match{Guarded, 0}},
		{"the rest of an exemption from everything", "POST /webhooks/**", "/webhooks/public/index.php/other", 7, Match{Guarded, 7}},
		{"one segment of an exemption", "POST /hook/*", "/hook/xxindex.phpsignup", NoAuto, Match{Guarded, 0}},
		{"a front controller as one segment", "POST /*/signup", "/index.php/signup", NoAuto, Match{Guarded, 0}},
		{"a front controller in the parameters of one segment", "POST /v/*", "/v/xxx;index.php=signup", 7, Match{Guarded, 0}},
		{"a front controller in the parameters of a rest", "POST /v/**", "/v/xx;x=index.php/signup", 7, Match{Guarded, 0}},
		{"a front controller after an escaped semicolon", "POST /v/**", "/v/x%3Bindex.php/signup", 7, Match{Guarded, 0}},
		{"a front controller of another name", "POST /v/**", "/v/xxxx/api.phpsignup", 7, Match{Guarded, 0}},
		{"an exemption that names the program", "POST /index.php/hook/*", "/index.php/hook/1", 7, Match{Kind: Open}},
		{"the path that the program of an exemption gets", "POST /remote.php/**", "/remote.php/dav/index.php.bak", 7, Match{Kind: Open}},
		{"a program in the rest of an exemption", "POST /ocs/**", "/ocs/v2.php/x", 7, Match{Guarded, 7}},
		{"a folder that is called like a program of Perl", "POST /webhooks/**", "/webhooks/shop.pl/orders", 7, Match{Kind: Open}},
		{"a file that is called nearly like a program", "POST /webhooks/**", "/webhooks/whatsapp.photo.jpg", 7, Match{Kind: Open}},
		{"an exemption of a path without a program", "POST /webhooks/**", "/webhooks/a.b/report.docx", 7, Match{Kind: Open}},
		{"an exemption whose wildcard ends at a program", "POST /webhooks/**", "/webhooks/mail.php", 7, Match{Kind: Open}},
		{"the rest of a monitored form", "POST /webhooks/**", "/blog/x/comments/public/index.php/signup", NoAuto, Match{Guarded, 0}},
		{"an index document in a wildcard of an exemption", "POST /*/*", "/signup/index.php", NoAuto, Match{Guarded, 0}},
		{"an index document in an exemption with a wildcard before it", "POST /*/index.php", "/signup/index.php", NoAuto, Match{Guarded, 0}},
		{"an index document in a wildcard of a monitored form", "POST /hook", "/signup/Index.html", NoAuto, Match{Guarded, 0}},
		{"another page in the wildcard of a monitored form", "POST /hook", "/signup/today", NoAuto, Match{Guarded, 2}},
		{"a monitored form", "POST /webhooks/**", "/blog/x/comments/", NoAuto, Match{Guarded, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := New(Config{Rules: []Rule{{Form: 0, Patterns: mustParse(t, "POST /signup")}, watched}, Exempt: mustParse(t, test.exempt), Auto: test.auto})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Match("POST", test.path); got != test.want {
				t.Errorf("%s: %v, want %v", test.path, got, test.want)
			}
		})
	}
}

func TestPathsInsideQueries(t *testing.T) {
	rules := []Rule{
		{Form: 0, Patterns: mustParse(t, "POST /signup", "POST /shop/cart/add", "POST /wp-json/contact/send")},
		{Form: 1, Patterns: mustParse(t, "GET /vote/*")},
		{Form: 2, Monitor: true, Patterns: mustParse(t, "POST /watched")},
		{Form: 3, Patterns: mustParse(t, "POST /other", "POST /signup.php")},
		{Form: 4, Monitor: true, Patterns: []Pattern{mustParse(t, "POST /doubted")[0].Only(When{Field: "method", In: []string{"ping"}})}},
	}
	for _, test := range []struct {
		name, method, path, query string
		auto                      int
		want                      Match
	}{
		{"a query that is a path, as CodeIgniter reads", "POST", "/", "/signup", NoAuto, Match{Guarded, 0}},
		{"the same with its own query", "POST", "/index.php", "/signup?x=1", NoAuto, Match{Guarded, 0}},
		{"the same with an escaped slash", "POST", "/", "%2Fsignup", NoAuto, Match{Guarded, 0}},
		{"the same in another spelling", "POST", "/", "/SignUp/&x", NoAuto, Match{Guarded, 0}},
		{"the same with an escape that is broken", "POST", "/", "/signup%zz", NoAuto, Match{Kind: Ambiguous}},
		{"the same with two slashes", "POST", "/", "/x//signup", NoAuto, Match{Kind: Ambiguous}},
		{"the parameter of Drupal", "POST", "/", "q=signup", NoAuto, Match{Guarded, 0}},
		{"the parameter of WordPress", "POST", "/index.php", "a=b&rest_route=/signup", NoAuto, Match{Guarded, 0}},
		{"the parameter of Yii, in the folder of the app", "POST", "/shop/index.php", "r=cart%2Fadd", NoAuto, Match{Guarded, 0}},
		{"the parameter in another spelling for PHP", "POST", "/", "+q=//signup//", NoAuto, Match{Guarded, 0}},
		{"a value that the app cleans first", "POST", "/index.php", "route=sign-up!", NoAuto, Match{Guarded, 0}},
		{"more such parameters than any app has", "POST", "/", strings.Repeat("q=a&", 17), NoAuto, Match{Kind: Ambiguous}},
		{"a parameter of no front controller", "POST", "/", "next=/signup", NoAuto, Match{Kind: Open}},
		{"a query that is a path, at one that is no front controller's", "POST", "/webhook", "/signup", NoAuto, Match{Kind: Open}},
		{"the parameter at any path, as Drupal reads it", "POST", "/node/7", "q=signup", NoAuto, Match{Guarded, 0}},
		{"the parameter at an exempt path", "POST", "/hook.php", "q=signup", 7, Match{Guarded, 0}},
		{"the parameter of WordPress at an exempt path, where everything is guarded", "POST", "/hook", "rest_route=/contact", 7, Match{Guarded, 7}},
		{"a parameter that has other uses at an exempt path", "POST", "/hook.php", "r=123456&url=https%3A%2F%2Fexample.org%2Fa&route=/sql", 7, Match{Kind: Open}},
		{"the parameter of WordPress stands for another path, too", "POST", "/", "rest_route=/contact/send", NoAuto, Match{Guarded, 0}},
		{"the parameter at a path that is only monitored", "POST", "/watched/", "q=signup", NoAuto, Match{Guarded, 0}},
		{"another parameter at a path that is only monitored", "POST", "/watched/", "q=contact", NoAuto, Match{Guarded, 2}},
		{"the path of another form inside that of a form", "POST", "/shop/cart/add", "q=signup", NoAuto, Match{Guarded, 0}},
		{"an address as a value", "POST", "/fetch.php", "url=https://example.com//signup", NoAuto, Match{Kind: Open}},
		{"a value that is no path", "POST", "/", "q=50%25", NoAuto, Match{Kind: Open}},
		{"another path", "POST", "/", "/contact", NoAuto, Match{Kind: Open}},
		{"an exempt path, where everything is guarded", "POST", "/hook.php", "/contact", 7, Match{Guarded, 7}},
		{"an exempt path without a path inside, where everything is guarded", "POST", "/hook.php", "a=b", 7, Match{Kind: Open}},
		{"the parameter at a page in a folder", "POST", "/shop/page", "r=cart/add", NoAuto, Match{Kind: Open}},
		{"the parameter in a folder", "POST", "/shop/", "r=cart/add", NoAuto, Match{Guarded, 0}},
		{"a broken escape after an escaped slash", "POST", "/", "%2Fsignup%zz", NoAuto, Match{Kind: Ambiguous}},
		{"a broken escape after a letter", "POST", "/", "a%zz", NoAuto, Match{Kind: Open}},
		{"as many such parameters as are examined", "POST", "/", strings.Repeat("q=a&", 16), NoAuto, Match{Kind: Open}},
		{"a path of WordPress that is not plain", "POST", "/", "rest_route=/a%25b", NoAuto, Match{Kind: Ambiguous}},
		{"the pattern that is written like the path inside", "POST", "/", "q=signup.php", NoAuto, Match{Guarded, 3}},
		{"a guarded path, and another one inside", "POST", "/other", "q=signup", NoAuto, Match{Guarded, 3}},
		{"an open path, and one inside that is only monitored", "POST", "/", "q=watched", NoAuto, Match{Guarded, 2}},
		{"a path that auto guards, and another one inside", "POST", "/contact", "q=signup", 7, Match{Guarded, 7}},
		{"a doubt about a path that is only monitored, and another one inside", "POST", "/doubted", "q=signup", 7, Match{Guarded, 7}},
		{"a page with an odd path inside", "GET", "/", "/x//signup", NoAuto, Match{Kind: Open}},
		{"a form that is sent with GET", "GET", "/", "q=vote/7", NoAuto, Match{Guarded, 1}},
		{"a page", "GET", "/", "/signup", NoAuto, Match{Kind: Open}},
		{"a page with an odd query", "GET", "/", "/x//signup%zz", NoAuto, Match{Kind: Open}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := New(Config{Rules: rules, Exempt: mustParse(t, "POST /hook.php", "POST /hook"), Auto: test.auto})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.MatchRequest(&Request{Method: test.method, Path: test.path, Query: test.query, Body: func() Body { return nil }}); got != test.want {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

func TestAMethodThatOnlyAWatchedFormNames(t *testing.T) {
	r, err := New(Config{Rules: []Rule{{Form: 0, Patterns: mustParse(t, "PUT /x")}, {Form: 1, Monitor: true, Patterns: mustParse(t, "POST /x")}}, Auto: NoAuto})
	if err != nil {
		t.Fatal(err)
	}
	for method, want := range map[string]Match{"PUT": {Guarded, 0}, "POST": {Guarded, 1}, "PATCH": {Kind: Unnamed}} {
		if got := r.Match(method, "/x"); got != want {
			t.Errorf("%s: %v, want %v", method, got, want)
		}
	}
}
