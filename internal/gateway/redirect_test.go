package gateway_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
	"github.com/palisade-dev/palisade/store/memory"
)

// redirects makes the app answer a path with a redirect, and every other one with 200.
func (w *world) redirects(status int, from map[string]string) {
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		to, found := from[r.URL.Path]
		if r.Method == "GET" || !found {
			rw.Header().Set("Content-Type", "text/html")
			io.WriteString(rw, signupPage)
			return
		}
		rw.Header().Set("Location", to)
		rw.WriteHeader(status)
	}
}

// A browser sends the same bytes again where the app answers 307 or 308. The app did nothing
// with them before.
func TestARedirectKeepsTicketAndProof(t *testing.T) {
	type from = map[string]string
	for _, test := range []struct {
		name   string
		status int
		from   from
		then   string // target of the second request
		change func(*world, url.Values)
		want   int // status of the second answer
	}{
		{"to the form with a slash", 308, from{"/signup": "/signup/"}, "/signup/", nil, 200},
		{"to a relative path with a query", 307, from{"/signup": "signup/x?a=b"}, "/signup/x?a=b", nil, 200},
		{"to this host", 308, from{"/signup": "HOST/signup/"}, "/signup/", nil, 200},
		{"to another host", 308, from{"/signup": "https://evil.example/signup/"}, "/signup/", nil, 403},
		{"to another path than the one that is asked for", 308, from{"/signup": "/signup/"}, "/signup/x", nil, 403},
		{"to another query", 308, from{"/signup": "/signup/?a"}, "/signup/?b", nil, 403},
		{"a redirect that changes the method", 303, from{"/signup": "/signup/"}, "/signup/", nil, 403},
		{"a redirect to nowhere", 308, from{"/signup": ""}, "/signup/", nil, 403},
		{"an answer that is no redirect", 201, from{"/signup": "/signup/"}, "/signup/", nil, 403},
		{"with another body", 308, from{"/signup": "/signup/"}, "/signup/", func(_ *world, v url.Values) { v.Set("user", "eve") }, 403},
		{"more than a minute later", 308, from{"/signup": "/signup/"}, "/signup/", func(w *world, _ url.Values) { w.wait(61 * time.Second) }, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			test.from["/signup"] = strings.Replace(test.from["/signup"], "HOST", w.url, 1)
			w.redirects(test.status, test.from)
			v := w.solve(w.get("/signup").body)
			v.Set("user", "ada")
			w.wait(10 * time.Second)
			if a := w.post("/signup", v); a.status != test.status {
				t.Fatalf("%d because %s", a.status, w.reason())
			}
			if test.change != nil {
				test.change(w, v)
			}
			a := w.post(test.then, v)
			if a.status != test.want || (w.posts() == 2) != (test.want == 200) {
				t.Fatalf("%d because %s, %d reached the app", a.status, w.reason(), w.posts())
			}
			if got, _ := w.last(); test.want == 200 && (got.body != "user=ada" || got.target != test.then) {
				t.Errorf("the app got %s %q", got.target, got.body)
			}
			for _, again := range []string{test.then, "/signup"} {
				before := w.posts()
				if w.post(again, v); w.posts() != before {
					t.Errorf("the ticket counts once more at %s", again)
				}
			}
		})
	}
}

// A submission that a challenge page releases is sealed for its target.
func TestARedirectOfASealedSubmission(t *testing.T) {
	w := newWorld(t)
	w.redirects(308, map[string]string{"/signup": "/signup/"})
	kind, body, cookie := w.again(w.send("POST", "/signup", urlencoded, "user=%E4da"))
	w.wait(time.Minute)
	if a := w.send("POST", "/signup/", kind, body, cookie); a.status != 400 {
		t.Errorf("at another target, without a redirect: %d because %s", a.status, w.reason())
	}
	if a := w.send("POST", "/signup", kind, body, cookie); a.status != 308 {
		t.Fatalf("%d because %s", a.status, w.reason())
	}
	if a := w.send("POST", "/signup/x", kind, body, cookie); a.status != 400 {
		t.Errorf("at another target than that of the redirect: %d because %s", a.status, w.reason())
	}
	if a := w.send("POST", "/signup/", kind, body, cookie); a.status != 200 {
		t.Errorf("at the target: %d because %s", a.status, w.reason())
	}
	if got, _ := w.last(); got.body != "user=%E4da" || got.target != "/signup/" {
		t.Errorf("the app got %s %q", got.target, got.body)
	}
	before := w.posts()
	for target, status := range map[string]int{"/signup": 308, "/signup/": 200} { // a double click
		if a := w.send("POST", target, kind, body, cookie); a.status != status || w.reason() != palisade.ReasonDuplicate || w.posts() != before {
			t.Errorf("once more at %s: %d because %s, %d reached the app", target, a.status, w.reason(), w.posts())
		}
	}
}

func TestARedirectCountsForOneHop(t *testing.T) {
	w := newWorld(t)
	w.redirects(308, map[string]string{"/signup": "/signup/", "/signup/": "/signup/x"})
	v := w.solve(w.get("/signup").body)
	w.wait(10 * time.Second)
	for i, want := range []int{308, 308, 403} {
		if a := w.post([]string{"/signup", "/signup/", "/signup/x"}[i], v); a.status != want {
			t.Errorf("hop %d: %d because %s", i, a.status, w.reason())
		}
	}
}

func TestOneOfManyFollowsARedirect(t *testing.T) {
	w := newWorld(t)
	w.redirects(308, map[string]string{"/signup": "/signup/"})
	v := w.solve(w.get("/signup").body)
	w.wait(10 * time.Second)
	w.post("/signup", v)
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { w.post("/signup/", v) })
	}
	all.Wait()
	if w.posts() != 2 {
		t.Errorf("%d requests reached the app, want that of the redirect and one", w.posts())
	}
}

// A limit counts a submission once, not its redirects.
func TestARedirectIsNotCountedAgain(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
		s.Forms[0].Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}}
	})
	w.redirects(308, map[string]string{"/signup": "/signup/"})
	v := w.solve(w.get("/signup").body)
	w.wait(10 * time.Second)
	w.post("/signup", v)
	if a := w.post("/signup/", v); a.status != 200 {
		t.Errorf("%d because %s", a.status, w.reason())
	}
}

// Another process on the same store has not seen the redirect, so it asks for a step.
func TestARedirectToAnotherProcess(t *testing.T) {
	shared := memory.New(memory.Epoch(time.Unix(0, 0)))
	use := func(_ *gateway.Config, s *gateway.Site) { s.Store = shared }
	one, two := newWorld(t, use), newWorld(t, use)
	one.redirects(308, map[string]string{"/signup": "/signup/"})
	v := one.solve(one.get("/signup").body)
	one.wait(10 * time.Second)
	two.wait(10 * time.Second)
	if a := one.post("/signup", v); a.status != 308 {
		t.Fatalf("%d because %s", a.status, one.reason())
	}
	if a := two.post("/signup/", v); a.status != 403 || two.reason() != palisade.ReasonTicketSpent || two.posts() != 0 {
		t.Errorf("%d because %s", a.status, two.reason())
	}
}

// The path in Location is the browser's, which begins with the prefix.
func TestARedirectBelowAPrefix(t *testing.T) {
	w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) { s.Prefix = "/app" })
	w.redirects(308, map[string]string{"/signup": "/app/signup/"})
	page := w.get("/signup").body
	if strings.Contains(page, "palisade-ticket") {
		t.Fatal("a form that leads out of the app has a ticket")
	}
	w.app = func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		io.WriteString(rw, strings.Replace(signupPage, "/signup", "/app/signup", 1))
	}
	v := w.solve(w.get("/signup").body)
	w.wait(10 * time.Second)
	w.redirects(308, map[string]string{"/signup": "/app/signup/"})
	w.post("/signup", v)
	if a := w.post("/signup/", v); a.status != 200 {
		t.Errorf("%d because %s", a.status, w.reason())
	}
}
