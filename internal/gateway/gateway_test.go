package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/verdict"
)

func TestPersonGetsThroughAndTheAppSeesNothingOfUs(t *testing.T) {
	w := newWorld(t)
	page := w.get("/signup")
	plain := strings.Replace(page.body, page.body[strings.Index(page.body, `<div class="palisade"`):strings.Index(page.body, `<input name="user"`)], "", 1)
	if plain != signupPage {
		t.Errorf("the page without the additions is\n%s", plain)
	}
	v := w.solve(page.body)
	v.Set("user", "ada")
	w.wait(time.Minute)
	if a := w.post("/signup?next=%2Fa;b", v); a.status != 200 || w.reason() != palisade.ReasonClean {
		t.Fatalf("status %d because %s", a.status, w.reason())
	}
	got, _ := w.last()
	if got.method != "POST" || got.target != "/signup?next=%2Fa;b" || got.body != "user=ada" {
		t.Errorf("the app got %s %s %q", got.method, got.target, got.body)
	}
	for name := range got.header {
		if strings.HasPrefix(name, "Palisade-") && name != verdict.Header {
			t.Errorf("the app got %s", name)
		}
	}
}

func TestBotGetsNothingThrough(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		name, method, target string
		change               func(*http.Request)
		status               int
	}{
		{"no ticket", "POST", "/signup", nil, 403},
		{"two slashes", "POST", "//signup", nil, 400},
		{"an escape", "POST", "/%73ignup", nil, 400},
		{"a slash at the end", "POST", "/signup/", nil, 403},
		{"a path below it, as frameworks mount on prefixes", "POST", "/signup/x", nil, 403},
		{"a front controller before it", "POST", "/index.php/signup", nil, 403},
		{"an extension that frameworks cut", "POST", "/signup.php", nil, 403},
		{"a letter that folds into another", "POST", "/%C5%BFignup", nil, 403},
		{"a byte that some servers drop", "POST", "/sign%FFup", nil, 400},
		{"a host of its own", "POST", "//x/signup", nil, 400},
		{"a method in lower case", "post", "/signup", nil, 405},
		{"a method that no route has", "PUT", "/signup", nil, 405},
		{"a method of its own", "FOO", "/signup", nil, 405},
		{"a method override", "POST", "/signup", header("X-HTTP-Method-Override", "GET"), 403},
		{"a forged verdict", "POST", "/signup", header("Palisade-Verdict", "v=1; t=1; id=a; site=a; form=a; mode=enforce; sig=AA"), 403},
		{"a client's header without a signature", "POST", "/signup", header("Palisade-Client", "name=ci; t=1; sig=00"), 403},
		{"a body that is compressed", "POST", "/signup", header("Content-Encoding", "gzip"), 415},
		{"two content types", "POST", "/signup", func(r *http.Request) { r.Header.Add("Content-Type", "application/json") }, 400},
		{"an unknown content type", "POST", "/signup", header("Content-Type", "text/plain"), 415},
		{"a page of another site", "POST", "/signup", header("Origin", "https://evil.example"), 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			change := test.change
			if change == nil {
				change = func(*http.Request) {}
			}
			if a := w.send(test.method, test.target, urlencoded, "user=bot", change); a.status != test.status {
				t.Errorf("status %d because %s, want %d", a.status, w.reason(), test.status)
			}
		})
	}
	if n := w.posts(); n != 0 {
		t.Errorf("%d of them reached the app", n)
	}
}

func TestWhatACanClaimAboutItselfIsTakenAway(t *testing.T) {
	w := newWorld(t)
	w.get("/", func(r *http.Request) {
		for _, name := range []string{
			"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-IP", "Forwarded", "True-Client-IP",
			"X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override", "Palisade-Verdict", "Proxy", "Remote-User", "HTTP2-Settings",
		} {
			r.Header.Set(name, "forged")
		}
		r.Header["X_Forwarded_For"] = []string{"forged"}
		r.Header["Palisade_verdict"] = []string{"forged"}
		r.Header["X.Real.IP"] = []string{"forged"}
		r.Header.Set("Connection", "close, X-Kept, Content-Type")
		r.Header.Set("Upgrade", "h2c")
		r.Header.Set("X-Kept", "kept")
	})
	got, _ := w.last()
	for name, lines := range got.header {
		for _, line := range lines {
			if strings.Contains(line, "forged") || name == "Upgrade" {
				t.Errorf("the app got %s: %s", name, line)
			}
		}
	}
	if got.header.Get("X-Kept") != "kept" {
		t.Error("a header that the client called hop-by-hop was removed")
	}
	if got.header.Get("X-Forwarded-For") != "127.0.0.1" || got.header.Get("X-Forwarded-Proto") != "http" {
		t.Errorf("the app is told %v", got.header)
	}
	if !strings.HasPrefix(got.header.Get("X-Forwarded-Host"), "127.0.0.1:") || !strings.HasPrefix(got.host, "127.0.0.1:") {
		t.Errorf("the app is told the host %q and %q", got.host, got.header.Get("X-Forwarded-Host"))
	}
}

func TestTargetArrivesAsItWasSent(t *testing.T) {
	w := newWorld(t)
	for _, target := range []string{"/a?a=1;b=2", "/a%2Fb/%7Euser?q=%zz&&x", "/a//b", "//a", "/a|b", "/a?", "/?a?b", "/caf%C3%A9", "/x/../y", `/a"b`} {
		r, _ := http.NewRequest("GET", w.url, nil)
		r.URL.Opaque = "//" + r.URL.Host + target
		if strings.HasPrefix(target, "//") {
			r.URL.Opaque, r.URL.Path = "", target
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got, _ := w.last(); got.target != target {
			t.Errorf("%s arrived as %s (status %d)", target, got.target, resp.StatusCode)
		}
	}
}

func TestVerdictIsSigned(t *testing.T) {
	w := newWorld(t)
	w.now = time.Now() // the test checks verdicts against the real clock
	v := w.solve(w.get("/signup").body)
	w.now = time.Now().Add(20 * time.Second)
	ok := false
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		r.Body = http.NoBody
		said, err := verdict.Verify(r, 1<<20, verdict.Key(key, "localhost"))
		ok = err == nil && said.Form == "signup" && said.Mode == verdict.Enforce
	}
	if w.post("/signup", v); !ok {
		got, _ := w.last()
		t.Errorf("the verdict does not hold: %v", got.header)
	}
}

func TestCorrectionNeedsNoSecondVisibleStep(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Forms[0].Ask = palisade.Always })
	page := w.get("/signup").body
	v := w.solve(page)
	w.wait(time.Minute)
	again := w.post("/signup", v) // the app shows its form again, with 200
	if again.status != 200 {
		t.Fatalf("status %d because %s", again.status, w.reason())
	}
	if strings.Contains(again.body, "data-palisade-visible") {
		t.Log("the page asks again, as a page does of everybody")
	}
	v = w.solve(again.body)
	if a := w.post("/signup", v); a.status != 200 || w.reason() != palisade.ReasonClean {
		t.Errorf("status %d because %s", a.status, w.reason())
	}
	if n := w.posts(); n != 2 {
		t.Errorf("%d submissions reached the app, want 2", n)
	}
}

func TestAutoGuardsEveryFormOfThePages(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Auto = &gateway.Form{FormConfig: palisade.FormConfig{Name: "auto", Ask: palisade.WhenRisky, Limits: []palisade.Limit{}}}
		s.Exempt = patterns(t, "POST /webhooks/*")
	})
	w.page(`<form method=post action=/anything/7?x>`)
	v := w.solve(w.get("/somewhere").body)
	w.wait(time.Minute)
	for _, test := range []struct {
		name, target string
		form         url.Values
		status       int
	}{
		{"a bot", "/anything/7", nil, 403},
		{"a person", "/anything/7?x", v, 200},
		{"the ticket again, elsewhere", "/other", v, 403},
		{"a webhook", "/webhooks/paid", nil, 200},
		{"another reading of a webhook", "/webhooks//paid", nil, 400},
		{"a form with a name, under another reading", "//signup", nil, 400},
	} {
		if a := w.post(test.target, test.form); a.status != test.status {
			t.Errorf("%s: status %d because %s, want %d", test.name, a.status, w.reason(), test.status)
		}
	}
	if n := w.posts(); n != 2 {
		t.Errorf("%d reached the app, want 2", n)
	}
}
