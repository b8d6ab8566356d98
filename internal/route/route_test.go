package route

import (
	"strings"
	"testing"
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
	var rules []Rule
	for i, patterns := range forms {
		rules = append(rules, Rule{Form: i, Patterns: patterns})
	}
	r, err := New(rules, exempt, auto)
	if err != nil {
		t.Fatal(err)
	}
	return r
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
		{"a method that nobody named", "PUT", "/signup", Match{Kind: Unnamed}},
		{"a method that nobody knows", "FOO", "/signup", Match{Kind: Unnamed}},
		{"a method in lower case", "post", "/signup", Match{Kind: Unnamed}},
		{"get in lower case may be anything", "get", "/signup", Match{Kind: Unnamed}},
		{"another path", "POST", "/contact", Match{Kind: Open}},
		{"a longer path", "POST", "/signup/confirm", Match{Kind: Open}},
		{"a path that begins the same", "POST", "/signups", Match{Kind: Open}},

		{"a slash at the end", "POST", "/signup/", Match{}},
		{"two slashes", "POST", "//signup", Match{}},
		{"many slashes", "POST", "////signup//", Match{}},
		{"another case", "POST", "/SignUp", Match{}},
		{"an escape", "POST", "/%73ignup", Match{}},
		{"an escape of an escape", "POST", "/%2573ignup", Match{}},
		{"a dot segment", "POST", "/./signup", Match{}},
		{"a parent segment", "POST", "/x/../signup", Match{}},
		{"an escaped parent segment", "POST", "/x/..%2fsignup", Match{}},
		{"a parent segment with parameters", "POST", "/x/..;/signup", Match{}},
		{"parameters", "POST", "/signup;a=b", Match{}},
		{"parameters with a slash in them", "POST", "/signup;a/b", Match{}},
		{"an escaped semicolon", "POST", "/signup%3bx", Match{}},
		{"an escaped slash at the end", "POST", "/signup%2f", Match{}},
		{"an escaped NUL", "POST", "/signup%00", Match{}},
		{"NUL and more", "POST", "/signup%00.html", Match{}},
		{"a space at the end", "POST", "/signup%20", Match{}},
		{"a tab in the midst", "POST", "/sign%09up", Match{}},
		{"a number sign", "POST", "/signup#f", Match{}},
		{"an escaped question mark", "POST", "/signup%3fx", Match{}},
		{"a backslash", "POST", `\signup`, Match{}},
		{"an escaped backslash", "POST", `/x/..%5csignup`, Match{}},
		{"a dot at the end", "POST", "/signup.", Match{}},
		{"a dot segment at the end", "POST", "/signup/.", Match{}},
		{"an extension", "POST", "/signup.json", Match{}},
		{"an extension and more path", "POST", "/signup.php/more", Match{}},
		{"all at once", "POST", "/x//%2e%2e/.%2f/SIGNUP.php;x/%20", Match{}},
		{"an unsafe method on another reading", "DELETE", "//signup", Match{}},
		{"the page under another reading", "GET", "//signup", Match{Kind: Open}},

		{"a route with a slash at the end", "POST", "/konto/anlegen/", Match{Guarded, 1}},
		{"the same without it", "POST", "/konto/anlegen", Match{}},
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
		{"no segment", "PUT", "/posts//edit", Match{Kind: Open}},
		{"the more literal one wins", "POST", "/posts/new/edit", Match{Guarded, 4}},
		{"what only the other one names", "PUT", "/posts/new/edit", Match{Guarded, 3}},
		{"a form that is sent with GET", "GET", "/vote/7", Match{Guarded, 5}},
		{"the same under another reading", "GET", "/vote//7", Match{}},
		{"HEAD is not GET", "HEAD", "/vote/7", Match{Kind: Open}},
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
		{"a path that nobody writes", "POST", "//a/%00/..;", Match{Guarded, 9}},
		{"a page", "GET", "/contact", Match{Kind: Open}},
		{"a form with a name", "POST", "/signup", Match{Guarded, 0}},
		{"another reading of it", "POST", "/signup/", Match{}},
		{"an exempt route", "POST", "/webhooks/x", Match{Kind: Open}},
		{"an exempt route written oddly", "POST", "/webhooks//x", Match{Guarded, 9}},
		{"a way out of an exempt route", "POST", "/webhooks/..", Match{Guarded, 9}},
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
		"POST /a?b", "POST /%61", "POST /a;b", "POST /a*", "POST /**/a", "POST /a#b", "POST /a\x00",
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
	} {
		_, err := New([]Rule{{Form: 0, Patterns: mustParse(t, test.a)}, {Form: 1, Patterns: mustParse(t, test.b)}}, nil, NoAuto)
		if (err != nil) != test.refused {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// The law: whatever servers do to a path before they look it up, what comes out
// as the protected path is never open to a method that changes something.
func FuzzNoWayAround(f *testing.F) {
	f.Add("/x/..%2fsignup", []byte{0, 3})
	f.Add("//SIGNUP.php/a;b", []byte{2, 4, 11, 10})
	r := mustRoutes(f, NoAuto, nil, mustParse(f, "POST /signup"))
	f.Fuzz(func(t *testing.T, path string, does []byte) {
		if len(does) > 6 || len(path) > 64 || !strings.HasPrefix(path, "/") {
			return
		}
		read := path
		for _, way := range does {
			read = ways[int(way)%len(ways)](read)
		}
		if strings.EqualFold(read, "/signup") && r.Match("POST", path).Kind == Open {
			t.Fatalf("%q is open, and read as /signup after %v", path, does)
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
