package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/internal/route"
)

// A form that runs a server action without a script names the action in a field, and any
// page can run the action.
func TestAServerActionInAFieldIsNotOpenOnAnOpenPath(t *testing.T) {
	const kind = "multipart/form-data; boundary=x"
	part := func(head, value string) string {
		return "--x\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n"
	}
	for _, test := range []struct {
		name, kind, body string
		status           int
	}{
		{"an action", kind, part(`name="$ACTION_ID_40ab"`, "") + part(`name="user"`, "ada"), 405},
		{"an action after a large file", kind, part(`name="f"; filename="f"`, strings.Repeat("x", 3<<20)) + part(`name="$ACTION_ID_40ab"`, ""), 405},
		{"an action with bound arguments", kind, part(`name="$ACTION_REF_1"`, "") + part(`name="$ACTION_1:0"`, "{}"), 405},
		{"an action in an extended parameter", kind, part(`name*=utf-8''%24ACTION_ID_40ab`, ""), 405},
		{"a header in capitals", kind, strings.Replace(part(`name="$ACTION_ID_40ab"`, ""), "Content-Disposition", "CONTENT-DISPOSITION", 1), 405},
		{"an action after a page with another one", kind, part(`name="f"; filename="f"`, `<input name="$ACTION_ID_40cd">`) + part(`name="$ACTION_ID_40ab"`, ""), 405},
		{"an upload of a page with an action", kind, part(`name="f"; filename="f"`, "<form>\n"+`<input type="hidden" name="$ACTION_ID_40ab">`), 200},
		{"an action after marks in one line", kind, part(`name="f"; filename="f"`, strings.Repeat("$ACTION_ID_", 9)) + part(`name="$ACTION_REF_1"`, ""), 405},
		{"a type in capitals", "Multipart/Form-Data; boundary=x", part(`name="$ACTION_ID_40ab"`, ""), 405},
		{"an upload", kind, part(`name="f"; filename="f"`, strings.Repeat("$ACTION", 3<<18)), 200},
		{"a URL-encoded form, which cannot run an action", urlencoded, "%24ACTION_ID_40ab=", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			if a := w.send("POST", "/about", test.kind, test.body+"--x--\r\n"); a.status != test.status {
				t.Errorf("status %d because %s, want %d", a.status, w.reason(), test.status)
			}
			if last, n := w.last(); n > 0 && test.status != 200 && strings.Contains(last.body, "ACTION_") {
				t.Errorf("the app got the action: %.200s", last.body)
			} else if test.status == 200 && last.body != test.body+"--x--\r\n" {
				t.Errorf("the app got %d bytes of %d", len(last.body), len(test.body))
			}
		})
	}
}

// The gateway finds the mark of an action at whatever point the body is split.
func TestAnActionInTwoPieces(t *testing.T) {
	w := newWorld(t)
	const line = "--x\r\nContent-Disposition: form-data; name=\"$ACTION_ID_40ab\"\r\n"
	for cut := range len(line) {
		first, second := line[:cut], line[cut:]
		if cut == 0 {
			first, second = line[:1], line[1:]
		}
		status := w.pieces(t, "POST /about HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n"+
			fmt.Sprintf("%x\r\n%s\r\n", len(first), first), fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(second), second))
		if status != 405 {
			t.Errorf("cut after %d bytes: status %d, want 405", cut, status)
		}
	}
}

func TestARouteForAnActionSeesItsField(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms[0].Routes = []route.Pattern{patterns(t, "POST /**")[0].Only(route.When{Header: "Next-Action", In: []string{"40ab"}})}
	})
	const kind = "multipart/form-data; boundary=x"
	for action, want := range map[string]int{"40ab": 403, "40cd": 405} {
		body := "--x\r\nContent-Disposition: form-data; name=\"$ACTION_ID_" + action + "\"\r\n\r\n\r\n--x--\r\n"
		if a := w.send("POST", "/about", kind, body); a.status != want {
			t.Errorf("%s: status %d because %s, want %d", action, a.status, w.reason(), want)
		}
	}
	if a := w.send("POST", "/about", "text/plain", "[]", header("Next-Action", "40ab")); a.status != 403 && a.status != 415 {
		t.Errorf("by the header: status %d", a.status)
	}
}

// The transport retries a request that it believes to change nothing: a request without
// a body, or with a body that can be read again, if its method or key seems to allow it.
func TestAnAllowedSubmissionIsSentOnce(t *testing.T) {
	for _, test := range []struct{ name, method, target, body string }{
		{"a form with a key", "POST", "/signup", "user=b"},
		{"an empty form with a key", "POST", "/signup", ""},
		{"a form that is sent with GET", "GET", "/vote?user=b", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
				s.Forms[0].Monitor = true // so that all submissions are allowed
				s.Forms[0].Routes = append(s.Forms[0].Routes, patterns(t, "GET /vote")[0])
			})
			var effects atomic.Int64
			w.app = func(rw http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/page" {
					return
				}
				effects.Add(1)
				conn, _, err := http.NewResponseController(rw).Hijack()
				if err != nil {
					t.Fatal(err)
				}
				conn.Close() // the app has processed the request, and dies
			}
			w.send("POST", "/page", urlencoded, "a=1") // opens a connection to send on, which may have been closed meanwhile
			w.send(test.method, test.target, urlencoded, test.body, header("Idempotency-Key", "1"))
			if n := effects.Load(); n != 1 {
				t.Errorf("%d effects, want 1", n)
			}
		})
	}
}
