package captchatest_test

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
)

// world has two accounts at each service; the first has two sites.
func world(t *testing.T) *captchatest.Server {
	s := captchatest.NewServer()
	t.Cleanup(s.Close)
	for _, service := range siteverify(t) {
		s.AddSite(service, "site-1", "secret-of-"+service)
		s.AddSite(service, "site-2", "secret-of-"+service)
		s.AddSite(service, "foreign", "another-secret-of-"+service)
	}
	return s
}

func solve(s *captchatest.Server, service, sitekey string) string {
	return s.Solve(service, sitekey, captchatest.Solution{Hostname: "example.com", Action: "signup"})
}

// ask returns an answer in one word: "ok", or the codes.
func ask(t *testing.T, s *captchatest.Server, service string, fields ...string) string {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	response, err := http.PostForm(s.VerifyURL(service), form)
	if err != nil {
		t.Fatal(err)
	}
	return told(t, response)
}

func told(t *testing.T, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Success bool     `json:"success"`
		Codes   []string `json:"error-codes"`
	}
	switch err := json.Unmarshal(body, &answer); {
	case err != nil:
		return response.Status
	case answer.Success:
		return "ok"
	}
	return strings.Join(answer.Codes, " ")
}

func TestATokenIsGoodOnceWithItsOwnSecret(t *testing.T) {
	spent := map[string]string{captchatest.HCaptcha: "already-seen-response"}
	foreign := map[string]string{captchatest.HCaptcha: "sitekey-secret-mismatch"}
	for _, service := range siteverify(t) {
		t.Run(service, func(t *testing.T) {
			s, secret := world(t), "secret-of-"+service
			token := solve(s, service, "site-1")
			if got := ask(t, s, service, "secret", "wrong", "response", token); got != "invalid-input-secret" {
				t.Errorf("a wrong secret: %s", got)
			}
			if got := ask(t, s, service, "secret", secret, "response", token); got != "ok" {
				t.Errorf("a fresh token after a call with a wrong secret: %s", got)
			}
			if got, want := ask(t, s, service, "secret", secret, "response", token), or(spent[service], "timeout-or-duplicate"); got != want {
				t.Errorf("again: %s, want %s", got, want)
			}
			if got := ask(t, s, service, "secret", secret, "response", solve(s, service, "site-2")); got != "ok" {
				t.Errorf("the other site of the account: %s", got)
			}
			if got, want := ask(t, s, service, "secret", secret, "response", solve(s, service, "foreign")), or(foreign[service], "invalid-input-response"); got != want {
				t.Errorf("another account's: %s, want %s", got, want)
			}
			for _, other := range siteverify(t) {
				if other != service && ask(t, s, service, "secret", secret, "response", solve(s, other, "site-1")) != "invalid-input-response" {
					t.Errorf("a token of %s passes", other)
				}
			}
			if got := ask(t, s, service, "secret", secret, "response", "made-up"); got != "invalid-input-response" {
				t.Errorf("made up: %s", got)
			}
			if got := ask(t, s, service); got != "missing-input-secret missing-input-response" {
				t.Errorf("nothing: %s", got)
			}
		})
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func TestTokensExpireByTheClockThatIsSet(t *testing.T) {
	lives := map[string]time.Duration{}
	for _, d := range captcha.Services() {
		lives[d.Name] = d.Life
	}
	documented := map[string]time.Duration{
		captchatest.RecaptchaV2: 2 * time.Minute, captchatest.RecaptchaV3: 2 * time.Minute, captchatest.HCaptcha: 2 * time.Minute, captchatest.Turnstile: 5 * time.Minute,
	}
	for _, service := range siteverify(t) {
		life := cmp.Or(documented[service], lives[service])
		s, secret := world(t), "secret-of-"+service
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		s.SetClock(func() time.Time { return now })
		early, late := solve(s, service, "site-1"), solve(s, service, "site-1")
		now = now.Add(life)
		if got := ask(t, s, service, "secret", secret, "response", early); got != "ok" {
			t.Errorf("%s, in its last second: %s", service, got)
		}
		now = now.Add(time.Second)
		want := map[string]string{captchatest.HCaptcha: "expired-input-response"}[service]
		if got := ask(t, s, service, "secret", secret, "response", late); got != or(want, "timeout-or-duplicate") {
			t.Errorf("%s, a second later: %s", service, got)
		}
	}
}

func TestHCaptchaComparesTheSitekey(t *testing.T) {
	s := world(t)
	for sitekey, want := range map[string]string{
		"site-1": "ok", "site-2": "sitekey-secret-mismatch", "foreign": "sitekey-secret-mismatch",
		"10000000-ffff-ffff-ffff-000000000001": "not-using-dummy-passcode",
	} {
		token := solve(s, captchatest.HCaptcha, "site-1")
		if got := ask(t, s, captchatest.HCaptcha, "secret", "secret-of-hcaptcha", "response", token, "sitekey", sitekey); got != want {
			t.Errorf("with sitekey %s: %s, want %s", sitekey, got, want)
		}
	}
	if got := ask(t, s, captchatest.HCaptcha, "secret", "secret-of-hcaptcha", "response", "10000000-aaaa-bbbb-cccc-000000000001"); got != "not-using-dummy-secret" {
		t.Errorf("the dummy token with a real secret: %s", got)
	}
}

func TestTurnstileForgivesTheSameIdempotencyKey(t *testing.T) {
	s := world(t)
	token := solve(s, captchatest.Turnstile, "site-1")
	for i, row := range [][2]string{{"key-1", "ok"}, {"key-1", "ok"}, {"key-2", "timeout-or-duplicate"}, {"", "timeout-or-duplicate"}} {
		if got := ask(t, s, captchatest.Turnstile, "secret", "secret-of-turnstile", "response", token, "idempotency_key", row[0]); got != row[1] {
			t.Errorf("call %d: %s", i, got)
		}
	}
	const always = "1x0000000000000000000000000000000AA"
	if got := ask(t, s, captchatest.Turnstile, "secret", always, "response", solve(s, captchatest.Turnstile, "site-1")); got != "invalid-input-secret" {
		t.Errorf("a real token with a test secret: %s", got)
	}
	if got := ask(t, s, captchatest.Turnstile, "secret", "secret-of-turnstile", "response", "XXXX.DUMMY.TOKEN.XXXX"); got != "invalid-input-response" {
		t.Errorf("the dummy token with a real secret: %s", got)
	}
}

func TestVendorsTakeDifferentRequests(t *testing.T) {
	rows := []struct {
		name, method, kind string
		takes              []string
	}{
		{"urlencoded", "POST", "application/x-www-form-urlencoded", siteverify(t)},
		{"multipart", "POST", "multipart/form-data; boundary=b", []string{"turnstile"}},
		{"JSON", "POST", "application/json", []string{"turnstile"}},
		{"GET", "GET", "", []string{"recaptcha-v2", "recaptcha-v3"}},
		{"PUT", "PUT", "application/x-www-form-urlencoded", nil},
	}
	for _, row := range rows {
		for _, service := range siteverify(t) {
			s := world(t)
			fields := map[string]string{"secret": "secret-of-" + service, "response": solve(s, service, "site-1")}
			request, err := http.NewRequest(row.method, s.VerifyURL(service)+query(row.method, fields), strings.NewReader(encode(row.kind, fields)))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", row.kind)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			want := "bad-request"
			if slices.Contains(row.takes, service) {
				want = "ok"
			}
			if got := told(t, response); got != want {
				t.Errorf("%s to %s: %s, want %s", row.name, service, got, want)
			}
		}
	}
}

func query(method string, fields map[string]string) string {
	if method != "GET" {
		return ""
	}
	return "?" + encode("application/x-www-form-urlencoded", fields)
}

func encode(kind string, fields map[string]string) string {
	var text strings.Builder
	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
		text.WriteString("--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n")
	}
	switch {
	case strings.HasPrefix(kind, "multipart"):
		return text.String() + "--b--\r\n"
	case kind == "application/json":
		body, _ := json.Marshal(fields)
		return string(body)
	}
	return form.Encode()
}

func TestFaultsEndByCountOrByHealing(t *testing.T) {
	s := world(t)
	status := func() string {
		return ask(t, s, captchatest.HCaptcha, "secret", "secret-of-hcaptcha", "response", solve(s, captchatest.HCaptcha, "site-1"))
	}
	s.Fail(captchatest.HCaptcha, captchatest.Status500, 2)
	s.Fail(captchatest.Turnstile, captchatest.Status503, -1)
	for i, want := range []string{"500 Internal Server Error", "500 Internal Server Error", "ok"} {
		if got := status(); got != want {
			t.Errorf("call %d: %s, want %s", i, got, want)
		}
	}
	s.Answer(captchatest.HCaptcha, 418, `{"success":false,"error-codes":["teapot"]}`, -1)
	if got := status(); got != "teapot" {
		t.Errorf("a fixed answer: %s", got)
	}
	s.Heal(captchatest.HCaptcha)
	if got := status(); got != "ok" {
		t.Errorf("healed: %s", got)
	}
	if got := ask(t, s, captchatest.Turnstile); got != "503 Service Unavailable" {
		t.Errorf("the other service's fault: %s", got)
	}
	s.Clear()
	if got := ask(t, s, captchatest.Turnstile); got != "missing-input-secret missing-input-response" {
		t.Errorf("cleared: %s", got)
	}
}

func TestAChangedAnswerUsesTheTokenUp(t *testing.T) {
	s := world(t)
	token := solve(s, captchatest.Turnstile, "site-1")
	s.Fail(captchatest.Turnstile, captchatest.WrongHostname, 1)
	response, err := http.PostForm(s.VerifyURL(captchatest.Turnstile), url.Values{"secret": {"secret-of-turnstile"}, "response": {token}})
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if !strings.Contains(string(body), `"hostname":"evil.example"`) || !strings.Contains(string(body), `"success":true`) {
		t.Errorf("%s", body)
	}
	if got := ask(t, s, captchatest.Turnstile, "secret", "secret-of-turnstile", "response", token); got != "timeout-or-duplicate" {
		t.Errorf("again: %s", got)
	}
}

func TestHistoryShowsWhoFollowsARedirect(t *testing.T) {
	s := world(t)
	s.Fail(captchatest.HCaptcha, captchatest.Redirect, 1)
	if got := ask(t, s, captchatest.HCaptcha, "secret", "given-away"); got != "ok" { // http.PostForm follows the redirect
		t.Errorf("after the redirect: %s", got)
	}
	calls := s.History()
	if len(calls) != 2 || calls[0].Service != captchatest.HCaptcha || calls[1].Service != "redirected" || calls[1].Form.Get("secret") != "given-away" {
		t.Errorf("%+v", calls)
	}
}

func TestHistoryAndRequestsAreBounded(t *testing.T) {
	s := captchatest.New()
	for range 1100 {
		s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", s.VerifyURL(captchatest.HCaptcha), nil))
	}
	if n := len(s.History()); n != 1000 {
		t.Errorf("%d calls", n)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", s.VerifyURL(captchatest.RecaptchaV2), strings.NewReader("response="+strings.Repeat("x", 1<<20)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if s.ServeHTTP(w, r); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a megabyte: %d %s", w.Code, w.Body)
	}
	s.Close()
}

func TestWidgetsGetTheirTokensFromAnyPage(t *testing.T) {
	const google, always, never = "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", "1x00000000000000000000AA", "2x00000000000000000000AB"
	rows := []struct{ name, service, sitekey, score, want string }{
		{"a site's own", captchatest.HCaptcha, "site-1", "", "a token"},
		{"reCAPTCHA v3's execute", captchatest.RecaptchaV2, "site-1", "1", "a token"},
		{"nobody's", captchatest.HCaptcha, "nobody", "", "invalid-sitekey"},
		{"no service", "nothing", "site-1", "", "invalid-sitekey"},
		{"hCaptcha's second test key", captchatest.HCaptcha, "20000000-ffff-ffff-ffff-000000000002", "", "20000000-aaaa-bbbb-cccc-000000000002"},
		{"Google's test key", captchatest.RecaptchaV2, google, "", "a token"},
		{"Turnstile's that passes", captchatest.Turnstile, always, "", "XXXX.DUMMY.TOKEN.XXXX"},
		{"Turnstile's that blocks", captchatest.Turnstile, never, "", "blocked"},
	}
	s := world(t)
	for _, row := range rows {
		response, err := http.PostForm(s.URL()+"/captchatest/solve", url.Values{
			"service": {row.service}, "sitekey": {row.sitekey}, "hostname": {"example.com"}, "score": {row.score},
		})
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Token, Error string }
		err = json.NewDecoder(response.Body).Decode(&answer)
		response.Body.Close()
		got := answer.Token + answer.Error
		if row.want == "a token" && answer.Error == "" && len(answer.Token) > 50 {
			got = "a token"
		}
		if err != nil || got != row.want || response.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %s, want %s (%v, %v)", row.name, got, row.want, err, response.Header)
		}
	}
}

func TestWidgetScriptsAreThere(t *testing.T) {
	s := world(t)
	for service, wants := range map[string][]string{
		captchatest.RecaptchaV2: {"/recaptcha/api.js", `"grecaptcha"`, `"g-recaptcha-response"`},
		captchatest.RecaptchaV3: {"/recaptcha/api.js", `"grecaptcha"`},
		captchatest.HCaptcha:    {"/1/api.js", `"hcaptcha"`, `"h-captcha-response g-recaptcha-response"`},
		captchatest.Turnstile:   {"/turnstile/v0/api.js", `"turnstile"`, `"cf-turnstile-response"`},

		captchatest.RecaptchaEnterprise: {"/recaptcha/enterprise.js", `"grecaptcha"`},
		captchatest.FriendlyV1:          {"widget.min.js", `".frc-captcha"`, `"frc-captcha-solution"`, `".UNSTARTED"`},
		captchatest.FriendlyV2:          {"site.compat.min.js", `".frc-captcha"`, `"frc-captcha-response"`, `"frc:widget.complete"`},
		captchatest.Cap:                 {"/npm/cap-widget", `"cap-widget"`, `"cap-token"`},
		captchatest.PrivateCaptcha:      {"/widget/js/privatecaptcha.js", `".private-captcha"`, `"private-captcha-solution"`},
		captchatest.Yandex:              {"/captcha.js", `".smart-captcha"`, `"smart-token"`},
		captchatest.MTCaptcha:           {"/mtcv1/client/mtcaptcha.min.js", `".mtcaptcha"`, `"mtcaptcha-verifiedtoken"`},
		captchatest.Prosopo:             {"/js/procaptcha.bundle.iife.js", `".procaptcha"`, `"procaptcha-response"`},
	} {
		response, err := http.Get(s.ScriptURL(service))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		for _, want := range wants {
			if !strings.Contains(s.ScriptURL(service)+string(body), want) {
				t.Errorf("%s: no %s", service, want)
			}
		}
		if strings.Contains(string(body), "FACTS") || response.StatusCode != 200 || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/javascript") {
			t.Errorf("%s: %s %v", service, response.Status, response.Header)
		}
	}
}

// An app that checks, calls and then records loses the race every time, not only
// sometimes.
func TestGatheredCallsAreAnsweredTogether(t *testing.T) {
	t.Parallel()
	const together = 5
	s := world(t)
	token := solve(s, captchatest.Turnstile, "site-1")
	s.Gather(captchatest.Turnstile, together, time.Minute)
	answers := make(chan string)
	for range together {
		go func() {
			answers <- ask(t, s, captchatest.Turnstile, "secret", "secret-of-turnstile", "response", token)
		}()
	}
	count := map[string]int{}
	for range together {
		count[<-answers]++
	}
	if count["ok"] != 1 || len(s.History()) != together {
		t.Errorf("answers %v to %d calls, want one ok of %d", count, len(s.History()), together)
	}
	// A call that waits alone is released in the end, also by Clear.
	s.Gather(captchatest.Turnstile, together, time.Millisecond)
	if got := ask(t, s, captchatest.Turnstile, "secret", "secret-of-turnstile", "response", token); got != "timeout-or-duplicate" {
		t.Errorf("after a wait without other calls: %s", got)
	}
	s.Gather(captchatest.Turnstile, together, time.Hour)
	go func() {
		for len(s.History()) != together+2 {
			time.Sleep(time.Millisecond)
		}
		s.Clear()
	}()
	if got := ask(t, s, captchatest.Turnstile, "secret", "secret-of-turnstile", "response", token); got != "timeout-or-duplicate" {
		t.Errorf("after Clear: %s", got)
	}
}
