package gateway_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/pow"
)

var capsules = regexp.MustCompile(`name="palisade-capsule" value="([^"]*)"`)

// again returns the submission of a challenge page, and its cookie.
func (w *world) again(page answer) (kind, body string, cookie func(*http.Request)) {
	w.t.Helper()
	m := capsules.FindStringSubmatch(page.body)
	if m == nil {
		w.t.Fatalf("no capsule in the page (status %d):\n%s", page.status, page.body)
	}
	v := w.solve(page.body)
	var b strings.Builder
	for _, f := range [][2]string{{"palisade-capsule", m[1]}, {"palisade-ticket", v.Get("palisade-ticket")}, {"palisade-proof", v.Get("palisade-proof")}} {
		fmt.Fprintf(&b, "--stakes\r\nContent-Disposition: form-data; name=%q\r\n\r\n%s\r\n", f[0], f[1])
	}
	b.WriteString("--stakes--\r\n")
	set, _, _ := strings.Cut(page.header.Get("Set-Cookie"), ";")
	return "multipart/form-data; boundary=stakes", b.String(), header("Cookie", set)
}

func TestChallengedSubmissionReachesTheAppAsItWas(t *testing.T) {
	w := newWorld(t)
	v := w.solve(w.get("/signup").body)
	v.Del("palisade-proof")
	body := "user=%E4da&" + v.Encode() + "&user="
	page := w.send("POST", "/signup?a=1;b", urlencoded, body)
	if page.status != 403 || w.posts() != 0 {
		t.Fatalf("status %d, %d reached the app", page.status, w.posts())
	}
	kind, body, cookie := w.again(page)
	w.wait(time.Minute)
	if a := w.send("POST", "/signup?a=1;b", kind, body, cookie); a.status != 200 {
		t.Fatalf("status %d because %s", a.status, w.reason())
	}
	got, _ := w.last()
	if got.body != "user=%E4da&user=" || got.header.Get("Content-Type") != urlencoded || got.target != "/signup?a=1;b" {
		t.Errorf("the app got %s %s %q", got.target, got.header.Get("Content-Type"), got.body)
	}
	w.send("POST", "/signup?a=1;b", kind, body, cookie)
	if w.posts() != 1 {
		t.Error("it was released twice")
	}
}

func TestAppThatIsDownLosesNothing(t *testing.T) {
	app := httptest.NewServer(http.NotFoundHandler())
	upstream, _ := url.Parse(app.URL)
	live := newWorld(t)
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Upstream = upstream })
	app.Close()
	ticket := w.fetch("signup")
	w.wait(time.Minute)
	v := url.Values{"user": {"ada"}}
	for name, value := range ticket {
		v[name] = value
	}
	page := w.post("/signup", v)
	if page.status != 502 || !strings.Contains(page.body, "did not answer") {
		t.Fatalf("status %d because %s\n%s", page.status, w.reason(), page.body)
	}
	kind, body, cookie := w.again(page)
	w.wait(time.Minute)
	// The app is up again: here, another gateway with the same keys and another app.
	live.now = w.clock()
	if a := live.send("POST", "/signup", kind, body, cookie); a.status != 200 {
		t.Fatalf("status %d because %s", a.status, live.reason())
	}
	if got, _ := live.last(); got.body != "user=ada" {
		t.Errorf("the app got %q", got.body)
	}
	if a := w.get("/"); a.status != 502 || !strings.Contains(a.body, "No answer") {
		t.Errorf("a page: status %d", a.status)
	}
}

// fetch gets a ticket as a program does, with all fields that a form would have.
func (w *world) fetch(form string) url.Values {
	w.t.Helper()
	var offer palisade.Offer
	if err := json.Unmarshal([]byte(w.get("/.palisade/ticket?form="+form).body), &offer); err != nil {
		w.t.Fatal(err)
	}
	proof, err := pow.Solve(context.Background(), offer.Challenge)
	if err != nil {
		w.t.Fatal(err)
	}
	v := url.Values{"palisade-ticket": {offer.Ticket}, "palisade-proof": {proof}}
	for _, d := range offer.Decoys {
		v.Set(d.Name, d.Value)
	}
	return v
}

func TestBodyThatIsTooLargeIsRefusedBeforeItIsRead(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Forms[0].MaxBody = 1000 })
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /signup HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nContent-Type: %s\r\nContent-Length: 100000000\r\n\r\nuser=", urlencoded)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 413 || !strings.Contains(string(body), "Too large") {
		t.Errorf("status %d\n%s", resp.StatusCode, body)
	}
}

// A client that sends slowly holds memory for the bytes it sent. It takes no memory from
// other networks, and none that is reserved for typed forms.
func TestBodiesUnderJudgementHaveABudget(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config, s *gateway.Site) {
		c.InFlight, c.ClientIP = 4<<20, clientip.Proxies("127.0.0.1")
		s.Forms[0].MaxBody = 256 << 10
	})
	slow := func(from string, announced, sent int) {
		conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "POST /signup HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", from, urlencoded, announced, strings.Repeat("x", sent))
	}
	send := func(from string, length int) answer {
		return w.send("POST", "/signup", urlencoded, strings.Repeat("x", length), header("X-Forwarded-For", from))
	}
	full := func(from string) bool { // checks without sending anything
		return w.raw(t, fmt.Sprintf("POST /signup HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: %s\r\nContent-Type: %s\r\nContent-Length: 250000\r\nExpect: 100-continue\r\n\r\n", from, urlencoded)) == 503
	}
	for range 20 { // each client announces much and sends five bytes
		slow("203.0.113.7", 250_000, 5)
	}
	const judged = 413 // the status for a long body without a ticket
	if a := send("203.0.113.7", 250_000); a.status != judged {
		t.Fatalf("beside clients that only announce: status %d because %s", a.status, w.reason())
	}
	for range 2 { // two bodies fill the pool
		slow("203.0.113.7", 250_000, 249_000)
	}
	for !full("203.0.113.9") { // wait until they have arrived
	}
	if a := send("203.0.113.9", 250_000); a.status != 503 || w.reason() != "busy" || a.header.Get("Retry-After") == "" {
		t.Errorf("an upload from the same network: status %d because %s, %v", a.status, w.reason(), a.header)
	}
	if a := send("203.0.113.9", 600); a.status != 403 {
		t.Errorf("a form that was typed, in the same network: status %d because %s", a.status, w.reason())
	}
	if a := send("198.51.100.1", 250_000); a.status != judged {
		t.Errorf("an upload from another network: status %d because %s", a.status, w.reason())
	}
	for i := range 2 {
		slow(fmt.Sprintf("192.0.%d.1", i), 250_000, 249_000)
	}
	for !full("198.51.100.1") {
	}
	if a := send("198.51.100.1", 600); a.status != 403 {
		t.Errorf("a typed form beside uploads that fill the budget: status %d because %s", a.status, w.reason())
	}
}

func TestTraceContextPasses(t *testing.T) {
	w := newWorld(t)
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	w.get("/", header("Traceparent", trace), header("Tracestate", "a=b"))
	if got, _ := w.last(); got.header.Get("Traceparent") != trace || got.header.Get("Tracestate") != "a=b" {
		t.Errorf("the app got %v", got.header)
	}
}

func TestProgramsAreAnsweredInTheirLanguage(t *testing.T) {
	w := newWorld(t)
	asJSON := header("Accept", "application/json")
	a := w.send("POST", "/signup", "application/json", `{"user":"ada"}`, asJSON)
	var problem struct {
		Status    int
		Challenge *palisade.Offer
	}
	if err := json.Unmarshal([]byte(a.body), &problem); err != nil || a.header.Get("Content-Type") != "application/problem+json" || problem.Challenge == nil {
		t.Fatalf("%v %s", err, a.body)
	}
	proof, err := pow.Solve(context.Background(), problem.Challenge.Challenge)
	if err != nil {
		t.Fatal(err)
	}
	w.wait(time.Minute)
	a = w.send("POST", "/signup", "application/json", `{"user":"ada"}`, asJSON, header("Palisade-Ticket", problem.Challenge.Ticket), header("Palisade-Proof", proof))
	if got, _ := w.last(); a.status != 200 || got.body != `{"user":"ada"}` {
		t.Errorf("status %d because %s; the app got %q", a.status, w.reason(), got.body)
	}
	if a := w.send("POST", "//signup", "application/json", `{}`, asJSON); a.status != 400 || a.header.Get("Content-Type") != "application/problem+json" || !json.Valid([]byte(a.body)) {
		t.Errorf("status %d: %s", a.status, a.body)
	}
}

func TestMonitorModeLetsThroughAndSaysSo(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Forms[0].Monitor = true })
	if a := w.post("/signup", url.Values{"user": {"bot"}}); a.status != 200 || w.reason() != palisade.ReasonTicketMissing {
		t.Errorf("status %d because %s", a.status, w.reason())
	}
	if got, n := w.last(); n != 1 || !strings.Contains(got.header.Get("Palisade-Verdict"), "mode=monitor") {
		t.Errorf("the app is told %q", got.header.Get("Palisade-Verdict"))
	}
	if a := w.send("POST", "/signup", "text/plain", "not to be read"); a.status != 200 {
		t.Errorf("status %d because %s", a.status, w.reason())
	}
	if got, _ := w.last(); got.body != "not to be read" {
		t.Errorf("the app got %q", got.body)
	}
	if a := w.send("PUT", "/signup", urlencoded, "x"); a.status != 405 {
		t.Errorf("a submission without a judgement is let through: %d", a.status)
	}
}

func TestClientThatSignsIsNotJudged(t *testing.T) {
	ci := gateway.Client{Name: "ci", Key: []byte(strings.Repeat("k", 32))}
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Clients = []gateway.Client{ci} })
	host := strings.TrimPrefix(w.url, "http://")
	sign := func(method, host, target, body string, at time.Time) func(*http.Request) {
		return header("Palisade-Client", gateway.SignClient(ci, method, host, target, []byte(body), at))
	}
	good := sign("POST", host, "/signup?a=b", `{"a":1}`, w.clock())
	for _, test := range []struct {
		name    string
		sign    func(*http.Request)
		through bool
	}{
		{"another body", sign("POST", host, "/signup?a=b", `{"a":2}`, w.clock()), false},
		{"another target", sign("POST", host, "/signup", `{"a":1}`, w.clock()), false},
		{"another method", sign("PUT", host, "/signup?a=b", `{"a":1}`, w.clock()), false},
		{"another host", sign("POST", "other.example", "/signup?a=b", `{"a":1}`, w.clock()), false},
		{"ten minutes ago", sign("POST", host, "/signup?a=b", `{"a":1}`, w.clock().Add(-10*time.Minute)), false},
		{"as it should be", good, true},
		{"the same again", good, false},
	} {
		before := w.posts()
		a := w.send("POST", "/signup?a=b", "application/json", `{"a":1}`, test.sign)
		if through := w.posts() > before; through != test.through {
			t.Errorf("%s: through %v, status %d because %s", test.name, through, a.status, w.reason())
		}
	}
	got, _ := w.last()
	if !strings.Contains(got.header.Get("Palisade-Verdict"), "mode=exempt") || got.header.Get("Palisade-Client") != "" || got.body != `{"a":1}` {
		t.Errorf("the app got %v %q", got.header, got.body)
	}
}

func TestProxyIsToldWhatToHandOver(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config, s *gateway.Site) {
		c.ClientIP = clientip.Proxies("127.0.0.1")
		s.ForwardAuth = gateway.XOriginal
	})
	for _, test := range []struct {
		name, method, target string
		change               func(*http.Request)
		status               int
	}{
		{"a page", "GET", "/signup", nil, 200},
		{"an open route", "POST", "/open?a=b", nil, 200},
		{"a guarded route", "POST", "/signup?a=b", nil, 401},
		{"another reading of it", "POST", "//signup", nil, 401},
		{"a path below it", "POST", "/signup/x", nil, 401},
		{"it after a front controller", "POST", "/index.php/signup", nil, 401},
		{"it with an extension", "POST", "/signup.php", nil, 401},
		{"it with a letter that folds into another", "POST", "/%C5%BFignup", nil, 401},
		{"it with a byte that some servers drop", "POST", "/sign%FFup", nil, 401},
		{"a host before it", "POST", "//x/signup", nil, 401},
		{"a host after a backslash", "POST", `/\x/signup`, nil, 401},
		{"an odd path that leads nowhere", "POST", "/a//b", nil, 401},
		{"an odd path of a page", "GET", "/a//b", nil, 200},
		{"a server action on an open route", "POST", "/open", header("Next-Action", "40ab"), 401},
		{"a method that no route has", "PUT", "/signup", nil, 401},
		{"a file of ours", "GET", "/.palisade/palisade.js", nil, 401},
		{"no method", "", "/open", nil, 401},
		{"no target", "GET", "", nil, 401},
		{"an invalid target", "GET", "open", nil, 401},
		{"a target of another form", "POST", "x:/signup", nil, 401},
		{"two methods", "GET", "/open", func(r *http.Request) { r.Header.Add("X-Original-Method", "POST") }, 401},
		{"the headers of another proxy's dialect", "", "", func(r *http.Request) {
			r.Header.Set("X-Forwarded-Method", "GET")
			r.Header.Set("X-Forwarded-Uri", "/open")
		}, 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := w.get("/.palisade/auth", func(r *http.Request) {
				r.Header.Set("X-Forwarded-For", "203.0.113.7")
				if test.method != "" {
					r.Header.Set("X-Original-Method", test.method)
				}
				if test.target != "" {
					r.Header.Set("X-Original-Uri", test.target)
				}
				if test.change != nil {
					test.change(r)
				}
			})
			if a.status != test.status {
				t.Errorf("status %d, want %d", a.status, test.status)
			}
		})
	}
	if _, n := w.last(); n != 0 {
		t.Errorf("%d questions reached the app", n)
	}
	stranger := newWorld(t, func(c *gateway.Config, s *gateway.Site) {
		c.ClientIP = clientip.Proxies("192.0.2.1")
		s.ForwardAuth = gateway.XOriginal
	})
	if a := stranger.get("/.palisade/auth", header("X-Original-Method", "GET"), header("X-Original-Uri", "/open")); a.status != 401 {
		t.Errorf("a peer that is not named is answered %d", a.status)
	}
}

func TestSitesAreToldApartByHost(t *testing.T) {
	var hosts sync.Map
	app := func(name string) *url.URL {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hosts.Store(name, r.Host); io.WriteString(w, name) }))
		t.Cleanup(s.Close)
		u, _ := url.Parse(s.URL)
		return u
	}
	w := newWorld(t, func(c *gateway.Config, s *gateway.Site) {
		one, two := *s, *s
		one.Host, one.Hosts, one.AnyHost, one.Upstream = "one.example", []string{"www.one.example"}, false, app("one")
		two.Host, two.AnyHost, two.Upstream = "two.example:8443", false, app("two")
		c.Sites = []gateway.Site{one, two}
	})
	for host, want := range map[string]string{
		"one.example": "one", "ONE.example": "one", "www.one.example": "one", "one.example:80": "one", "one.example:443": "one",
		"two.example:8443": "two", "two.example": "", "three.example": "", "one.example.": "", "": "",
	} {
		a := w.get("/", func(r *http.Request) { r.Host = host })
		if want == "" && host != "" && a.status != 421 || want != "" && a.body != want {
			t.Errorf("%s: status %d %s", host, a.status, a.body)
		}
	}
	// A ticket of one site is worthless on the other.
	ticket := w.getHost("one.example", "/.palisade/ticket?form=signup")
	var offer palisade.Offer
	if err := json.Unmarshal([]byte(ticket.body), &offer); err != nil {
		t.Fatal(err)
	}
	w.wait(time.Minute)
	a := w.post("/signup", url.Values{"palisade-ticket": {offer.Ticket}}, func(r *http.Request) { r.Host = "two.example:8443"; r.Header.Set("Origin", "https://two.example:8443") })
	if a.status != 403 || w.reason() != palisade.ReasonTicketForged {
		t.Errorf("status %d because %s", a.status, w.reason())
	}
}

// A refusal page has its style, also on hosts without a site.
func TestRefusalsHaveTheirStyle(t *testing.T) {
	style := regexp.MustCompile(`<link[^>]* href="([^"]*\.css)"`)
	for _, row := range []struct {
		name, host, target, base string
		status                   int
	}{
		{"a host that is no site", "other.example", "/", "/.palisade/", 421},
		{"a path that is not plain", "one.example", "//x", "/.palisade/", 400},
	} {
		w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Host, s.AnyHost = "one.example", false })
		host := func(r *http.Request) { r.Host = row.host }
		page := w.send("POST", row.target, urlencoded, "a=b", host)
		link := style.FindStringSubmatch(page.body)
		if page.status != row.status || link == nil || !strings.HasPrefix(link[1], row.base) {
			t.Errorf("%s: status %d, style %q", row.name, page.status, link)
			continue
		}
		if css := w.get(link[1], host); css.status != 200 || css.header.Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("%s: the style: status %d, %s", row.name, css.status, css.header.Get("Content-Type"))
		}
	}
}

func (w *world) getHost(host, target string) answer {
	return w.get(target, func(r *http.Request) { r.Host = host })
}

// Messages in a WebSocket are not judged, so the gateway refuses WebSockets on guarded paths.
func TestWebSocketsWhereSomethingIsGuarded(t *testing.T) {
	auto := &gateway.Form{FormConfig: palisade.FormConfig{Name: "auto", Ask: palisade.WhenRisky, Limits: []palisade.Limit{}}}
	for _, test := range []struct {
		name, target string
		auto         *gateway.Form
		status       int
	}{
		{"elsewhere", "/chat", nil, 200},
		{"at a guarded path", "/signup", nil, 403},
		{"below it", "/Signup/socket", nil, 403},
		{"at a path with a condition on the body", "/graphql", nil, 403},
		{"at another path with a guarded one in its query", "/?q=signup", nil, 403},
		{"where everything is guarded", "/chat", auto, 403},
		{"at a path that is exempt for WebSockets", "/ws", auto, 200},
		{"at a path that is exempt anyway", "/hook", auto, 200},
		{"at an odd path", "//chat", auto, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
				s.Auto, s.Exempt = test.auto, patterns(t, "GET /ws", "POST /hook")
				s.Forms[0].Routes = append(s.Forms[0].Routes, patterns(t, "POST /graphql")[0].Only(route.When{GraphQL: []string{"signUp"}}))
			})
			status := w.raw(t, "GET "+test.target+" HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
			if _, n := w.last(); status != test.status || (n > 0) != (status == 200) {
				t.Errorf("status %d because %s, %d requests reached the app; want %d", status, w.reason(), n, test.status)
			}
		})
	}
}

func TestWebSocketPasses(t *testing.T) {
	w := newWorld(t)
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "websocket" {
			http.Error(rw, "no upgrade", 400)
			return
		}
		conn, buffer, err := http.NewResponseController(rw).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		line, _ := buffer.ReadString('\n')
		io.WriteString(conn, "echo "+line)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	reader := bufio.NewReader(conn)
	resp, err := http.ReadResponse(reader, nil)
	if err != nil || resp.StatusCode != 101 {
		t.Fatalf("%v %v", resp, err)
	}
	io.WriteString(conn, "hello\n")
	if line, err := reader.ReadString('\n'); line != "echo hello\n" {
		t.Errorf("%q %v", line, err)
	}
}

func TestHTTP2IsJudgedTheSame(t *testing.T) {
	w := newWorld(t)
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.handler.ServeHTTP(rw, r) }))
	front.EnableHTTP2 = true
	front.StartTLS()
	defer front.Close()
	client := front.Client()
	client.Transport.(*http.Transport).TLSClientConfig.MinVersion = tls.VersionTLS13
	for _, test := range []struct {
		method, target string
		status         int
	}{{"POST", "/signup", 403}, {"post", "/signup", 405}, {"POST", "//signup", 400}, {"PUT", "/signup", 405}, {"GET", "/signup", 400}, {"GET", "/open", 200}} {
		r, _ := http.NewRequest(test.method, front.URL, strings.NewReader("user=b"))
		r.URL.Path = test.target
		r.Header.Set("Content-Type", urlencoded)
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.ProtoMajor != 2 || resp.StatusCode != test.status {
			t.Errorf("%s %s: %s %d, want %d", test.method, test.target, resp.Proto, resp.StatusCode, test.status)
		}
	}
	if w.posts() != 0 {
		t.Errorf("%d reached the app", w.posts())
	}
}

func TestCookieOfACapsuleIsForThisHostAloneOnHTTPS(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config, _ *gateway.Site) { c.ClientIP = clientip.Proxies("127.0.0.1") })
	host := strings.TrimPrefix(w.url, "http://")
	a := w.post("/signup", url.Values{"user": {"ada"}}, header("Origin", "https://"+host), header("X-Forwarded-For", "203.0.113.7"), header("X-Forwarded-Proto", "https"))
	set := a.header.Get("Set-Cookie")
	for _, part := range []string{"__Host-palisade=", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(set, part) {
			t.Errorf("%q holds no %s (status %d)", set, part, a.status)
		}
	}
}

func TestMistakesAreReportedTogether(t *testing.T) {
	u, _ := url.Parse("ftp://x/y")
	_, err := gateway.New(gateway.Config{Sites: []gateway.Site{
		{Host: "a.example", Upstream: u, Keys: palisade.Keys{Current: key}, Forms: []gateway.Form{{FormConfig: palisade.FormConfig{Name: "a b"}}}},
		{Host: "b.example", Clients: []gateway.Client{{Name: "x"}}},
	}})
	for _, want := range []string{"nobody said whose word", "Upstream must be", `Name "a b"`, "Keys.Current is missing"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing of %q in\n%v", want, err)
		}
	}
}

func TestNothingThatWasTypedIsLogged(t *testing.T) {
	var log strings.Builder
	w := newWorld(t, func(c *gateway.Config, _ *gateway.Site) { c.Logger = newLogger(&log) })
	v := url.Values{"password": {"hunter2"}, "palisade-ticket": {"tell-tale"}}
	w.post("/signup?token=hunter2", v, header("Cookie", "session=hunter2"), header("Authorization", "Bearer hunter2"))
	w.send("PUT", "/signup?token=hunter2", urlencoded, "password=hunter2")
	w.send("POST", "//signup?token=hunter2", urlencoded, "password=hunter2")
	if log.Len() == 0 || strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), "tell-tale") || strings.Contains(log.String(), "127.0.0.1") {
		t.Errorf("the log:\n%s", html.EscapeString(log.String()))
	}
}
