// Package adaptertest has the common tests of adapters to web frameworks. An adapter's test
// starts its framework on a real port and calls [Run].
package adaptertest

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/pow"
)

// Shop is the guard for an app of the framework: the app guards POST /signup with Signup and
// POST /taken with Taken.
type Shop struct {
	Guard         *palisade.Guard
	Signup, Taken *palisade.Form

	// The handler of /signup calls Effect with the field email and with its pass. It binds
	// the field in the framework's own way, from a form or from JSON. Then it redirects to
	// /welcome with 303.
	//
	// The handler of /taken calls Effect too and then returns the framework's error for 409.
	Effect func(email string, pass palisade.Pass)

	mu      sync.Mutex
	effects []string
}

// NewShop returns a shop for further tests of an adapter.
func NewShop(t *testing.T) *Shop {
	t.Helper()
	guard, err := palisade.New(palisade.Config{
		Keys: palisade.Keys{Current: []byte("a key of the tests, of 32 bytes or more")}, ClientIP: clientip.RemoteAddr(),
		Site: "shop.example", AnyHost: true, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	form := func(name string) *palisade.Form {
		f, err := guard.Form(palisade.FormConfig{Name: name, Ask: palisade.WhenRisky, MinFill: -1, Limits: []palisade.Limit{}})
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	s := &Shop{Guard: guard, Signup: form("signup"), Taken: form("taken")}
	s.Effect = func(email string, pass palisade.Pass) {
		if !pass.Valid() || pass.Decision().Outcome != palisade.Allow {
			t.Error("the handler ran without a valid pass")
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.effects = append(s.effects, email)
	}
	return s
}

func (s *Shop) done() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.effects...)
}

// visitor sends requests as a program does and follows no redirect.
type visitor struct {
	*testing.T
	shop *Shop
	url  string
}

var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (v visitor) send(method, path, kind, body string) (*http.Response, string) {
	v.Helper()
	r, err := http.NewRequest(method, v.url+path, strings.NewReader(body))
	if err != nil {
		v.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("User-Agent", "adaptertest")
	answer, err := client.Do(r)
	if err != nil {
		v.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return answer, string(text)
}

// solve fetches a ticket through the adapter and makes its proof. It returns the fields that
// a page's form has then.
func (v visitor) solve(form string) url.Values {
	v.Helper()
	answer, text := v.send("GET", "/.palisade/ticket?form="+form, "", "")
	var o palisade.Offer
	if err := json.Unmarshal([]byte(text), &o); err != nil || answer.StatusCode != 200 {
		v.Fatalf("no ticket: %s %v %s", answer.Status, err, text)
	}
	proof, err := pow.Solve(context.Background(), o.Challenge)
	if err != nil {
		v.Fatal(err)
	}
	time.Sleep(time.Duration(o.Wait) * time.Millisecond)
	fields := url.Values{palisade.FieldTicket: {o.Ticket}, palisade.FieldProof: {proof}}
	for _, d := range o.Decoys {
		fields.Set(d.Name, d.Value)
	}
	return fields
}

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

func (v visitor) filled(form, email string) string {
	fields := v.solve(form)
	fields.Set("email", email)
	return fields.Encode()
}

// expect checks an answer, and the effects in the app so far.
func (v visitor) expect(answer *http.Response, text string, status int, effects ...string) {
	v.Helper()
	if answer.StatusCode != status {
		v.Errorf("answered %d, want %d: %.300s", answer.StatusCode, status, text)
	}
	if got := strings.Join(v.shop.done(), " "); got != strings.Join(effects, " ") {
		v.Errorf("effects %q, want %q", got, effects)
	}
}

// Run starts apps and runs the common tests. Start serves an app on a real port until the
// test ends, and returns its URL.
func Run(t *testing.T, start func(t *testing.T, s *Shop) (url string)) {
	law := func(name string, check func(v visitor)) {
		t.Run(name, func(t *testing.T) {
			s := NewShop(t)
			check(visitor{t, s, start(t, s)})
		})
	}
	law("without a proof nothing runs", func(v visitor) {
		for _, kind := range []string{formType, jsonType} {
			answer, text := v.send("POST", "/signup", kind, map[string]string{formType: "email=a", jsonType: `{"email":"a"}`}[kind])
			v.expect(answer, text, 403)
			if got := answer.Header.Get("Content-Type"); got != "application/problem+json" || !strings.Contains(text, `"challenge"`) {
				v.Errorf("%s: the refusal is %s: %s", kind, got, text)
			}
			if got := answer.Header.Values("Cache-Control"); len(got) != 1 || got[0] != "no-store" {
				v.Errorf("Cache-Control %q", got)
			}
		}
	})
	law("a form with a proof runs once, and a double click gets the same answer", func(v visitor) {
		body := v.filled("signup", "ada@example.org")
		answer, text := v.send("POST", "/signup", formType, body)
		v.expect(answer, text, 303, "ada@example.org")
		if got := answer.Header.Get("Location"); got != "/welcome" {
			v.Errorf("redirected to %q", got)
		}
		answer, text = v.send("POST", "/signup", formType, body)
		v.expect(answer, text, 303, "ada@example.org")
		if got := answer.Header.Get("Location"); got != "/welcome" {
			v.Errorf("the double click is redirected to %q", got)
		}
		answer, text = v.send("POST", "/signup", formType, strings.Replace(body, "ada", "eve", 1))
		v.expect(answer, text, 403, "ada@example.org")
	})
	law("JSON with a proof runs, and requests do not mix", func(v visitor) {
		for _, email := range []string{"ada@example.org", "a-much-longer-name@example.org"} {
			fields := v.solve("signup")
			body, _ := json.Marshal(map[string]string{"email": email, palisade.FieldTicket: fields.Get(palisade.FieldTicket), palisade.FieldProof: fields.Get(palisade.FieldProof)})
			answer, text := v.send("POST", "/signup", jsonType, string(body))
			if answer.StatusCode != 303 {
				v.Errorf("answered %d: %s", answer.StatusCode, text)
			}
		}
		if got := strings.Join(v.shop.done(), " "); got != "ada@example.org a-much-longer-name@example.org" {
			v.Errorf("effects %q", got)
		}
	})
	law("of 32 at once one runs", func(v visitor) {
		body := v.filled("signup", "ada@example.org")
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() { v.send("POST", "/signup", formType, body) })
		}
		all.Wait()
		if n := len(v.shop.done()); n != 1 {
			v.Errorf("%d effects", n)
		}
	})
	law("no other spelling gets around", func(v visitor) {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "GET", "HEAD"} {
			for _, path := range []string{"/SIGNUP", "/Signup", "/signup/", "//signup", "/%73ignup", "/signup%2f", "/./signup", "/x/../signup", "/signup;x", "/signup?x=1"} {
				v.send(method, path, formType, "email=a")
			}
		}
		if got := v.shop.done(); len(got) > 0 {
			v.Errorf("effects %q", got)
		}
	})
	law("an error of the handler reaches the framework", func(v visitor) {
		body := v.filled("taken", "ada@example.org")
		for range 2 { // the second is a double click
			answer, text := v.send("POST", "/taken", formType, body)
			v.expect(answer, text, 409, "ada@example.org")
		}
	})
	law("scripts are served", func(v visitor) {
		answer, text := v.send("GET", "/.palisade/palisade.js", "", "")
		if answer.StatusCode != 200 || !strings.Contains(text, "palisade.headers") || answer.Header.Get("ETag") == "" {
			v.Errorf("%s", answer.Status)
		}
		if answer, _ := v.send("GET", "/.palisade/nothing", "", ""); answer.StatusCode != 404 {
			v.Errorf("%s", answer.Status)
		}
	})
}
