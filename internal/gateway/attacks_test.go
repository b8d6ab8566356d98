package gateway_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/pow"
)

// A redirect that keeps the method says nothing yet about what comes of the submission.
func TestFailuresBehindARedirectCount(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms[0].Count = palisade.CountFailures
		s.Forms[0].Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}}
	})
	guesses := 0
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == "GET":
			rw.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(rw, signupPage)
		case r.URL.Path == "/signup": // Starlette, gin, Next: a slash is added
			http.Redirect(rw, r, "/signup/", http.StatusTemporaryRedirect)
		default:
			guesses++
			rw.WriteHeader(401)
		}
	}
	for range 8 {
		v := w.solve(w.get("/signup").body)
		w.wait(5 * time.Second)
		if a := w.post("/signup", v); a.status == 307 {
			w.post("/signup/", v)
		}
	}
	if guesses > 1 {
		t.Errorf("%d wrong guesses reached the app, the limit of failures is 1", guesses)
	}
}

// Under another Host the gateway does not see that a page shows the form again.
func TestAHostHidesNoFailure(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms[0].Count = palisade.CountFailures
		s.Forms[0].Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}}
	})
	guesses := 0
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			guesses++
		}
		rw.Header().Set("Content-Type", "text/html; charset=utf-8") // as WordPress: absolute action, 200
		io.WriteString(rw, strings.Replace(signupPage, `action="/signup"`, `action="https://blog.example/signup"`, 1))
	}
	good := func(r *http.Request) { r.Host = "blog.example"; r.Header.Del("Origin") }
	evil := func(r *http.Request) { r.Host = "x.example"; r.Header.Del("Origin") }
	for range 4 {
		v := w.solve(w.get("/signup", good).body)
		w.wait(5 * time.Second)
		w.post("/signup", v, good)
	}
	n := guesses
	guesses = 0
	w.wait(2 * time.Hour)
	for range 8 {
		v := w.solve(w.get("/signup", good).body)
		w.wait(5 * time.Second)
		w.post("/signup", v, evil)
	}
	if guesses > n {
		t.Errorf("%d wrong guesses under the site's host, %d under another one (%s)", n, guesses, w.reason())
	}
}

// A body there would be memory that nobody counts.
func TestASessionIsOpenedWithoutABody(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Forms[0].Sessions = true })
	for _, framing := range []string{"Content-Length: 1048576", "Transfer-Encoding: chunked"} {
		c, answer := w.connect()
		fmt.Fprintf(c, "POST /.palisade/session?form=signup HTTP/1.1\r\nHost: localhost\r\nPalisade-Ticket: x\r\n%s\r\n\r\n", framing)
		resp, err := http.ReadResponse(answer, nil) // the body never comes
		if err != nil || resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %v, %v", framing, resp, err)
		}
	}
}

// Before an answer Go's server reads some of a body that nobody has read. It must not wait
// for a body that does not come, whatever is answered.
func TestNoAnswerWaitsForABodyForLong(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config, _ *gateway.Site) { c.BodyTimeout = 300 * time.Millisecond })
	for _, line := range []string{
		"GET / HTTP/1.1\r\nHost: localhost",                      // an open path
		"DELETE /else HTTP/1.1\r\nHost: localhost",               // no route
		"POST //signup HTTP/1.1\r\nHost: localhost",              // an odd path
		"POST /.palisade/ticket HTTP/1.1\r\nHost: localhost",     // one of our own
		"GET /.palisade/palisade.js HTTP/1.1\r\nHost: localhost", // a file of ours
		"GET /.palisade/guard.js HTTP/1.1\r\nHost: localhost",    // the script of the site
		"POST /signup HTTP/1.1\r\nHost: localhost",               // a form
		"POST /signup HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket",
	} {
		c, answer := w.connect()
		fmt.Fprintf(c, "%s\r\nTransfer-Encoding: chunked\r\n\r\n", line)
		c.SetReadDeadline(time.Now().Add(30 * time.Second))
		resp, err := http.ReadResponse(answer, nil)
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		io.Copy(io.Discard, resp.Body)
		if _, err := answer.ReadByte(); err == nil || strings.Contains(err.Error(), "timeout") {
			t.Errorf("%q: status %d, and the connection is still open: %v", line, resp.StatusCode, err)
		}
	}
}

// A body that stands still and goes on after the answer is not read.
func TestABodyGoesOnAfterItsTimeout(t *testing.T) {
	var out bytes.Buffer
	w := newWorld(t, func(c *gateway.Config, s *gateway.Site) { c.BodyTimeout = 300 * time.Millisecond })
	front := httptest.NewUnstartedServer(w.handler)
	front.Config.ErrorLog = log.New(&out, "", 0)
	front.Start()
	defer front.Close()
	c, err := net.Dial("tcp", front.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n%s", strings.Repeat("a=b&", 250))
	time.Sleep(1500 * time.Millisecond)
	fmt.Fprint(c, strings.Repeat("a=b&", 250))
	time.Sleep(500 * time.Millisecond)
	fmt.Fprintf(c, "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
	c.SetReadDeadline(time.Now().Add(3 * time.Second))
	got, err := io.ReadAll(c)
	t.Logf("answer %.300q %v", got, err)
	time.Sleep(100 * time.Millisecond)
	if strings.Contains(out.String(), "panic") {
		t.Errorf("%.400s", out.String())
	}
}

// After the time for a body the connection should be closed.
func TestAConnectionIsClosedAfterTheTimeoutOfItsBody(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config, s *gateway.Site) { c.BodyTimeout = 300 * time.Millisecond })
	c, _ := w.connect()
	fmt.Fprintf(c, "POST /open HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n%s", strings.Repeat("a=b&", 250))
	c.SetReadDeadline(time.Now().Add(6 * time.Second))
	got, err := io.ReadAll(c)
	if err != nil {
		t.Errorf("20 times the limit later the connection is still open: %q %v", got, err)
	}
}

// A body that nobody can read may be of any form of its path.
func TestAnUnreadableBodyIsOfNoSession(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		when := func(text string, field string) gateway.Form {
			return gateway.Form{FormConfig: palisade.FormConfig{Name: text, Ask: palisade.WhenRisky, Limits: []palisade.Limit{}},
				Routes: []route.Pattern{patterns(t, "POST /graphql")[0].Only(route.When{GraphQL: []string{field}})}}
		}
		draft, signup := when("draft", "saveDraft"), when("signup", "signUp")
		draft.Sessions = true
		signup.Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}}
		s.Forms = []gateway.Form{draft, signup}
	})
	cookie := w.sessionOf("draft")
	send := func(kind, coding, body string) answer {
		return w.send("POST", "/graphql", kind, body, header("Sec-Fetch-Mode", "cors"), header("Cookie", cookie), func(r *http.Request) {
			if coding != "" {
				r.Header.Set("Content-Encoding", coding)
			}
		})
	}
	query := `{"query":"mutation { signUp(name: \"a\") { id } }"}`
	if a := send("application/json", "", query); a.status == 200 {
		t.Errorf("plain: %d", a.status)
	}
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, query)
	z.Close()
	for range 10 {
		send("application/json", "gzip", zipped.String())
	}
	if n := w.posts(); n > 0 {
		r, _ := w.last()
		t.Errorf("%d sign-ups reached the app by the session of another form (Content-Encoding %q)", n, r.header.Get("Content-Encoding"))
	}
}

func (w *world) sessionOf(form string) string {
	w.t.Helper()
	var o palisade.Offer
	if err := json.Unmarshal([]byte(w.get("/.palisade/ticket?form="+form+"&script=1").body), &o); err != nil {
		w.t.Fatal(err)
	}
	proof, err := pow.Solve(context.Background(), o.Challenge)
	if err != nil {
		w.t.Fatal(err)
	}
	got := w.send("POST", "/.palisade/session?form="+form, "", "", header("Origin", w.url), header("Palisade-Ticket", o.Ticket), header("Palisade-Proof", proof))
	cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
	return cookie
}

// A HEAD request has no page in which a form could be shown again.
func TestHEADHidesNoFailure(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms[0].Count = palisade.CountFailures
		s.Forms[0].Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}}
		s.Forms[0].Routes = patterns(t, "GET,POST /signup")
	})
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(rw, signupPage)
	}
	count := func(method string) int {
		w.mu.Lock()
		w.got = nil
		w.mu.Unlock()
		w.wait(3 * time.Hour)
		for range 8 {
			var o palisade.Offer
			if err := json.Unmarshal([]byte(w.get("/.palisade/ticket?form=signup&script=1").body), &o); err != nil {
				t.Fatal(err)
			}
			proof, err := pow.Solve(context.Background(), o.Challenge)
			if err != nil {
				t.Fatal(err)
			}
			w.wait(5 * time.Second)
			w.send(method, "/signup?u=a", "", "", header("Palisade-Ticket", o.Ticket), header("Palisade-Proof", proof))
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		n := 0
		for _, r := range w.got {
			if strings.HasPrefix(r.target, "/signup?u=a") {
				n++
			}
		}
		return n
	}
	get, head := count("GET"), count("HEAD")
	if head > get {
		t.Errorf("failures: %d by GET, %d by HEAD", get, head)
	}
}
