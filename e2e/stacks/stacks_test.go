package stacks_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/e2e/apps"
)

var list = flag.Bool("bare", false, "list what has an effect in the bare apps")

func TestMain(m *testing.M) {
	status := m.Run()
	apps.Clean()
	os.Exit(status)
}

// gateway starts the gateway in front of an app and protects one route of it.
func gateway(t *testing.T, app *apps.App, route string) string {
	t.Helper()
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	dir, address := t.TempDir(), "127.0.0.1:"+apps.FreePort(t)
	text := "listen: " + address + "\nadmin: \"off\"\nsites:\n  - {host: \"*\", upstream: " + app.URL + ", forms: [{route: POST " + route + "}]}\n"
	if err := os.WriteFile(filepath.Join(dir, "palisade.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	apps.Run(t, dir, nil, "http://"+address+"/.palisade/palisade.js", file, "serve", "-config", "palisade.yaml")
	return "http://" + address
}

// methods are those that may have an effect. The last one is a GET with a method override to
// POST.
var methods = []struct{ name, method, header string }{
	{"POST", "POST", ""},
	{"PUT", "PUT", ""},
	{"HEAD", "HEAD", ""},
	{"OPTIONS", "OPTIONS", ""},
	{"GET, called a POST", "GET", "X-HTTP-Method-Override: POST\r\n"},
}

// target is a target for the request line, and a description. HOST is the host.
type target struct{ name, text string }

// targets are the spellings of the stack's own route, and other paths that mean the route in
// some server.
func targets(stack apps.Stack) (list []target) {
	seen := make(map[string]bool)
	add := func(name, text string) {
		if !seen[text] {
			seen[text] = true
			list = append(list, target{name, text})
		}
	}
	for _, spelling := range spellings {
		add(spelling.name, spelling.of(stack.Route))
	}
	for _, path := range paths {
		add("at another path", path)
	}
	return list
}

// spellings are ways to write a route. Only the first one is a request that the route's own
// page makes.
var spellings = []struct {
	name string
	of   func(route string) string
}{
	{"plainly", written("ROUTE")},
	{"with a scheme and no slashes", written("x:ROUTE")},
	{"with the scheme http and no slashes", written("http:ROUTE")},
	{"with the scheme http and no slash at all", written("http:TAIL")},
	{"with a scheme of scripts", written("javascript:ROUTE")},
	{"with the scheme and the host in upper case", written("HTTP://XROUTE")},
	{"in absolute form", written("http://HOSTROUTE")},
	{"in absolute form with a scheme of its own", written("x://HOSTROUTE")},
	{"in absolute form with three slashes", written("http:///ROUTE")},
	{"in absolute form with a user", written("http://a@bROUTE")},
	{"behind a host without a scheme", written("//xROUTE")},
	{"behind a host with a port", written("//x:80ROUTE")},
	{"behind a user and a host", written("//a@bROUTE")},
	{"behind a host with one slash more", written("///xROUTE")},
	{"behind a host and a dot segment", written("//x/.ROUTE")},
	{"behind a host that is the route", written("/ROUTEROUTE")},
	{"behind a host and a query", written("//x?ROUTE")},
	{"behind an empty host", written("//ROUTE")},
	{"behind a host with a backslash", written(`/\xROUTE`)},
	{"behind a host between backslashes", written(`/\x\TAIL`)},
	{"behind a host, a slash and a backslash", written(`/\/xROUTE`)},
	{"behind two backslashes", written(`\\xROUTE`)},
	{"with a backslash for the first slash", func(route string) string { return `\` + route[1:] }},
	{"with a backslash behind the first slash", written(`/\TAIL`)},
	{"with backslashes and a dot segment", written(`/x\..\TAIL`)},
	{"without the first slash", func(route string) string { return route[1:] }},
	{"with two slashes", written("/ROUTE")},
	{"with three slashes", written("//ROUTE")},
	{"with a dot segment", written("/.ROUTE")},
	{"with an escaped dot segment", written("/%2eROUTE")},
	{"with a parent segment", written("/x/..ROUTE")},
	{"with an escaped parent segment", written("/x/%2e%2eROUTE")},
	{"with a half escaped parent segment", written("/x/.%2EROUTE")},
	{"with a parent segment behind an escaped slash", written("/x%2f..ROUTE")},
	{"with an escaped slash behind a parent segment", written("/x/..%2fTAIL")},
	{"with an escaped backslash behind a parent segment", written("/x/..%5cTAIL")},
	{"with escaped backslashes around a parent segment", written("/x%5c..%5cTAIL")},
	{"with an escaped backslash in front", written("/%5cTAIL")},
	{"with an escaped slash in front", written("/%2fTAIL")},
	{"with an escaped dot segment and an escaped slash", written("/%2e%2fTAIL")},
	{"with a parent segment escaped twice", written("/x/%252e%252eROUTE")},
	{"with more parent segments than there are folders", written("/../..ROUTE")},
	{"with a parameter in a parent segment", written("/x/..;ROUTE")},
	{"with a parameter with a value in a parent segment", written("/x/..;a=bROUTE")},
	{"with a parameter in a dot segment", written("/.;ROUTE")},
	{"with a parameter in an empty segment", written("/;ROUTE")},
	{"with a parameter", written("ROUTE;a=b")},
	{"with an empty parameter", written("ROUTE;")},
	{"with a parameter that is escaped", written("ROUTE%3ba=b")},
	{"with a parameter that holds a slash", written("ROUTE;/x")},
	{"with a slash at the end", written("ROUTE/")},
	{"without a slash at the end", func(route string) string { return strings.TrimSuffix(route, "/") }},
	{"with two slashes at the end", written("ROUTE//")},
	{"with an escaped slash at the end", written("ROUTE%2f")},
	{"with a dot segment at the end", written("ROUTE/.")},
	{"with a segment and its parent at the end", written("ROUTE/x/..")},
	{"with a dot at the end", written("ROUTE.")},
	{"with more path", written("ROUTE/x")},
	{"with a backslash and more path", written(`ROUTE\x`)},
	{"with an extension", written("ROUTE.php")},
	{"with an extension of a page", written("ROUTE.html")},
	{"with an extension of data", written("ROUTE.json")},
	{"with an extension of Next.js", written("ROUTE.rsc")},
	{"as data of Next.js", written("/_next/dataROUTE.json")},
	{"with an extension and more path", written("ROUTE.php/x")},
	{"with two extensions", written("ROUTE.a.b")},
	{"with an extension of data behind another", written("ROUTE.x.json")},
	{"with an extension behind that of a program", written("ROUTE.php.x")},
	{"with an escaped NUL", written("ROUTE%00")},
	{"with an escaped NUL and an extension", written("ROUTE%00.php")},
	{"with an escaped space", written("ROUTE%20")},
	{"with an escaped line feed", written("ROUTE%0a")},
	{"with an escaped carriage return", written("ROUTE%0d")},
	{"with an escaped tab", written("ROUTE%09")},
	{"with an escaped tab in front", written("%09ROUTE")},
	{"with an escaped space in front of the name", written("/%20TAIL")},
	{"with a tab inside", split("\t")},
	{"with an escaped tab inside", split("%09")},
	{"with an escaped line feed inside", split("%0a")},
	{"with a byte that is no UTF-8 inside", split("%FF")},
	{"with a raw byte that is no UTF-8 inside", split("\xff")},
	{"with a byte that is no UTF-8 in front", written("/%FFTAIL")},
	{"with a byte that is no UTF-8 behind", written("ROUTE%FF")},
	{"with a byte that is no UTF-8 in a segment of its own", written("/%FFROUTE")},
	{"with the start of a letter and no end inside", split("%C3")},
	{"with half of a pair inside", split("%ED%A0%80")},
	{"with a byte order mark inside", split("%EF%BB%BF")},
	{"with a soft hyphen inside", split("%C2%AD")},
	{"with a no-width space inside", split("%E2%80%8B")},
	{"with an escaped percent sign inside", split("%25")},
	{"with a percent sign and no digits inside", split("%zz")},
	{"with a percent sign at the end", written("ROUTE%")},
	{"with an escape", letter(0, "%%%02x")},
	{"with an escape in upper case", letter(2, "%%%02X")},
	{"with an escape of an escape", letter(0, "%%25%02x")},
	{"with an escape of Microsoft's", letter(0, "%%u%04x")},
	{"with a letter in two bytes more than it needs", overlong},
	{"with a question mark", written("ROUTE?")},
	{"with a query", written("ROUTE?x")},
	{"with an escaped question mark", written("ROUTE%3fx")},
	{"with a query that names a method", written("ROUTE?_method=POST")},
	{"with a number sign", written("ROUTE#x")},
	{"with an escaped number sign", written("ROUTE%23x")},
	{"with a number sign in front", written("/#ROUTE")},
	{"with a backslash and a number sign", written(`/\TAIL#x`)},
	{"with a backslash, more path and a number sign", written(`ROUTE\x#y`)},
	{"with a number sign and a slash", written("ROUTE#/x")},
	{"with a number sign and a parent segment", written("/x#/..ROUTE")},
	{"with a query and a parent segment", written("/x?/..ROUTE")},
	{"in upper case", strings.ToUpper},
	{"with a long s", swapped("s", "ſ")},
	{"with an escaped long s", swapped("s", "%C5%BF")},
	{"with a dotless i", swapped("i", "%C4%B1")},
	{"with a raw dotless i", swapped("i", "ı")},
	{"with a dotted I, in upper case", func(route string) string {
		return swapped("I", "%C4%B0")(strings.ToUpper(route))
	}},
	{"with a wide letter", swapped("n", "%EF%BD%8E")},
	{"with a combining mark", swapped("n", "n%CC%81")},
	{"below the front controller", written("/index.phpROUTE")},
	{"below the front controller in upper case", written("/INDEX.PHPROUTE")},
	{"below another file", written("/effects.phpROUTE")},
	{"in the query of the front controller", written("/index.php?ROUTE")},
	{"in the query of the folder", written("/?ROUTE")},
	{"in a parameter of the query", written("/index.php?q=TAIL")},
	{"below the front controller and the name of a program", written("/index.php/1.phpROUTE")},
	{"as many characters behind the front controller as its own path has", written("/index.php/aaaaaaROUTE")},
	{"the same without a slash between", written("/index.phpabcdefgROUTE")},
	{"the same without a slash at all", written("/hook/xxindex.phpTAIL")},
	{"with a plus for a letter", split("+")},
	{"with a colon in front", written("/:ROUTE")},
	{"with an at sign in front", written("/@ROUTE")},
	{"with an asterisk", written("*ROUTE")},
}

// written fills in the route, or its part after the first slash.
func written(pattern string) func(string) string {
	return func(route string) string {
		return strings.NewReplacer("ROUTE", route, "TAIL", route[1:]).Replace(pattern)
	}
}

// split inserts a text in the middle of the last name.
func split(inside string) func(string) string {
	return func(route string) string {
		at := name(route) + 2
		return route[:at] + inside + route[at:]
	}
}

// letter changes the spelling of a letter in the last name.
func letter(n int, format string) func(string) string {
	return func(route string) string {
		at := name(route) + n
		return route[:at] + fmt.Sprintf(format, route[at]) + route[at+1:]
	}
}

// overlong writes the first letter of the last name in two bytes of UTF-8.
func overlong(route string) string {
	at := name(route)
	c := route[at]
	return route[:at] + fmt.Sprintf("%%%02X%%%02X", 0xC0|c>>6, 0x80|c&0x3F) + route[at+1:]
}

// name is the index of the route's last name.
func name(route string) int { return strings.LastIndex(strings.TrimSuffix(route, "/"), "/") + 1 }

// swapped replaces the last occurrence of a letter by another.
func swapped(old, new string) func(string) string {
	return func(route string) string {
		at := strings.LastIndex(route, old)
		if at < 0 {
			return route
		}
		return route[:at] + new + route[at+len(old):]
	}
}

// paths mean the protected route in some server, or are similar to it.
var paths = []string{
	"/", "/index.php", "/index.php/", "/index.php/signup", "/index.php/signup/", "//index.php/signup", "/index.php//signup",
	"/index.php/x/../signup", "/x.php/signup", "/index.PHP/signup", "/index.php%2fsignup", "/index.php/signup?x", "/x/index.php/signup", "/%69ndex.php/signup", "/index.ph%70/signup",
	"/signup", "/signup/", "/signup.php", "/signup.PHP", "/signup.php.", "/signup.php/", "/signup.php/x", "/signup.php/x.css", "/signup.php%00", "/signup.php%20", "/signup.html",
	"/signup/index.php", "/signup/.php", "/signup%2ephp", "/signup.%70hp",
	"/contact", "/contact/", "/contact//", "/contact/.", "/contact/./", "/contact/index.php", "/contact/index.php/", "/contact/index.php/x", "/contact/index", "/contact/index.html", "/contact/x", "/contact/x/y",
	"/contact/INDEX.PHP", "/CONTACT/", "//contact/index.php", "/contact//index.php", "/contact%2findex.php", "/contact/%69ndex.php", "/contact/index.ph%70", "/contact/x/../index.php", "/contact;x/", "/contact/;x", "/contact/index.php;x", "/contact\\index.php",
	"/join", "/join/", "/JOIN/", "/jo%C4%B1n/", "/JO%C4%B0N/", "/joın/", "/join/%0a", "/join%0a",
	"/SIGNUP", "/sign%FFup", "/ſignup", "/%C5%BFignup", "/%73ignup", "/x/../signup", "/x/..;/signup", "//signup", "/./signup",
	"*",
}

// request is a request as a client might send it, with any target.
func request(url, method, target, headers, body string) string {
	host := strings.TrimPrefix(url, "http://")
	return method + " " + strings.ReplaceAll(target, "HOST", host) + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers +
		fmt.Sprintf("Connection: close\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// send writes a raw request and waits for the end of the answer.
func send(t *testing.T, url, request string) (status int) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(3 * time.Second)) // some servers wait for more
	_, _ = io.WriteString(conn, request)                  // the server may refuse it before its end
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// reaching sends all requests to a server. It returns those whose effect the app counted,
// with the status of their answers.
func reaching(t *testing.T, stack apps.Stack, app *apps.App, url string) (list []string, sent int) {
	t.Helper()
	headers, body := stack.Submission(app)
	before := app.Effects()["signup"]
	for _, to := range targets(stack) {
		for _, m := range methods {
			sent++
			status := send(t, url, request(url, m.method, to.text, m.header+headers, body))
			if n := app.Effects()["signup"]; n > before {
				list = append(list, fmt.Sprintf("%s %q (%s, status %d)", m.name, to.text, to.name, status))
				before = n
			}
		}
	}
	return list, sent
}

func TestNoSpellingOfAPathGetsAroundTheGateway(t *testing.T) {
	for _, stack := range apps.Stacks {
		t.Run(stack.Name, func(t *testing.T) {
			t.Parallel()
			app := stack.Start(t)
			front := gateway(t, app, stack.Route)
			behind, sent := reaching(t, stack, app, front)
			for _, one := range behind {
				t.Errorf("%s is protected, and %s got through", stack.Route, one)
			}
			// The same without the gateway; otherwise the test would prove nothing.
			bare, _ := reaching(t, stack, app, app.URL)
			if plain := fmt.Sprintf("POST %q (", stack.Route); len(bare) == 0 || !strings.HasPrefix(bare[0], plain) {
				t.Errorf("POST %s has no effect in the bare app", stack.Route)
			}
			t.Logf("%d of %d requests have an effect in the bare app, %d behind the gateway", len(bare), sent, len(behind))
			if *list {
				t.Log(strings.Join(bare, "\n"))
			}
		})
	}
}
