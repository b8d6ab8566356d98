package audit_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit"
	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// An audit reports an unexpected target clearly, and no rule passes.
func TestBadTargets(t *testing.T) {
	form := `<form method="post" action="/signup"><input name="email"><div class="cf-turnstile" data-sitekey="k"></div></form>`
	page := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, form) }
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct {
		app       http.HandlerFunc
		target    string
		tls       bool
		impatient bool // the time limit ends the audit
		want      string
	}{
		"the target is down":               {target: "http://" + closed.Addr().String() + "/signup", want: "cannot be reached"},
		"the target redirects in a circle": {app: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, want: "redirects more than 5 times"},
		"the target redirects elsewhere": {app: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com/", http.StatusFound)
		}, want: "redirects to another host"},
		"the certificate is unknown": {app: page, tls: true, want: "certificate"},
		"the page never ends": {app: func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, "<p>more "); err != nil {
					return
				}
			}
		}, want: "no form that posts"},
		"the page never arrives": {app: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, impatient: true, want: "no answer in time"},
		"the page arrives byte by byte": {app: func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
				time.Sleep(20 * time.Millisecond)
			}
		}, impatient: true, want: "does not end"},
		"the page has no form": {app: func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<p>Hello") }, want: "no form that posts"},
		"the form posts to another host": {app: func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, strings.Replace(form, `"/signup"`, `"https://example.com/"`, 1))
		}, want: "posts to another host"},
		"the page has no captcha": {app: func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `<form method="post"><input name="email"></form>`)
		}, want: "no captcha was found"},
		"there is no way to a valid token": {app: page, want: "no way to a valid token"},
		"the page is broken HTML":          {app: func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("\x00\xff<form<form method=post><")) }, want: "no form that posts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := c.target
			if c.app != nil {
				server := httptest.NewUnstartedServer(c.app)
				server.Config.ErrorLog = quiet
				if c.tls {
					server.StartTLS()
				} else {
					server.Start()
				}
				t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
				target = server.URL + "/signup"
			}
			patience := 5 * time.Minute // the audit must reach a limit of size or number before the time limit, on a slow machine too
			if c.impatient {
				patience = 2 * time.Second
			}
			report, err := audit.Run(context.Background(), engine.Spec{Target: target, Effect: "/effects#signups", Patience: patience})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(report.Broken, c.want) {
				t.Errorf("it says %q, want something with %q", report.Broken, c.want)
			}
			for _, f := range report.Findings {
				if f.Status == engine.Pass && !strings.ContainsAny(f.ID[:1], "BFGJ") { // some rules read the page alone
					t.Errorf("%s passed: %s", f.ID, f.Says)
				}
			}
		})
	}
}

func TestOracleThatFails(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "")
	for name, c := range map[string]struct{ effect, want string }{
		"a missing page":             {"/nothing#signups", "answered 404"},
		"a page without a number":    {"/welcome#signups", "is not JSON"},
		"a missing member":           {"/effects#users", "no number"},
		"a host that is down":        {"http://127.0.0.1:1/", "refused"},
		"a command that fails":       {"cmd:echo gone >&2; exit 3", "gone"},
		"a command without a number": {"cmd:echo none", "no number"},
		"a missing database":         {"sql:sqlite:" + t.TempDir() + "/none.db SELECT count(*) FROM users", "sqlite3"},
		"a missing folder":           {"maildir:" + t.TempDir() + "/none", "no such file"},
		"no oracle":                  {"", "nothing says how an effect is seen"},
	} {
		spec := specFor(t, a, address)
		spec.Effect, spec.Only = c.effect, []string{"A01", "A02"}
		report, err := audit.Run(context.Background(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(report.Broken, c.want) || report.Count(engine.Inconclusive) != 2 {
			t.Errorf("%s: it says %q, with %d inconclusive; want something with %q", name, report.Broken, report.Count(engine.Inconclusive), c.want)
		}
	}
}

// Each kind of oracle sees the effect in the reference app.
func TestOracles(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "A01")
	dir := t.TempDir()
	database, box := filepath.Join(dir, "app.db"), filepath.Join(dir, "mail")
	run := func(name string, args ...string) {
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s\nIs everything installed? Run scripts/tools.sh", name, err, out)
		}
	}
	run("sqlite3", database, "CREATE TABLE users (email TEXT)")
	if err := os.Mkdir(box, 0o700); err != nil {
		t.Fatal(err)
	}
	n := 0
	a.did = func(email string) {
		n++
		run("sqlite3", database, "INSERT INTO users VALUES ('"+strings.ReplaceAll(email, "'", "")+"')")
		if err := os.WriteFile(filepath.Join(box, fmt.Sprint(n)), []byte(email), 0o600); err != nil {
			t.Error(err)
		}
	}
	for _, effect := range []string{
		"/effects#signups", "/effects", "canary:/users", address + "/effects#signups", "cmd:ls " + box + " | wc -l", "maildir:" + box,
		"sql:sqlite:" + database + " SELECT count(*) FROM users",
	} {
		spec := specFor(t, a, address)
		spec.Effect, spec.Only, spec.Seed = effect, []string{"A01"}, 0
		report, err := audit.Run(context.Background(), spec)
		if err != nil {
			t.Fatal(err)
		}
		if f := report.Findings[0]; f.Status != engine.Fail {
			t.Errorf("%s: %s %s %s", effect, f.Status, f.Says, report.Broken)
		}
	}
}

// An undecided attempt never counts as refused.
func TestWhatIsNotKnownIsNotPassed(t *testing.T) {
	t.Parallel()
	hangUp := func(w http.ResponseWriter) {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			conn.Close()
		}
	}
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter)
		want   engine.Status
		says   string
	}{
		"the app closes the connection":       {hangUp, engine.Inconclusive, "the connection was closed"},
		"the app limits requests":             {func(w http.ResponseWriter) { w.WriteHeader(429) }, engine.Inconclusive, "429"},
		"the app says that it is unavailable": {func(w http.ResponseWriter) { w.WriteHeader(503) }, engine.Pass, "refused"},
	} {
		a, address := startReference(t, "")
		a.early = func(w http.ResponseWriter, r *http.Request) bool {
			if r.RequestURI == "/SIGNUP" {
				c.answer(w)
				return true
			}
			return false
		}
		spec := specFor(t, a, address)
		spec.Only = []string{"D03"}
		report, err := audit.Run(context.Background(), spec)
		if err != nil || report.Findings[0].Status != c.want || !strings.Contains(report.Findings[0].Says, c.says) {
			t.Errorf("%s: %v, %+v", name, err, report.Findings)
		}
	}
}

// If an app refuses everybody after a while, the audit must not conclude that it refuses
// bots.
func TestAnAppThatRefusesEverybodyPassesNothing(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "")
	var closed atomic.Bool
	a.early = func(w http.ResponseWriter, r *http.Request) bool {
		if r.RequestURI == "/SIGNUP" {
			closed.Store(true)
		}
		if closed.Load() && r.Method == "POST" {
			w.WriteHeader(403)
			return true
		}
		return false
	}
	spec := specFor(t, a, address)
	spec.Only = []string{"D03", "D04"}
	report, err := audit.Run(context.Background(), spec)
	if err != nil || report.Count(engine.Inconclusive) != 2 || !strings.Contains(report.Findings[0].Says, "a valid submission after it was as well") {
		t.Errorf("%v, %+v", err, report.Findings)
	}
}

// If a form sends every token to the verifier and ignores the answer, the audit reports that
// mistake, and not that the form never asks.
func TestAnIgnoredAnswerIsNotCalledAMissingCheck(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "A04")
	a.early = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != "POST" {
			return false
		}
		form := a.formOf(r)
		if form.Get("cf-turnstile-response") == "" {
			form.Set("cf-turnstile-response", fmt.Sprint("none", time.Now().UnixNano()))
		}
		body := form.Encode()
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		return false
	}
	spec := specFor(t, a, address)
	spec.Only = []string{"A01", "A04", "A05", "A06"}
	report, err := audit.Run(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range report.Findings {
		if (f.Status == engine.Fail) != (f.ID == "A04") {
			t.Errorf("%s %s: %s", f.ID, f.Status, f.Says)
		}
	}
}

// The audit also tries a named sibling that has no form.
func TestASiblingWithoutAForm(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "A07")
	spec := specFor(t, a, address)
	spec.Only, spec.Siblings = []string{"A10"}, []string{"/api/signup", "/nothing"}
	report, err := audit.Run(context.Background(), spec)
	if err != nil || report.Count(engine.Fail) != 1 || !strings.Contains(report.Findings[0].Says, "as JSON to /api/signup") {
		t.Errorf("%v, %+v", err, report)
	}
	spec.Siblings = nil
	if report, err = audit.Run(context.Background(), spec); err != nil || report.Count(engine.LeftOut) != 1 {
		t.Errorf("nothing to try: %v, %+v", err, report)
	}
}

func TestMistakesOfASpecificationAreToldAtOnce(t *testing.T) {
	if _, err := audit.Prepare(&engine.Spec{Target: "https://203.0.113.1/", Insecure: true}); err == nil || !strings.Contains(err.Error(), "loopback addresses only") {
		t.Errorf("any certificate of any host: %v", err)
	}
	_, err := audit.Prepare(&engine.Spec{Target: "localhost:8000", Only: []string{"Z9"}, Token: "magic", Effect: "x:y", Rate: -1, Captcha: "abc"})
	for _, want := range []string{"no http or https URL", `no rule "Z9"`, "magic", "cannot be negative", `"abc"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want something with %q", err, want)
		}
	}
}

// names answers questions for addresses and TXT records, as a DNS server does.
func names(t *testing.T, addresses map[string]string, texts map[string]string) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		b := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(b[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			name := strings.TrimSuffix(q.Name.String(), ".")
			m.Response, m.Additionals = true, nil
			header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}
			if q.Type == dnsmessage.TypeA {
				for one := range strings.FieldsSeq(addresses[name]) {
					m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: netip.MustParseAddr(one).As4()}})
				}
			}
			if text := texts[name]; q.Type == dnsmessage.TypeTXT && text != "" {
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.TXTResource{TXT: []string{text}}})
			}
			if answer, err := m.Pack(); err == nil {
				server.WriteTo(answer, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

const proof = "a text of sixteen characters and more"

// The audit sends no request to a public host before the host has shown that it is ours.
func TestConsent(t *testing.T) {
	resolver := names(t,
		map[string]string{"ours.example": "203.0.113.5", "theirs.example": "203.0.113.6", "intranet.example": "10.0.0.8", "both.example": "10.0.0.8 203.0.113.7", "short.example": "203.0.113.8"},
		map[string]string{"_palisade-audit.ours.example": proof, "_palisade-audit.theirs.example": "something else that is long enough", "_palisade-audit.short.example": "fifteen letters"},
	)
	for target, c := range map[string]struct {
		proof   string
		allowed bool
	}{
		"http://127.0.0.1:8000/":              {"", true},
		"http://localhost/":                   {"", true},
		"http://app.localhost:3000/":          {"", true},
		"http://[::1]/":                       {"", true},
		"http://10.1.2.3/":                    {"", true},
		"http://192.168.0.9/":                 {"", true},
		"http://intranet.example/":            {"", true},
		"https://ours.example/signup":         {proof, true},
		"http://203.0.113.5/signup":           {"", false},
		"http://203.0.113.5:81/signup":        {"too short", false},
		"http://[::ffff:203.0.113.5]/":        {"", false},
		"http://ours.example/":                {"", false},
		"http://short.example/":               {"fifteen letters", false},
		"http://ours.example/?other":          {"not what is published there", false},
		"http://both.example/":                {"", false},
		"http://nowhere.example/":             {proof, false},
		"http://localhost.example/":           {"", false},
		"http://127.0.0.1.example/":           {"", false},
		"http://palisade-audit.invalid/":      {proof, false},
		"http://theirs.example:1/":            {proof, false}, // another text, and no file either
		"http://0x7f000001/":                  {"", false},
		"http://user:pw@203.0.113.5/":         {"", false},
		"http://127.0.0.1@203.0.113.5/signup": {"", false},
	} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(target)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			addresses, err := engine.Consent(ctx, resolver, u, c.proof)
			if c.allowed != (err == nil) || err != nil && !errors.Is(err, engine.ErrConsent) || err == nil && len(addresses) == 0 {
				t.Errorf("%v, %v", addresses, err)
			}
		})
	}
}

// The audit resolves a name once and connects to that address. If the name resolves to
// another address a moment later, the audit does not go there.
func TestTheAddressIsTheOneThatWasLookedAt(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "")
	resolver := names(t, map[string]string{"app.example": "127.0.0.1"}, nil)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	spec := specFor(t, a, "http://app.example:"+u.Port())
	spec.Only, spec.Resolver, spec.Effect, spec.Hostname = []string{"A01"}, resolver, address+"/effects#signups", "127.0.0.1"
	report, err := audit.Run(context.Background(), spec)
	if err != nil || report.Count(engine.Pass) != 1 {
		t.Errorf("%v, %+v", err, report)
	}
	spec = specFor(t, a, address)
	spec.Only, spec.Instances = []string{"B03"}, []string{"http://203.0.113.9/"}
	if report, err = audit.Run(context.Background(), spec); err != nil || report.Count(engine.Inconclusive) != 1 || !strings.Contains(report.Findings[0].Says, "may not be audited") {
		t.Errorf("a public instance: %v, %+v", err, report)
	}
}

// The audit does not take effects of other users for effects of a probe.
func TestSomebodyElseUsesTheApp(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	busy := func(every time.Duration) {
		for ctx.Err() == nil {
			a.add("somebody@example.org")
			time.Sleep(every)
		}
	}
	// Now and then, starting within a rule that makes many attempts.
	spec := specFor(t, a, address)
	spec.Only = []string{"D03"}
	var once sync.Once
	a.saw = func(r *http.Request) {
		if r.RequestURI == "/SIGNUP" {
			once.Do(func() { a.add("somebody@example.org") })
		}
	}
	report, err := audit.Run(ctx, spec)
	if err != nil || report.Count(engine.Inconclusive) != 1 || !strings.Contains(report.Findings[0].Says, "somebody else") {
		t.Errorf("one other sign-up: %v, %+v", err, report.Findings)
	}
	// All the time.
	go busy(20 * time.Millisecond)
	spec = specFor(t, a, address)
	if report, err = audit.Run(ctx, spec); err != nil || !strings.Contains(report.Broken, "this audit's alone") || report.Count(engine.Fail) != 0 {
		t.Errorf("others all the time: %v, broken %q, %d findings", err, report.Broken, report.Count(engine.Fail))
	}
}

// If an app puts its work into a queue, the audit waits for the effects.
func TestEffectsThatTakeTheirTime(t *testing.T) {
	t.Parallel()
	for defect, want := range map[string]engine.Status{"": engine.Pass, "D01": engine.Fail} {
		a, address := startReference(t, defect)
		a.queue = 250 * time.Millisecond
		spec := specFor(t, a, address)
		spec.Only = []string{"A01", "A07", "D01"}
		report, err := audit.Run(context.Background(), spec)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Findings {
			if f.ID == "D01" && f.Status != want || f.ID != "D01" && (f.Status == engine.Fail || f.Status == engine.Inconclusive) {
				t.Errorf("%q, %s: %s: %s", defect, f.ID, f.Status, f.Says)
			}
		}
	}
}

// A form behind a login, whose page posts JSON with a script and the CSRF token of a
// cookie in a header.
func TestAFormBehindALoginThatPostsJSON(t *testing.T) {
	t.Parallel()
	services := captchatest.NewServer()
	t.Cleanup(services.Close)
	const session = "session-of-ada-0001"
	var n atomic.Int64
	used := sync.Map{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("session"); err != nil || c.Value != session {
			http.Error(w, "please sign in", http.StatusUnauthorized)
			return
		}
		switch r.Method + " " + r.URL.Path {
		case "GET /count":
			fmt.Fprint(w, n.Load())
		case "GET /post":
			http.SetCookie(w, &http.Cookie{Name: "csrf", Value: fmt.Sprintf("csrf-%d", time.Now().UnixNano())})
			io.WriteString(w, `<div class="cf-turnstile" data-sitekey="k"></div><script src="/post.js"></script>`)
		case "POST /api/post":
			var body map[string]string
			csrf, err := r.Cookie("csrf")
			if err != nil || r.Header.Get("X-CSRF") != csrf.Value || r.Header.Get("Content-Type") != "application/json" || json.NewDecoder(r.Body).Decode(&body) != nil || body["text"] == "" {
				http.Error(w, "no", http.StatusBadRequest)
				return
			}
			token := body["cf-turnstile-response"]
			resp, err := http.PostForm(services.VerifyURL(captchatest.Turnstile), url.Values{"secret": {"s"}, "response": {token}})
			if err != nil {
				http.Error(w, "later", http.StatusServiceUnavailable)
				return
			}
			defer resp.Body.Close()
			var answer struct{ Success bool }
			if _, again := used.LoadOrStore(token, true); again || json.NewDecoder(resp.Body).Decode(&answer) != nil || !answer.Success {
				http.Error(w, "no", http.StatusForbidden)
				return
			}
			n.Add(1)
		}
	}))
	t.Cleanup(server.Close)
	report, err := audit.Run(context.Background(), engine.Spec{
		Target: server.URL + "/post", Action: "/api/post", Encoding: "json", Effect: "/count", Verifier: services, Rate: 2000, Only: []string{"A01", "A02", "B01", "D01", "F01", "G08"},
		Cookies: []engine.Field{{Name: "session", Value: session}}, Headers: []engine.Field{{Name: "X-CSRF", Value: "{cookie:csrf}"}}, Fields: []engine.Field{{Name: "text", Value: "hello {canary}"}},
	})
	if err != nil || report.Broken != "" {
		t.Fatalf("%v, %s", err, report.Broken)
	}
	want := map[string]engine.Status{"A01": engine.Pass, "A02": engine.Pass, "B01": engine.Pass, "D01": engine.Pass, "F01": engine.LeftOut, "G08": engine.Pass}
	for _, f := range report.Findings {
		if f.Status != want[f.ID] {
			t.Errorf("%s %s: %s", f.ID, f.Status, f.Says)
		}
	}
	// Without the session, nothing can be decided. A report of a mistake must not contain
	// the session.
	report, err = audit.Run(context.Background(), engine.Spec{Target: server.URL + "/post", Action: "/api/post", Captcha: "turnstile", Effect: "cmd:echo 1", Verifier: services, Rate: 2000, MinFill: time.Millisecond, Only: []string{"A01"}})
	if err != nil || report.Count(engine.Inconclusive) != 1 || !strings.Contains(report.Broken, "answered 401") {
		t.Errorf("without the session: %v, %+v", err, report)
	}
}

// With any specification, an audit never reports an open form as protected.
func TestAnOpenFormIsNeverFine(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*engine.Spec){
		"others alone":     func(s *engine.Spec) { s.Only = []string{"B", "D01"} },
		"all but the rule": func(s *engine.Spec) { s.Skip = []string{"A01", "C", "E", "F", "G"} },
	} {
		a, address := startReference(t, "A01")
		spec := specFor(t, a, address)
		change(&spec)
		report, err := audit.Run(context.Background(), spec)
		if err != nil || !strings.Contains(report.Broken, "accepted without a token") {
			t.Errorf("%s: %v, broken %q", name, err, report.Broken)
		}
	}
}

// One error of a server before the app is no refusal of a submission without a token.
func TestAnErrorBeforeTheAppIsNoRefusal(t *testing.T) {
	t.Parallel()
	a, _ := startReference(t, "A01")
	var failed atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if r.Method == "POST" && !bytes.Contains(body, []byte("-response=")) && failed.CompareAndSwap(false, true) {
			http.Error(w, "the connection to the app broke", http.StatusBadGateway)
			return
		}
		a.serve(w, r)
	}))
	defer front.Close()
	spec := specFor(t, a, front.URL)
	spec.Only = []string{"A01"}
	report, err := audit.Run(context.Background(), spec)
	if err != nil || report.Count(engine.Fail) != 1 || !failed.Load() {
		t.Errorf("%v, failed once: %t, %+v", err, failed.Load(), report)
	}
}

// A form on the home page posts to "/", a path without a name.
func TestAFormThatPostsToTheHomePage(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "")
	a.home = true
	spec := specFor(t, a, address)
	spec.Target, spec.Only = address+"/", []string{"A", "D03", "I04"}
	report, err := audit.Run(context.Background(), spec)
	if err != nil || report.Broken != "" || report.Count(engine.Fail)+report.Count(engine.Inconclusive) != 0 || report.Count(engine.Pass) < 12 {
		t.Errorf("%v, %+v", err, report)
	}
}

// Names of an app's fields and paths do not reach the terminal unescaped.
func TestNothingThatATerminalObeys(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `<form method="post" action="/sign%1b[2Jup%c2%9b31m"><p hidden><input name="honeypot&#27;[31m&#155;&#8238;"></p><input name="email"><div class="cf-turnstile"></div></form>`)
	}))
	t.Cleanup(server.Close)
	report, err := audit.Run(context.Background(), engine.Spec{Target: server.URL + "/", Effect: "/", Token: "testkey", Rate: 2000})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append([]string{report.Form, report.Broken}, says(report)...) {
		if strings.ContainsAny(s, "\x1b\u009b\u202e") {
			t.Errorf("%q", s)
		}
	}
	if !strings.Contains(strings.Join(says(report), "\n"), "The honeypot is called honeypot") {
		t.Error("the honeypot was not found")
	}
}

func says(r *engine.Report) (list []string) {
	for _, f := range r.Findings {
		list = append(list, f.Says)
	}
	return list
}

// No report contains the app's secret, in any encoding in which the app reveals it. A report
// that cuts a text contains no part of the secret either.
func TestTheSecretIsNotReported(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "A14")
	a.says = strings.Repeat("x", 2990) + refSecret + " " + url.QueryEscape(refSecret) + " " + base64.StdEncoding.EncodeToString([]byte(refSecret))
	spec := specFor(t, a, address)
	spec.Only = []string{"A14"}
	report, err := audit.Run(context.Background(), spec)
	if err != nil || report.Count(engine.Fail) != 1 {
		t.Fatalf("%v, %+v", err, report)
	}
	if response := report.Findings[0].Evidence[0].Response; strings.Contains(response, refSecret[:6]) || strings.Contains(response, "cmVmZX") || !strings.Contains(response, "[the app's secret]") {
		t.Errorf("it has the secret:\n%s", response)
	}
}

// A report contains no cookies or headers of the specification.
func TestSecretsAreNotReported(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "A01")
	spec := specFor(t, a, address)
	spec.Only = []string{"A01"}
	spec.Cookies = []engine.Field{{Name: "session", Value: "session-of-ada-0001"}}
	spec.Headers = []engine.Field{{Name: "Authorization", Value: "Bearer key-of-ada-0002"}}
	report, err := audit.Run(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	request := report.Findings[0].Evidence[0].Request
	if strings.Contains(request, "of-ada") || !strings.Contains(request, "[the session that was given]") || !strings.Contains(request, "[the Authorization that was given]") {
		t.Errorf("the report has\n%s", request)
	}
}

// An interrupt ends the audit. The report names the rules left out, and nothing is sent
// afterwards.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "")
	ctx, cancel := context.WithCancel(context.Background())
	spec := specFor(t, a, address)
	spec.Progress = func(done, _ int, _ *engine.Rule) {
		if done == 12 {
			cancel()
		}
	}
	report, err := audit.Run(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	a.mu.Lock()
	before := a.requests
	a.mu.Unlock()
	if report.Stopped == "" || len(report.Findings) != len(audit.Catalogue()) {
		t.Errorf("stopped %q, %d findings", report.Stopped, len(report.Findings))
	}
	for i, f := range report.Findings {
		if i >= 12 && (f.Status != engine.LeftOut || !strings.Contains(f.Says, "stopped")) {
			t.Errorf("%s: %s, %s", f.ID, f.Status, f.Says)
		}
	}
	time.Sleep(200 * time.Millisecond)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.requests != before {
		t.Errorf("%d requests came after it had ended", a.requests-before)
	}
}

// If the app dies during the audit, perhaps because of a probe, the audit ends too. The
// report names the rule that was running.
func TestTheAppIsGone(t *testing.T) {
	t.Parallel()
	a, address := startReference(t, "")
	var die sync.Once
	a.saw = func(r *http.Request) {
		if r.Method == "PUT" {
			die.Do(func() { a.listener.Close() })
		}
	}
	report, err := audit.Run(context.Background(), specFor(t, a, address))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(report.Stopped, "no connections any more during D01") || report.Count(engine.Fail) != 0 || len(report.Unreached()) < 30 || report.Count(engine.Pass) < 30 {
		t.Errorf("stopped %q, %d failed, %d passed, not reached %v", report.Stopped, report.Count(engine.Fail), report.Count(engine.Pass), report.Unreached())
	}
	for _, f := range report.Findings {
		if f.Status == engine.Inconclusive && !strings.HasPrefix(f.ID, "D") && !strings.HasPrefix(f.ID, "C") {
			t.Errorf("%s: %s", f.ID, f.Says)
		}
	}
}

// An interrupt also ends an audit whose target hangs.
func TestInterruptWhileTheTargetHangs(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	}))
	defer server.Close()
	defer server.CloseClientConnections()
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-asked
		cancel()
	}()
	report, err := audit.Run(ctx, engine.Spec{Target: server.URL, Effect: "/", Patience: time.Hour})
	if err != nil || report.Stopped == "" {
		t.Errorf("%v, %+v", err, report)
	}
}

// The audit never sends more requests than announced, however much the site offers.
func TestTheBoundHolds(t *testing.T) {
	t.Parallel()
	var n, done atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		switch r.URL.Path {
		case "/effects":
			fmt.Fprint(w, done.Load())
		case "/x":
			if strings.HasPrefix(r.FormValue("cf-turnstile-response"), "XXXX.") { // accepts every token that begins like this
				done.Add(1)
			}
		default:
			io.WriteString(w, `<form method="post" action="/x"><input name="email"><div class="cf-turnstile" data-sitekey="k"></div></form>`)
		}
	}))
	defer server.Close()
	spec := engine.Spec{Target: server.URL + "/", Effect: "/effects", Token: "testkey", Rate: 5000}
	plan, err := audit.Prepare(&spec)
	if err != nil {
		t.Fatal(err)
	}
	report, err := audit.Run(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if sent := int(n.Load()); sent > plan.Requests || report.Requests > plan.Requests || sent == 0 {
		t.Errorf("%d requests came, %d were counted, %d announced", sent, report.Requests, plan.Requests)
	}
}

// Two runs with the same seed type the same values.
func TestSeed(t *testing.T) {
	t.Parallel()
	var sent []string
	for range 2 {
		a, address := startReference(t, "A01")
		spec := specFor(t, a, address)
		spec.Only = []string{"A01"}
		report, err := audit.Run(context.Background(), spec)
		if err != nil {
			t.Fatal(err)
		}
		_, body, _ := strings.Cut(report.Findings[0].Evidence[0].Request, "\n\n")
		sent = append(sent, body)
	}
	if sent[0] != sent[1] || sent[0] == "" {
		t.Errorf("%q and %q", sent[0], sent[1])
	}
}
