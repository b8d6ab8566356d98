package gateway_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
)

func TestMethodsThatChangeNothing(t *testing.T) {
	body := "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\nuser=b"
	chunked := "Content-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nuser=b\r\n0\r\n\r\n"
	for _, test := range []struct {
		name, line, rest string
		status           int
		method, target   string // of what the app gets
	}{
		{"a page", "GET /signup?a=b", "", 200, "GET", "/signup?a=b"},
		{"the head of a page is asked for as the page", "HEAD /signup?a=b", "", 200, "GET", "/signup?a=b"},
		{"also below a guarded path", "HEAD /signup/x", "", 200, "GET", "/signup/x"},
		{"the head of another page", "HEAD /page", "", 200, "HEAD", "/page"},
		{"a question about options has no query", "OPTIONS /signup?user=b", "", 200, "OPTIONS", "/signup"},
		{"elsewhere it has", "OPTIONS /page?user=b", "", 200, "OPTIONS", "/page?user=b"},
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

func TestWithAutoEveryPathIsGuarded(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Auto = &gateway.Form{FormConfig: palisade.FormConfig{Name: "auto", Ask: palisade.WhenRisky, Limits: []palisade.Limit{}}}
	})
	if status := w.raw(t, "HEAD /page HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx"); status != 400 {
		t.Errorf("status %d, want 400", status)
	}
}

// A body that a handler does not expect is not read, and some servers take what is left
// for the next request.
func TestABodyThatIsARequest(t *testing.T) {
	w := newWorld(t)
	var closes []bool
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		closes = append(closes, r.Close)
		io.WriteString(rw, "ok")
	}
	inner := "POST /signup HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nuser=b"
	w.send("GET", "/page", "text/plain", inner)
	w.send("GET", "/page", "", "")
	if len(closes) != 2 || !closes[0] || closes[1] {
		t.Errorf("connections to the app end after their request: %v, want the one with a body alone", closes)
	}
}
