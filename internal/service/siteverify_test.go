package service_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/service"
)

func TestTokenIsGoodOnce(t *testing.T) {
	s := newStand(t)
	token := s.solve("shop", "https://shop.example", "action", "login", "cdata", "session-1")
	if n := len(token); n < 100 || n > 2048 || strings.Trim(token, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		t.Errorf("a token of %d characters, %s: careless clients need 100 to 2048 of base64url", n, token)
	}
	a := s.verify(shopSecret, token)
	if !a.Success || a.Hostname != "shop.example" || *a.Action != "login" || *a.CData != "session-1" {
		t.Fatalf("%s", a.text)
	}
	if at, err := time.Parse(time.RFC3339, a.ChallengeTS); err != nil || at.Sub(s.clock()).Abs() > time.Minute {
		t.Errorf("challenge_ts %q: %v", a.ChallengeTS, err)
	}
	if a = s.verify(shopSecret, token); a.Success || a.why() != "timeout-or-duplicate" {
		t.Errorf("again: %s", a.text)
	}
}

func TestTokenIsGoodOnceHoweverManyAsk(t *testing.T) {
	s := newStand(t)
	for range 5 {
		token := s.solve("shop", "https://shop.example")
		var good atomic.Int64
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				if s.verify(shopSecret, token).Success {
					good.Add(1)
				}
			})
		}
		if all.Wait(); good.Load() != 1 {
			t.Fatalf("%d of 32 succeeded", good.Load())
		}
		s.wait(time.Minute) // for the budget of challenges
	}
}

func TestTokensThatAreNotGood(t *testing.T) {
	s := newStand(t)
	fresh := func(more ...string) string { return s.solve("shop", "https://shop.example", more...) }
	changed := func(old, new string) string {
		raw, _ := base64.RawURLEncoding.DecodeString(fresh("action", "login"))
		return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(raw), old, new, 1)))
	}
	for name, row := range map[string]struct{ secret, token, want string }{
		"a word":                                   {shopSecret, "abc", "invalid-input-response"},
		"bytes that are in no token":               {shopSecret, "<script>\x00", "invalid-input-response"},
		"two kilobytes of letters":                 {shopSecret, strings.Repeat("A", 2048), "invalid-input-response"},
		"sixty kilobytes":                          {shopSecret, strings.Repeat("A", 60<<10), "invalid-input-response"},
		"a token of another site":                  {forumSecret, fresh(), "invalid-input-response"},
		"another host written into it":             {shopSecret, changed("shop.example", "evil.example"), "invalid-input-response"},
		"another host of the site written into it": {shopSecret, changed("shop.example", "localhost"), "invalid-input-response"},
		"another action written into it":           {shopSecret, changed("login", "admin"), "invalid-input-response"},
		"another mode written into it":             {shopSecret, changed("box", "score"), "invalid-input-response"},
		"a counter that is not the solution":       {shopSecret, changed(`"counter":`, `"counter":1`), "invalid-input-response"},
		"no token":                                 {shopSecret, "", "missing-input-response"},
		"no secret":                                {"", "abc", "missing-input-secret"},
		"an unknown secret":                        {"somebody", fresh(), "invalid-input-secret"},
		"the public key instead of the secret":     {"shop", fresh(), "invalid-input-secret"},
	} {
		if a := s.verify(row.secret, row.token); a.Success || a.why() != row.want {
			t.Errorf("%s: %s, want %s", name, a.text, row.want)
		}
	}
	old := fresh()
	s.wait(6 * time.Minute)
	if a := s.verify(shopSecret, old); a.Success || a.why() != "timeout-or-duplicate" {
		t.Errorf("after six minutes: %s", a.text)
	}
	for _, secret := range []string{shopSecret, forumSecret} {
		if strings.Contains(s.logged(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

// Every byte of a token matters. The changed bit differs from byte to byte.
func TestTokenWithABitChangedIsRefused(t *testing.T) {
	s := newStand(t)
	raw, _ := base64.RawURLEncoding.DecodeString(s.solve("shop", "https://shop.example", "action", "login"))
	for i := range raw {
		changed := []byte(string(raw))
		changed[i] ^= 1 << (i % 8)
		if a := s.verify(shopSecret, base64.RawURLEncoding.EncodeToString(changed)); a.Success && !sameJSON(raw, changed) {
			t.Fatalf("bit %d of byte %d (%q) does not matter: %s", i%8, i, raw[i], changed)
		}
	}
}

// sameJSON reports whether a change keeps the meaning. JSON readers ignore some changes of
// the proof, and its solving time is not signed.
func sameJSON(a, b []byte) bool {
	cut := func(text []byte) string {
		return regexp.MustCompile(`"time":[\d.]+`).ReplaceAllString(string(text), "")
	}
	return cut(a) == cut(b)
}

// Real requests of clients, see testdata/clients.json.
func TestGoldenRequestsOfClients(t *testing.T) {
	text, err := os.ReadFile("testdata/clients.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Client, Method, Path, Query, Type, Body string
		Headers                                 map[string]string
		Score                                   bool
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	s := newStand(t, func(c *service.Config) { c.Query = true })
	for _, row := range rows {
		s.wait(time.Minute) // for the budget of challenges
		more := []string{"mode", "box"}
		if row.Score {
			more = []string{"mode", "score", "action", "login"}
		}
		token := s.solve("shop", "https://shop.example", more...)
		fill := func(text, token string) string {
			return strings.NewReplacer("{secret}", shopSecret, "{token}", token).Replace(text)
		}
		ask := func(token string) answer {
			path := row.Path
			if row.Query != "" {
				path += "?" + fill(row.Query, token)
			}
			var headers []string
			for name, value := range row.Headers {
				headers = append(headers, name, fill(value, token))
			}
			return s.ask(row.Method, path, row.Type, fill(row.Body, token), headers...)
		}
		a := ask(token)
		if !a.Success || !strings.Contains(a.text, `"success": true`) {
			t.Errorf("%s: a valid token: %s", row.Client, a.text)
		}
		if strings.HasPrefix(row.Path, "/recaptcha") {
			if strings.Contains(a.text, "error-codes") || strings.Contains(a.text, "score") != row.Score || strings.Contains(a.text, "action") != row.Score {
				t.Errorf("%s: members that break its client: %s", row.Client, a.text)
			}
		}
		if a = ask(token); a.Success || a.why() == "" {
			t.Errorf("%s: a replay: %s", row.Client, a.text)
		}
		if a = ask("garbage"); a.Success || a.why() == "" {
			t.Errorf("%s: garbage: %s", row.Client, a.text)
		}
	}
}

func TestCallsThatAreNotUnderstood(t *testing.T) {
	s := newStand(t)
	good := func() string {
		s.wait(time.Minute)
		return url.Values{"secret": {shopSecret}, "response": {s.solve("shop", "https://shop.example")}}.Encode()
	}
	for name, row := range map[string]struct{ method, query, kind, body string }{
		"the response twice":                    {"POST", "", form, good() + "&response=x"},
		"the secret twice":                      {"POST", "", form, good() + "&secret=x"},
		"remoteip twice":                        {"POST", "", form, good() + "&remoteip=1.2.3.4&remoteip=5.6.7.8"},
		"a secret in the URL":                   {"GET", "?" + good(), "", ""},
		"a response in the URL of a POST":       {"POST", "?" + good(), form, ""},
		"a broken escape":                       {"POST", "", form, good() + "&x=%zz"},
		"an unknown content type":               {"POST", "", "text/plain", good()},
		"JSON with the response twice":          {"POST", "", "application/json", `{"secret":"` + shopSecret + `","response":"a","response":"b"}`},
		"JSON that is an array":                 {"POST", "", "application/json", `["` + shopSecret + `"]`},
		"JSON with a number instead of a token": {"POST", "", "application/json", `{"secret":"` + shopSecret + `","response":7}`},
		"JSON with text after it":               {"POST", "", "application/json", `{"secret":"` + shopSecret + `","response":"x"} {}`},
		"JSON cut off":                          {"POST", "", "application/json", `{"secret":"` + shopSecret + `","response":"x"`},
		"a body of a hundred kilobytes":         {"POST", "", form, good() + "&x=" + strings.Repeat("y", 100<<10)},
		"PUT":                                   {"PUT", "", form, good()},
		"multipart without a boundary":          {"POST", "", "multipart/form-data", good()},
		"an invalid content type":               {"POST", "", ";;;", ""},
		"a form without a parameter":            {"POST", "", form, "&&&"},
	} {
		a := s.ask(row.method, "/recaptcha/api/siteverify"+row.query, row.kind, row.body)
		if a.Success || a.why() != "bad-request" && a.why() != "missing-input-secret" {
			t.Errorf("%s: %s", name, a.text)
		}
	}
	if strings.Contains(s.logged(), shopSecret) {
		t.Error("a secret is in the log")
	}
}

// A client that writes "response=" + token lets the visitor add parameters.
func TestAnIdempotencyKeyThatTheVisitorAddedIsOfNoUse(t *testing.T) {
	s := newStand(t)
	token := s.solve("shop", "https://shop.example")
	for i := range 4 {
		a := s.ask("POST", "/turnstile/v0/siteverify", form, "secret="+shopSecret+"&response="+token+"&idempotency_key=1")
		if a.Success != (i == 0) {
			t.Errorf("call %d: %s", i+1, a.text)
		}
	}
}

func TestTurnstilesIdempotencyKey(t *testing.T) {
	s := newStand(t, func(c *service.Config) { c.Sites[0].Idempotent = true })
	ask := func(token, key string) answer {
		return s.ask("POST", "/turnstile/v0/siteverify", form, url.Values{"secret": {shopSecret}, "response": {token}, "idempotency_key": {key}}.Encode())
	}
	token := s.solve("shop", "https://shop.example")
	if a := ask(token, "one"); !a.Success {
		t.Fatalf("%s", a.text)
	}
	if a := ask(token, "one"); !a.Success {
		t.Errorf("the same call again: %s", a.text)
	}
	if a := ask(token, "two"); a.Success {
		t.Errorf("another call with the token: %s", a.text)
	}
	if a := ask(s.solve("shop", "https://shop.example")+"x", "one"); a.Success {
		t.Errorf("another token with the key: %s", a.text)
	}
}

func TestVendorsTokenPassedThrough(t *testing.T) {
	vendor := captchatest.NewServer()
	defer vendor.Close()
	vendor.AddSite(captchatest.RecaptchaV3, "public", "private")
	provider := captcha.RecaptchaV3("public", "private", captcha.Endpoint(vendor.VerifyURL(captchatest.RecaptchaV3)), captcha.Timeout(time.Minute))
	s := newStand(t, func(c *service.Config) {
		c.Sites[0].Captcha = provider
		c.Sites[0].Actions = []string{"login"}
	})
	solve := func(host, action string, score float64) string {
		return vendor.Solve(captchatest.RecaptchaV3, "public", captchatest.Solution{Hostname: host, Action: action, Score: &score})
	}
	ask := func(token string) answer {
		return s.ask("POST", "/recaptcha/api/siteverify", form, url.Values{"secret": {shopSecret}, "response": {token}, "remoteip": {"203.0.113.7"}}.Encode())
	}
	token := solve("shop.example", "login", 0.8)
	if a := ask(token); !a.Success || a.Hostname != "shop.example" || *a.Action != "login" || *a.Score != 0.8 {
		t.Fatalf("%s", a.text)
	}
	if a := ask(token); a.Success || a.why() != "timeout-or-duplicate" {
		t.Errorf("a replay: %s", a.text)
	}
	if n := len(vendor.History()); n != 1 {
		t.Errorf("the vendor was asked %d times: a replay must not cause a call", n)
	}
	// Answers that the vendor accepts and Palisade does not.
	for name, token := range map[string]string{
		"another host":   solve("evil.example", "login", 0.9),
		"another action": solve("shop.example", "newsletter", 0.9),
		"a low score":    solve("shop.example", "login", 0.3),
		"garbage":        "garbage",
	} {
		if a := ask(token); a.Success || a.why() != "invalid-input-response" {
			t.Errorf("%s: %s", name, a.text)
		}
	}
	vendor.Fail(captchatest.RecaptchaV3, captchatest.Status503, 1)
	if a := ask(solve("shop.example", "login", 0.9)); a.Success || a.why() != "internal-error" {
		t.Errorf("vendor down: %s", a.text)
	}
	vendor.Answer(captchatest.RecaptchaV3, 200, `{"success":false,"error-codes":["invalid-input-secret"]}`, 1)
	if a := ask(solve("shop.example", "login", 0.9)); a.Success || a.why() != "internal-error" {
		t.Errorf("our secret is wrong: %s", a.text)
	}
	for _, secret := range []string{"private", shopSecret} {
		if strings.Contains(s.logged(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

func TestVendorIsAskedOnceAboutATokenHoweverManyAskUs(t *testing.T) {
	vendor := captchatest.NewServer()
	defer vendor.Close()
	// A vendor that accepts a token any number of times.
	vendor.Answer(captchatest.Turnstile, 200, fmt.Sprintf(`{"success":true,"hostname":"shop.example","challenge_ts":%q,"error-codes":[]}`, time.Now().UTC().Format(time.RFC3339)), -1)
	s := newStand(t, func(c *service.Config) {
		c.Sites[0].Captcha = captcha.Turnstile("public", "private", captcha.Endpoint(vendor.VerifyURL(captchatest.Turnstile)))
	})
	var good atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			if s.verify(shopSecret, "0.one-and-the-same-token").Success {
				good.Add(1)
			}
		})
	}
	if all.Wait(); good.Load() != 1 || len(vendor.History()) != 1 {
		t.Errorf("%d of 64 succeeded, and the vendor was asked %d times", good.Load(), len(vendor.History()))
	}
}

func TestChallengesAreForTheSitesOwnPages(t *testing.T) {
	s := newStand(t)
	for query, want := range map[string]int{
		"k=shop&mode=box&origin=https://shop.example":                                   200,
		"k=shop&mode=box&origin=https://SHOP.example:8443":                              200,
		"k=shop&mode=box&origin=http://localhost:8000":                                  200,
		"k=shop&mode=box&origin=https://evil.example":                                   403,
		"k=shop&mode=box&origin=https://shop.example.evil.example":                      403,
		"k=shop&mode=box&origin=null":                                                   403,
		"k=shop&mode=box":                                                               403,
		"k=forum&mode=box&origin=https://shop.example":                                  403,
		"k=nobody&mode=box&origin=https://shop.example":                                 404,
		"k=shop&mode=box&origin=https://shop.example&action=a%0Ab":                      400,
		"k=shop&mode=other&origin=https://shop.example":                                 400,
		"k=shop&mode=box&origin=https://shop.example&cdata=" + strings.Repeat("x", 256): 400,
	} {
		if status, body := s.get("/captcha/challenge?" + query); status != want {
			t.Errorf("%s: %d, want %d: %s", query, status, want, body)
		}
	}
}

// One visitor must not be able to keep the neighbours from a challenge, nor to make us issue
// any number of challenges.
func TestOverTheBudgetAChallengeSharesItsPuzzle(t *testing.T) {
	s := newStand(t)
	puzzles := map[string]int{}
	for range 200 {
		status, body := s.get("/captcha/challenge?k=shop&mode=box&origin=https://shop.example")
		var offer struct {
			Challenge struct{ Parameters struct{ Nonce string } }
		}
		if err := json.Unmarshal(body, &offer); err != nil || status != http.StatusOK {
			t.Fatalf("%d %v %s", status, err, body)
		}
		puzzles[offer.Challenge.Parameters.Nonce]++
	}
	if len(puzzles) != 120+1 {
		t.Errorf("%d puzzles for one address at once, want 121", len(puzzles))
	}
	if a := s.verify(shopSecret, s.solve("shop", "https://shop.example")); !a.Success {
		t.Errorf("a neighbour's token: %s", a.text)
	}
}

// A token without the work uses no space in the store.
func TestAMadeUpTokenClaimsNothing(t *testing.T) {
	s := newStand(t)
	token := s.solve("shop", "https://shop.example")
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	lazy := regexp.MustCompile(`"counter":\d+`).ReplaceAll(raw, []byte(`"counter":999999`))
	for range 3 {
		if a := s.verify(shopSecret, base64.RawURLEncoding.EncodeToString(lazy)); a.Success || a.why() != "invalid-input-response" {
			t.Errorf("a made-up one: %s", a.text)
		}
	}
	if a := s.verify(shopSecret, token); !a.Success {
		t.Errorf("the real one of the same challenge, afterwards: %s", a.text)
	}
}

func TestMistakesOfTheConfigurationAreReportedTogether(t *testing.T) {
	_, err := service.New(service.Config{Sites: []service.Site{
		{Key: "a b", Secret: "short", Level: 9},
		{Key: "twice", Secret: shopSecret, Hosts: []string{"a.example"}},
		{Key: "twice", Secret: shopSecret, Hosts: []string{"a.example"}},
		{Key: "vendor", Secret: forumSecret, Hosts: []string{"a.example"}, Captcha: captcha.Turnstile("1x00000000000000000000AA", "")},
	}})
	for _, want := range []string{"ClientIP", "the key must be", "the secret has 5 bytes", "hosts are missing", "Level must be", "the key is there twice", "the secret is that of another site", "public test keys"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not speak of %q:\n%v", want, err)
		}
	}
	if err != nil && (strings.Contains(err.Error(), "short") || strings.Contains(err.Error(), shopSecret)) {
		t.Error("the error shows a secret")
	}
}

// A token that was issued before a change of the configuration is judged by the new
// configuration.
func TestTokenIsJudgedByWhatHoldsNow(t *testing.T) {
	s := newStand(t)
	sameTime := func(c *service.Config) { c.Clock = s.clock } // a memory that begins later does not know the token
	for name, change := range map[string]func(*service.Site){
		"a host that was removed from the site":     func(c *service.Site) { c.Hosts = []string{"other.example"} },
		"an action that was removed":                func(c *service.Site) { c.Actions = []string{"login"} },
		"less work than the new configuration asks": func(c *service.Site) { c.Level = 2 },
	} {
		token := s.solve("shop", "https://shop.example", "action", "newsletter")
		if now := newStand(t, sameTime, func(c *service.Config) { change(&c.Sites[0]) }); now.verify(shopSecret, token).Success {
			t.Errorf("%s: success", name)
		}
		if !newStand(t, sameTime).verify(shopSecret, token).Success { // the same key, but another memory
			t.Errorf("%s: the token was never valid", name)
		}
	}
}

func TestSitekeyOfACallIsThatOfTheSecret(t *testing.T) {
	s := newStand(t)
	ask := func(sitekey string) answer {
		return s.ask("POST", "/siteverify", form, url.Values{"secret": {shopSecret}, "response": {s.solve("shop", "https://shop.example")}, "sitekey": {sitekey}}.Encode())
	}
	if a := ask("forum"); a.Success || a.why() != "sitekey-secret-mismatch" {
		t.Errorf("another sitekey: %s", a.text)
	}
	if a := ask("shop"); !a.Success {
		t.Errorf("its own: %s", a.text)
	}
}

func TestScoreSaysWhetherTheClientIsAnother(t *testing.T) {
	s := newStand(t)
	for remote, want := range map[string]float64{"127.0.0.1": 0.9, "203.0.113.9": 0.5, "None": 0.9} {
		token := s.solve("shop", "https://shop.example", "mode", "score", "action", "login")
		a := s.ask("POST", "/recaptcha/api/siteverify", form, url.Values{"secret": {shopSecret}, "response": {token}, "remoteip": {remote}}.Encode())
		if !a.Success || a.Score == nil || *a.Score != want {
			t.Errorf("remoteip %s: %s, want a score of %v", remote, a.text, want)
		}
	}
}

func TestOnlyTheFrameAsksForChallenges(t *testing.T) {
	s := newStand(t)
	for site, want := range map[string]int{"same-origin": 200, "cross-site": 403, "same-site": 403, "none": 403} {
		r, _ := http.NewRequest("GET", s.URL+"/captcha/challenge?k=shop&mode=box&origin=https://shop.example", nil)
		r.Header.Set("Sec-Fetch-Site", site)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer.Body.Close(); answer.StatusCode != want {
			t.Errorf("Sec-Fetch-Site: %s: %d, want %d", site, answer.StatusCode, want)
		}
	}
}

func TestOutageIsNotRememberedUnderAnIdempotencyKey(t *testing.T) {
	vendor := captchatest.NewServer()
	defer vendor.Close()
	vendor.AddSite(captchatest.Turnstile, "public", "private")
	s := newStand(t, func(c *service.Config) {
		c.Sites[0].Captcha = captcha.Turnstile("public", "private", captcha.Endpoint(vendor.VerifyURL(captchatest.Turnstile)), captcha.Timeout(time.Minute))
		c.Sites[0].Idempotent = true
	})
	ask := func(key string) answer {
		token := vendor.Solve(captchatest.Turnstile, "public", captchatest.Solution{Hostname: "shop.example"})
		return s.ask("POST", "/turnstile/v0/siteverify", form, url.Values{"secret": {shopSecret}, "response": {token}, "idempotency_key": {key}}.Encode())
	}
	vendor.Fail(captchatest.Turnstile, captchatest.Status503, -1)
	if a := ask("one"); a.why() != "internal-error" {
		t.Fatalf("%s", a.text)
	}
	vendor.Heal(captchatest.Turnstile)
	if a := ask("one"); !a.Success {
		t.Errorf("later: %s", a.text)
	}
}

// anySpelling is a vendor that accepts several spellings of a token.
type anySpelling struct{ captcha.Provider }

func (anySpelling) Verify(context.Context, captcha.Attempt) (captcha.Result, error) {
	return captcha.Result{OK: true, ID: "one and the same"}, nil
}

func TestVendorsTokenThatIsWrittenInAnotherWayIsTheSame(t *testing.T) {
	s := newStand(t, func(c *service.Config) { c.Sites[0].Captcha = anySpelling{captcha.Turnstile("public", "private")} })
	if a := s.verify(shopSecret, "one-way"); !a.Success {
		t.Fatalf("%s", a.text)
	}
	if a := s.verify(shopSecret, "another-way"); a.Success || a.why() != "timeout-or-duplicate" {
		t.Errorf("%s", a.text)
	}
}
