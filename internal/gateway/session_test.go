package gateway_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/verdict"
)

// session opens one as the page's script does, and returns its cookie.
func (w *world) session() string {
	w.t.Helper()
	var o palisade.Offer
	if err := json.Unmarshal([]byte(w.get("/.palisade/ticket?form=signup&script=1").body), &o); err != nil {
		w.t.Fatal(err)
	}
	proof, err := pow.Solve(context.Background(), o.Challenge)
	if err != nil {
		w.t.Fatal(err)
	}
	got := w.send("POST", "/.palisade/session?form=signup", "", "", header("Origin", w.url), header("Palisade-Ticket", o.Ticket), header("Palisade-Proof", proof))
	cookie, _, _ := strings.Cut(got.header.Get("Set-Cookie"), ";")
	if got.status != 200 || cookie == "" {
		w.t.Fatalf("%d %v: %s", got.status, got.header, got.body)
	}
	return cookie
}

// A body passes through with a session, longer than any that is held. The app gets a
// verdict that does not bind it, and sees nothing of the session.
func TestASessionLetsALongBodyPassThrough(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config, s *gateway.Site) {
		s.Forms[0].Sessions, s.Forms[0].MaxBody = true, 1<<10
	})
	w.now = time.Now() // the test checks the verdict against the real clock
	var said verdict.Verdict
	var err error
	w.app = func(_ http.ResponseWriter, r *http.Request) {
		said, err = verdict.Verify(r, 0, verdict.Key(key, "localhost"))
	}
	body := strings.Repeat("x", 40<<20)
	cookie := w.session()
	send := func(cookie string) answer {
		return w.send("POST", "/signup", "application/octet-stream", body, header("Sec-Fetch-Mode", "cors"), header("Cookie", cookie))
	}
	if got := send("a=1; " + cookie + "; b=2"); got.status != 200 {
		t.Fatalf("%d: %s", got.status, got.body)
	}
	r, _ := w.last()
	if r.body != body {
		t.Errorf("%d bytes arrived, want %d", len(r.body), len(body))
	}
	if got := r.header.Get("Cookie"); got != "a=1; b=2" {
		t.Errorf("the app got the cookies %q", got)
	}
	if err != nil || said.Form != "signup" || said.Mode != verdict.Session {
		t.Errorf("the verdict %q: %+v, %v", r.header[verdict.Header], said, err)
	}
	if got := send(strings.ToUpper(cookie)); got.status != http.StatusForbidden || w.posts() != 1 {
		t.Errorf("without a session: %d, and %d requests reached the app", got.status, w.posts())
	}
}

// A client that sends its body slowly must not hold a worker of the app. So a short body is
// received first, and a request whose body breaks off never reaches the app.
func TestTheAppGetsAShortBodyAtOnce(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config, s *gateway.Site) { s.Forms[0].Sessions = true })
	cookie := w.session()
	head := "POST /signup HTTP/1.1\r\nHost: " + strings.TrimPrefix(w.url, "http://") + "\r\nOrigin: " + w.url + "\r\nUser-Agent: " + agent + "\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nCookie: " + cookie +
		"\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n"
	conn, reader := w.connect()
	fmt.Fprint(conn, head, `{"a": `)
	_ = conn.(*net.TCPConn).CloseWrite()
	resp, err := http.ReadResponse(reader, nil)
	if err != nil || resp.StatusCode != http.StatusBadRequest || w.posts() != 0 {
		t.Fatalf("half a body: %v, %v; %d requests reached the app, want 0", resp, err, w.posts())
	}
	conn, reader = w.connect()
	fmt.Fprint(conn, head, `{"a": `)
	fmt.Fprint(conn, `"bcd"}`)
	resp, err = http.ReadResponse(reader, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the whole body: %v, %v", resp, err)
	}
	if r, _ := w.last(); r.body != `{"a": "bcd"}` || w.posts() != 1 {
		t.Errorf("the app got %q, and %d requests in all", r.body, w.posts())
	}
}
