package captcha_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
)

// What an answer must come to: "ok", "misconfigured", "unavailable", or the
// reason of a refusal.
var outcomes = map[string]string{
	"recaptcha-v2.success":                  "ok",
	"recaptcha-v2.success-with-error-codes": "ok",
	"recaptcha-v2.success-test-key":         string(captcha.ReasonHostname), // with real keys
	"recaptcha-v2.success-android":          string(captcha.ReasonHostname),
	"recaptcha-v2.hostname-mismatch":        string(captcha.ReasonHostname),
	"recaptcha-v2.challenge-too-old":        string(captcha.ReasonTooOld),
	"recaptcha-v2.timeout-or-duplicate":     string(captcha.ReasonSpent),
	"recaptcha-v2.invalid-input-response":   string(captcha.ReasonRefused),
	"recaptcha-v2.missing-input-response":   string(captcha.ReasonMissing),
	"recaptcha-v2.missing-both":             string(captcha.ReasonMissing),
	"recaptcha-v2.bad-request":              string(captcha.ReasonRefused),
	"recaptcha-v2.unknown-code":             string(captcha.ReasonRefused),
	"recaptcha-v2.no-codes":                 string(captcha.ReasonRefused),
	"recaptcha-v2.missing-input-secret":     "misconfigured",
	"recaptcha-v2.invalid-input-secret":     "misconfigured",
	"recaptcha-v2.invalid-keys":             "misconfigured",

	"recaptcha-v3.success":                "ok",
	"recaptcha-v3.low-score":              string(captcha.ReasonScore),
	"recaptcha-v3.zero-score":             string(captcha.ReasonScore),
	"recaptcha-v3.missing-score":          string(captcha.ReasonAction), // a token of v2 has neither
	"recaptcha-v3.score-as-string":        string(captcha.ReasonScore),
	"recaptcha-v3.action-mismatch":        string(captcha.ReasonAction),
	"recaptcha-v3.timeout-or-duplicate":   string(captcha.ReasonSpent),
	"recaptcha-v3.invalid-input-response": string(captcha.ReasonRefused),
	"recaptcha-v3.over-free-quota":        "misconfigured",

	"hcaptcha.success":                          "ok",
	"hcaptcha.success-hostname-not-provided":    "ok", // the hostname is the visitor's word and not relied on
	"hcaptcha.success-hostname-null":            "ok",
	"hcaptcha.success-test-key":                 "ok", // told apart by the token, see TestTestTokenWithRealKeys
	"hcaptcha.enterprise-success":               "ok",
	"hcaptcha.enterprise-safe-test-key":         "ok",
	"hcaptcha.enterprise-bot-test-key":          string(captcha.ReasonScore),
	"hcaptcha.enterprise-high-risk":             string(captcha.ReasonScore),
	"hcaptcha.expired-input-response":           string(captcha.ReasonSpent),
	"hcaptcha.already-seen-response":            string(captcha.ReasonSpent),
	"hcaptcha.invalid-or-already-seen-response": string(captcha.ReasonSpent),
	"hcaptcha.invalid-input-response":           string(captcha.ReasonRefused),
	"hcaptcha.missing-input-response":           string(captcha.ReasonMissing),
	"hcaptcha.missing-both":                     string(captcha.ReasonMissing),
	"hcaptcha.bad-request":                      string(captcha.ReasonRefused),
	"hcaptcha.not-using-dummy-secret":           string(captcha.ReasonRefused), // any visitor can cause it
	"hcaptcha.sitekey-secret-mismatch":          string(captcha.ReasonRefused),
	"hcaptcha.missing-input-secret":             "misconfigured",
	"hcaptcha.invalid-input-secret":             "misconfigured",
	"hcaptcha.missing-remoteip":                 "misconfigured",
	"hcaptcha.invalid-remoteip":                 "misconfigured",
	"hcaptcha.invalid-sitekey":                  "misconfigured",
	"hcaptcha.not-using-dummy-passcode":         "misconfigured",

	"turnstile.success":                "ok",
	"turnstile.success-minimal":        string(captcha.ReasonAction), // no action where one is expected
	"turnstile.success-test-key":       string(captcha.ReasonHostname),
	"turnstile.hostname-mismatch":      string(captcha.ReasonHostname),
	"turnstile.action-mismatch":        string(captcha.ReasonAction),
	"turnstile.cdata-mismatch":         string(captcha.ReasonCData),
	"turnstile.timeout-or-duplicate":   string(captcha.ReasonSpent),
	"turnstile.invalid-input-response": string(captcha.ReasonRefused),
	"turnstile.missing-input-response": string(captcha.ReasonMissing),
	"turnstile.bad-request":            string(captcha.ReasonRefused),
	"turnstile.missing-input-secret":   "misconfigured",
	"turnstile.invalid-input-secret":   "misconfigured",
	"turnstile.internal-error":         "unavailable",

	"generic.array":             "unavailable",
	"generic.empty-object":      "unavailable",
	"generic.success-as-string": "unavailable",
}

var constructors = map[string]func(sitekey, secret string, opts ...captcha.Option) captcha.Provider{
	captchatest.RecaptchaV2: captcha.RecaptchaV2,
	captchatest.RecaptchaV3: captcha.RecaptchaV3,
	captchatest.HCaptcha:    captcha.HCaptcha,
	captchatest.Turnstile:   captcha.Turnstile,
}

// fixtureTime is a few seconds after the fixtures' challenges.
var fixtureTime = time.Date(2026, 11, 22, 9, 15, 50, 0, time.UTC)

func TestEveryFixture(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures in testdata", err)
	}
	services := captchatest.NewServer()
	defer services.Close()
	seen := map[string]int{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		want, found := outcomes[name]
		if !found {
			t.Errorf("%s: say in outcomes what it must come to", file)
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		service, _, _ := strings.Cut(name, ".")
		seen[service]++
		if service != "generic" {
			t.Run(name, func(t *testing.T) { checkFixture(t, services, service, string(body), want) })
			continue
		}
		for service := range constructors {
			t.Run(name+" from "+service, func(t *testing.T) { checkFixture(t, services, service, string(body), want) })
		}
	}
	for service := range constructors {
		if seen[service] == 0 {
			t.Errorf("%s has no fixture: add testdata/%s.success.json", service, service)
		}
	}
	if len(files) != len(outcomes) {
		t.Errorf("%d files and %d outcomes: a file is gone", len(files), len(outcomes))
	}
}

func checkFixture(t *testing.T, services *captchatest.Server, service, body, want string) {
	provider := constructors[service]("sitekey", "secret", captcha.Endpoint(services.VerifyURL(service)))
	services.Answer(service, 200, body, -1)
	defer services.Clear()
	result, err := provider.Verify(context.Background(), captcha.Attempt{
		Token: "a-token", Now: fixtureTime,
		Expect: captcha.Expect{Hosts: []string{"www.example.com"}, Action: "login", CData: cdataOf(service)},
	})
	if got := outcome(result, err); got != want {
		t.Errorf("came to %s, want %s (%+v, %v)", got, want, result, err)
	}
	if calls := len(services.History()); calls != callsFor(service, want) {
		t.Errorf("%d calls", calls)
	}
}

func cdataOf(service string) string {
	if service == captchatest.Turnstile {
		return "sessionid-123456789"
	}
	return ""
}

// callsFor says how often a service may be asked: only Turnstile, and only when
// it had no answer, may be asked again.
func callsFor(service, outcome string) int {
	if service == captchatest.Turnstile && outcome == "unavailable" {
		return 2
	}
	return 1
}

func outcome(r captcha.Result, err error) string {
	switch {
	case errors.Is(err, captcha.ErrMisconfigured):
		return "misconfigured"
	case errors.Is(err, captcha.ErrUnavailable):
		return "unavailable"
	case err != nil:
		return "an error of no class"
	case r.OK && r.Reason == "":
		return "ok"
	}
	return string(r.Reason)
}
