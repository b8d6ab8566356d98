package gateway_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
)

func TestMethodsThatChangeNothing(t *testing.T) {
	body := "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\nuser=b"
	chunked := "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nuser=b\r\n0\r\n\r\n"
	for _, test := range []struct {
		name, line, rest string
		status           int
		method, target   string // of the request that the app gets
	}{
		{"a page", "GET /signup?a=b", "", 200, "GET", "/signup?a=b"},
		{"the head of a page is asked for as the page", "HEAD /signup?a=b", "", 200, "GET", "/signup?a=b"},
		{"the head of a page whose path is in the query", "HEAD /?q=signup&user=b", "", 200, "GET", "/?q=signup&user=b"},
		{"a method with a tab", "POST\t/x /page", "", 400, "", ""},
		{"also below a guarded path", "HEAD /signup/x", "", 200, "GET", "/signup/x"},
		{"the head of another page", "HEAD /page", "", 200, "HEAD", "/page"},
		{"a question about options has no query", "OPTIONS /signup?user=b", "", 200, "OPTIONS", "/signup"},
		{"a question about options elsewhere keeps its query", "OPTIONS /page?user=b", "", 200, "OPTIONS", "/page?user=b"},
		{"the head of a page, with a body", "HEAD /signup", body, 400, "", ""},
		{"options, with a body", "OPTIONS /signup", body, 400, "", ""},
		{"options, with a body in chunks", "OPTIONS /Signup.php", chunked, 400, "", ""},
		{"a page, with a body", "GET /signup", body, 400, "", ""},
		{"a body in the path of another page", "GET /page", body, 200, "GET", "/page"},
		{"a body, and a path that is not plain", "GET //signup", body, 400, "", ""},
		{"a path that is not plain", "HEAD //signup", "", 200, "GET", "//signup"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			if test.rest == "" {
				test.rest = "\r\n"
			}
			status := w.raw(t, test.line+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"+test.rest)
			w.compare(t, 0, status, test.status, test.target)
			if last, _ := w.last(); last.method != test.method {
				t.Errorf("the app got %s, want %s", last.method, test.method)
			}
		})
	}
}

// A submission that the form lets through must not count as a second request either.
func TestASubmissionThatIsARequest(t *testing.T) {
	for start, want := range map[string]bool{"user=b": false, "POST /other HTTP/1.1\r\nHost: x\r\n\r\n": true} {
		w := newWorld(t)
		page := w.get("/signup").body
		w.wait(5 * time.Second)
		var last atomic.Bool
		w.app = func(rw http.ResponseWriter, r *http.Request) { last.Store(r.Close) }
		if a := w.send("POST", "/signup", urlencoded, start+"&"+w.solve(page).Encode()); a.status != 200 || last.Load() != want {
			t.Errorf("%q: status %d; it is the last on its connection: %v, want %v", start, a.status, last.Load(), want)
		}
	}
}

func TestAQuestionAboutOptionsSaysNotWhoAsks(t *testing.T) {
	w := newWorld(t)
	for path, want := range map[string]string{"/signup": "", "/page": "user=b"} {
		w.send("OPTIONS", path, "", "", header("Cookie", "user=b"), header("Authorization", "Basic YTpi"))
		if last, _ := w.last(); last.header.Get("Cookie") != want || (last.header.Get("Authorization") != "") != (want != "") {
			t.Errorf("%s: the app got %v", path, last.header)
		}
	}
}

func TestWithAutoEveryPathIsGuarded(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Auto = &gateway.Form{FormConfig: palisade.FormConfig{Name: "auto", Ask: palisade.WhenRisky, Limits: []palisade.Limit{}}}
	})
	if status := w.raw(t, "HEAD /page HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"); status != 400 {
		t.Errorf("status %d, want 400", status)
	}
}

// A body stays on the connection if the handler does not expect it or refuses it before
// reading. Some servers then read it as the next request.
func TestABodyThatIsARequest(t *testing.T) {
	inner := "POST /signup HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nuser=b"
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	for _, test := range []struct {
		name, method, kind, body string
		change                   func(*http.Request)
		last                     bool
	}{
		{"a page", "GET", "", "", nil, false},
		{"a page, with a body", "GET", "text/plain", "a=1", nil, true},
		{"a form", "POST", urlencoded, "user=b", nil, false},
		{"a form in chunks", "POST", urlencoded, "user=b", chunked, true},
		{"JSON", "POST", "application/json", `{"user": "b"}`, nil, false},
		{"an upload", "POST", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n", nil, false},
		{"an empty form", "POST", urlencoded, "", nil, false},
		{"a request", "POST", urlencoded, inner, nil, true},
		{"a request after empty lines", "POST", urlencoded, "\r\n\n " + inner, nil, true},
		{"a request after more empty lines than are searched", "POST", urlencoded, strings.Repeat("\r\n", 50) + inner, nil, true},
		{"a request in lower case, with a tab", "POST", urlencoded, "post\t/signup HTTP/1.1\r\n\r\n", nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			var last atomic.Bool
			w.app = func(rw http.ResponseWriter, r *http.Request) { last.Store(r.Close) }
			change := []func(*http.Request){}
			if test.change != nil {
				change = append(change, test.change)
			}
			a := w.send(test.method, "/open", test.kind, test.body, change...)
			if got, _ := w.last(); a.status != 200 || last.Load() != test.last || got.body != test.body {
				t.Errorf("status %d; it is the last on its connection: %v, want %v; the app got %q", a.status, last.Load(), test.last, got.body)
			}
		})
	}
}
