package captcha_test

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// good is an answer that every service's provider accepts for [expected].
func good() map[string]any {
	return map[string]any{
		"success": true, "hostname": "example.com", "action": "signup", "challenge_ts": noon.Format(time.RFC3339),
	}
}

var expected = captcha.Expect{Hosts: []string{"example.com", "example.org"}, Action: "signup"}

// answerWith is good with some members changed; nil removes a member.
func answerWith(service string, changes map[string]any) string {
	body := good()
	if service == captchatest.RecaptchaV3 {
		body["score"] = 0.9
	}
	for name, value := range changes {
		body[name] = value
		if value == nil {
			delete(body, name)
		}
	}
	text, _ := json.Marshal(body)
	return string(text)
}

// answering makes a provider whose service always gives one answer.
func answering(service string, status int, body string, opts ...captcha.Option) captcha.Provider {
	client := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}}, nil
	})}
	return constructors[service]("sitekey", "secret", append([]captcha.Option{captcha.Client(client)}, opts...)...)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func at(now time.Time, p captcha.Provider, expect captcha.Expect) string {
	return outcome(p.Verify(context.Background(), captcha.Attempt{Token: "token", Now: now, Expect: expect}))
}

var (
	all    = []string{captchatest.RecaptchaV2, captchatest.RecaptchaV3, captchatest.HCaptcha, captchatest.Turnstile}
	google = all[:2]
)

func except(service string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == service })
}

func TestBindings(t *testing.T) {
	type members = map[string]any
	checked := []captcha.Option{captcha.CheckHostname()}
	rows := []struct {
		name     string
		services []string
		changes  members
		opts     []captcha.Option
		want     string
	}{
		{"the expected answer passes", all, nil, nil, "ok"},

		{"another host is refused", except("hcaptcha"), members{"hostname": "evil.example"}, nil, "hostname-mismatch"},
		{"a missing host is refused", except("hcaptcha"), members{"hostname": nil}, nil, "hostname-mismatch"},
		{"an empty host is refused", except("hcaptcha"), members{"hostname": ""}, nil, "hostname-mismatch"},
		{"a host that ends like ours is refused", except("hcaptcha"), members{"hostname": "notexample.com"}, nil, "hostname-mismatch"},
		{"a subdomain is refused", except("hcaptcha"), members{"hostname": "a.example.com"}, nil, "hostname-mismatch"},
		{"the second of our hosts passes", all, members{"hostname": "example.org"}, nil, "ok"},
		{"a host in capitals and with a port passes", all, members{"hostname": "EXAMPLE.com:8443"}, nil, "ok"},
		{"a host that is a number is no answer", all, members{"hostname": 5}, nil, "unavailable"},
		{"any host passes with AnyHostname", all, members{"hostname": "evil.example"}, []captcha.Option{captcha.AnyHostname()}, "ok"},
		{"hCaptcha's host is not checked, because the visitor chooses it", []string{"hcaptcha"}, members{"hostname": "evil.example"}, nil, "ok"},
		{"hCaptcha's host is checked with CheckHostname", []string{"hcaptcha"}, members{"hostname": "evil.example"}, checked, "hostname-mismatch"},
		{"hCaptcha without a host is refused where it is checked", []string{"hcaptcha"}, members{"hostname": "not-provided"}, checked, "hostname-mismatch"},
		{"hCaptcha's host passes the check", []string{"hcaptcha"}, nil, checked, "ok"},

		{"another form's token is refused", []string{"recaptcha-v3", "turnstile"}, members{"action": "newsletter"}, nil, "action-mismatch"},
		{"the action in other letters is refused", []string{"recaptcha-v3", "turnstile"}, members{"action": "Signup"}, nil, "action-mismatch"},
		{"a missing action is refused", []string{"recaptcha-v3", "turnstile"}, members{"action": nil}, nil, "action-mismatch"},
		{"v2 and hCaptcha have no action", []string{"recaptcha-v2", "hcaptcha"}, members{"action": nil}, nil, "ok"},

		{"an old token is refused", []string{"hcaptcha"}, members{"challenge_ts": noon.Add(-151 * time.Second)}, nil, "token-too-old"},
		{"a token in its last second passes", []string{"hcaptcha"}, members{"challenge_ts": noon.Add(-119 * time.Second)}, nil, "ok"},
		{"an old token of Turnstile is refused", []string{"turnstile"}, members{"challenge_ts": noon.Add(-331 * time.Second)}, nil, "token-too-old"},
		{"Google reports the time of loading, and people need time", google, members{"challenge_ts": noon.Add(-50 * time.Minute)}, nil, "ok"},
		{"Google's time of loading can be too old", google, members{"challenge_ts": noon.Add(-2 * time.Hour)}, nil, "token-too-old"},
		{"a service's clock may be a little ahead", all, members{"challenge_ts": noon.Add(20 * time.Second)}, nil, "ok"},
		{"a token from the future is refused", all, members{"challenge_ts": noon.Add(time.Minute)}, nil, "token-too-old"},
		{"an invalid time is refused", all, members{"challenge_ts": "yesterday"}, nil, "token-too-old"},
		{"a time that is a number is refused", all, members{"challenge_ts": noon.Unix()}, nil, "token-too-old"},
		{"a missing time is refused", all, members{"challenge_ts": nil}, nil, "token-too-old"},

		{"v3's low score is a bot", []string{"recaptcha-v3"}, members{"score": 0.4}, nil, "score-low"},
		{"v3 accepts half", []string{"recaptcha-v3"}, members{"score": 0.5}, nil, "ok"},
		{"v3 accepts 0.7 at a risk of 0.3, despite rounding of floats", []string{"recaptcha-v3"}, members{"score": 0.7}, []captcha.Option{captcha.MaxRisk(0.3)}, "ok"},
		{"v3 without a score is refused", []string{"recaptcha-v3"}, members{"score": nil}, nil, "score-low"},
		{"hCaptcha's high score is a bot", []string{"hcaptcha"}, members{"score": 0.6}, nil, "score-low"},
		{"hCaptcha's good score passes", []string{"hcaptcha"}, members{"score": 0.1}, nil, "ok"},
		{"hCaptcha without a score passes", []string{"hcaptcha"}, nil, nil, "ok"},
		{"hCaptcha without a score is refused with MaxRisk", []string{"hcaptcha"}, nil, []captcha.Option{captcha.MaxRisk(0.5)}, "score-low"},
		{"hCaptcha's score of 0 is a score", []string{"hcaptcha"}, members{"score": 0}, []captcha.Option{captcha.MaxRisk(0.5)}, "ok"},
		{"a score that is text is no score", []string{"recaptcha-v3", "hcaptcha"}, members{"score": "0.0"}, nil, "score-low"},
		{"a score above 1 is no score", []string{"recaptcha-v3", "hcaptcha"}, members{"score": 1.5}, nil, "score-low"},
		{"a score below 0 is no score", []string{"recaptcha-v3", "hcaptcha"}, members{"score": -1}, nil, "score-low"},

		{"a known member in another case is no answer", all, members{"Score": 0.1}, nil, "unavailable"},
		{"an unknown member is ignored", all, members{"SCORING": members{"a": 1, "A": 2}}, nil, "ok"},
	}
	for _, row := range rows {
		for _, service := range row.services {
			t.Run(row.name+", "+service, func(t *testing.T) {
				p := answering(service, 200, answerWith(service, row.changes), row.opts...)
				if got := at(noon, p, expected); got != row.want {
					t.Errorf("came to %s, want %s", got, row.want)
				}
			})
		}
	}
}

func TestCDataOfTurnstile(t *testing.T) {
	expect := captcha.Expect{CData: "session-1"}
	for cdata, want := range map[any]string{"session-1": "ok", "session-2": "cdata-mismatch", nil: "cdata-mismatch"} {
		p := answering(captchatest.Turnstile, 200, answerWith(captchatest.Turnstile, map[string]any{"cdata": cdata}))
		if got := at(noon, p, expect); got != want {
			t.Errorf("%v: came to %s, want %s", cdata, got, want)
		}
	}
}

func TestTheZeroAttemptIsRefused(t *testing.T) {
	for _, service := range all {
		p := answering(service, 200, answerWith(service, nil))
		if got := outcome(p.Verify(context.Background(), captcha.Attempt{})); got != "token-missing" {
			t.Errorf("%s: %s", service, got)
		}
		timeless := answering(service, 200, answerWith(service, map[string]any{"challenge_ts": nil}))
		if got := at(time.Time{}, timeless, expected); got != "token-too-old" {
			t.Errorf("%s: issued and tried at no time at all: %s", service, got)
		}
	}
}

// An answer that a visitor can cause must not count as an outage, because an outage may
// bring an easier captcha. It must not pass either.
func TestClassesOfAnswers(t *testing.T) {
	const yes = `{"success":true,"hostname":"example.com","action":"signup","challenge_ts":"2026-11-22T12:00:00Z","score":0.9}`
	rows := []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"400 without JSON is the answer to an odd token", 400, "<h1>Bad Request</h1>", "token-malformed"},
		{"413 is the answer to a long token", 413, "", "token-malformed"},
		{"400 with a code is the code", 400, `{"success":false,"error-codes":["missing-input-response"]}`, "token-missing"},
		{"403 without JSON is not an outage", 403, "<h1>Forbidden</h1>", "misconfigured"},
		{"404 is a wrong endpoint", 404, "not found", "misconfigured"},
		{"401 is about our account, with any body", 401, `{"success":false,"error-codes":["out-of-coffee"]}`, "misconfigured"},
		{"403 without a code is about our account", 403, `{"success":false}`, "misconfigured"},
		{"403 with a code is the code", 403, `{"success":false,"error-codes":["out-of-coffee"]}`, "token-refused"},
		{"429 is our quota", 429, yes, "misconfigured"},
		{"500 with a success is an outage", 500, yes, "unavailable"},
		{"503 with a refusal is an outage", 503, `{"success":false}`, "unavailable"},
		{"a success under 403 does not count", 403, yes, "unavailable"},
		{"a success under 202 does not count", 202, yes, "unavailable"},
		{"a redirect with a success does not count", 302, yes, "unavailable"},
		{"nothing", 200, "", "unavailable"},
		{"null", 200, "null", "unavailable"},
		{"a bare true", 200, "true", "unavailable"},
		{"success is 1", 200, `{"success":1}`, "unavailable"},
		{"success is null", 200, `{"success":null}`, "unavailable"},
		{"something follows", 200, yes + "{}", "unavailable"},
		{"a byte order mark", 200, "\ufeff" + yes, "unavailable"},
		{"the long s is an s to encoding/json", 200, `{"success":false,"ſucceſſ":true}`, "unavailable"},
		{"success twice, once escaped", 200, `{"success":true,"\u0073uccess":false}`, "unavailable"},
		{"more than 64 KiB", 200, yes + strings.Repeat(" ", 64<<10), "unavailable"},
		{"an unknown code refuses", 200, `{"success":false,"error-codes":["out-of-coffee"]}`, "token-refused"},
		{"codes that are no list", 200, `{"success":false,"error-codes":"timeout-or-duplicate"}`, "unavailable"},
		{"a wrong secret counts before the token's fault", 200, `{"success":false,"error-codes":["invalid-input-response","invalid-input-secret"]}`, "misconfigured"},
		{"the token's fault counts before an outage", 200, `{"success":false,"error-codes":["internal-error","invalid-input-response"]}`, "token-refused"},
		{"an unknown code beside an outage is a refusal", 200, `{"success":false,"error-codes":["internal-error","out-of-coffee"]}`, "token-refused"},
	}
	for _, row := range rows {
		for _, service := range all {
			t.Run(row.name+", "+service, func(t *testing.T) {
				if got := at(noon, answering(service, row.status, row.body), expected); got != row.want {
					t.Errorf("came to %s, want %s", got, row.want)
				}
			})
		}
	}
}

func TestOverFreeQuotaIsNoPassWhereverItIsSaid(t *testing.T) {
	for _, changes := range []map[string]any{
		{"error-codes": []string{"Over free quota."}}, {"message": "Over free quota."}, {"hostname": "Over free quota."},
	} {
		if got := at(noon, answering(captchatest.RecaptchaV3, 200, answerWith(captchatest.RecaptchaV3, changes)), expected); got != "misconfigured" {
			t.Errorf("%v: %s", changes, got)
		}
	}
}

// A client can close its sending half and still read. If that counted as an outage, the
// client would get the easier captcha of an outage.
func TestHangingUpIsNoOutage(t *testing.T) {
	for _, service := range all {
		ctx, hangUp := context.WithCancel(context.Background())
		client := &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			hangUp()
			<-r.Context().Done()
			return nil, r.Context().Err()
		})}
		p := constructors[service]("sitekey", "secret", captcha.Client(client))
		if got := outcome(p.Verify(ctx, captcha.Attempt{Token: "token", Now: noon})); got != "token-refused" {
			t.Errorf("%s: %s", service, got)
		}
	}
}

func TestOurOwnDeadlineIsAnOutage(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Nanosecond)
	defer cancel()
	<-ctx.Done()
	services := world(t)
	for _, service := range all {
		got := outcome(provider(services, service).Verify(ctx, captcha.Attempt{Token: "token", Now: noon}))
		if got != "unavailable" {
			t.Errorf("%s: %s", service, got)
		}
	}
}

// If the first call hangs, there is time left for a second one.
func TestTurnstileIsAskedAgainAfterSilence(t *testing.T) {
	services := world(t)
	services.Fail(captchatest.Turnstile, captchatest.Hang, 1)
	p := provider(services, captchatest.Turnstile, captcha.Timeout(time.Second))
	if got := verify(p, solve(services, captchatest.Turnstile)); got != "ok" {
		t.Errorf("came to %s", got)
	}
	if calls := len(services.History()); calls != 2 {
		t.Errorf("%d calls", calls)
	}
}

func TestCertificateOfNobodyIsRefused(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Error("the secret was sent")
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	p := captcha.RecaptchaV2("sitekey", "secret", captcha.Endpoint(server.URL))
	if got := verify(p, "token"); got != "unavailable" {
		t.Errorf("came to %s", got)
	}
}

func TestEndpoints(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"https://verify.example/siteverify": true,
		"http://127.0.0.1:8080/siteverify":  true,
		"http://[::1]:8080/siteverify":      true,
		"http://localhost:8080/siteverify":  true,
		"http://verify.example/siteverify":  false,
		"http://127.0.0.1.evil.example/":    false,
		"http://203.0.113.7/siteverify":     false,
		"http://0.0.0.0/siteverify":         false,
		"http://127.0.0.1@evil.example/":    false,
		"https://user:word@verify.example/": false,
		"https://verify.example/?secret=x":  false,
		"https://verify.example/#x":         false,
		"//verify.example/siteverify":       false,
		"ftp://127.0.0.1/siteverify":        false,
		"https://":                          false,
		"":                                  false,
	} {
		err := captcha.Turnstile("sitekey", "secret", captcha.Endpoint(endpoint)).Validate(false)
		if (err == nil) != want {
			t.Errorf("%q: %v", endpoint, err)
		}
		if err != nil && endpoint != "" && strings.Contains(err.Error(), endpoint) {
			t.Errorf("the error shows the endpoint, which may hold a secret: %v", err)
		}
	}
}

func TestMaxRiskIsBelowOneAndANumber(t *testing.T) {
	for risk, want := range map[float64]bool{0: true, 0.5: true, 0.99: true, 1: false, -0.1: false, math.Inf(1): false} {
		if err := captcha.RecaptchaV3("sitekey", "secret", captcha.MaxRisk(risk)).Validate(false); (err == nil) != want {
			t.Errorf("%v: %v", risk, err)
		}
	}
	if captcha.RecaptchaV3("sitekey", "secret", captcha.MaxRisk(math.NaN())).Validate(false) == nil {
		t.Error("NaN is accepted; it would refuse no token, because every comparison with it is false")
	}
}
