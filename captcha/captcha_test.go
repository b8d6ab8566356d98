package captcha_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
)

// world is a server of all services with one site at each.
func world(t testing.TB) *captchatest.Server {
	services := captchatest.NewServer()
	t.Cleanup(services.Close)
	for service := range constructors {
		services.AddSite(service, "sitekey-"+service, "secret-"+service)
	}
	return services
}

func provider(services *captchatest.Server, service string, opts ...captcha.Option) captcha.Provider {
	opts = append([]captcha.Option{captcha.Endpoint(services.VerifyURL(service))}, opts...)
	return constructors[service]("sitekey-"+service, "secret-"+service, opts...)
}

// patience returns a short timeout for faults without an answer. For the others the timeout
// is long enough for the slowest machine.
func patience(fault captchatest.Fault) captcha.Option {
	if fault == captchatest.Hang {
		return captcha.Timeout(300 * time.Millisecond)
	}
	return captcha.Timeout(time.Minute)
}

func solve(services *captchatest.Server, service string) string {
	return services.Solve(service, "sitekey-"+service, captchatest.Solution{Hostname: "example.com", Action: "signup"})
}

func verify(p captcha.Provider, token string) string {
	return outcome(p.Verify(context.Background(), captcha.Attempt{
		Token: token, Remote: netip.MustParseAddr("203.0.113.7"), Now: time.Now(),
		Expect: captcha.Expect{Hosts: []string{"Example.com"}, Action: "signup"},
	}))
}

// Most services say why a token is bad; some say only that it is bad.
func TestTokenIsGoodOnceAndForItsSite(t *testing.T) {
	for service, sheet := range sheets(t) {
		if service == "generic" {
			continue
		}
		want := sheet.Told
		t.Run(service, func(t *testing.T) {
			services := world(t)
			p := provider(services, service)
			token := solve(services, service)
			if got := verify(p, token); got != "ok" {
				t.Fatalf("a good token: %s", got)
			}
			if got := verify(p, token); got != string(want.Again) {
				t.Errorf("the same token again: %s", got)
			}
			services.AddSite(service, "other", "other-secret")
			other := services.Solve(service, "other", captchatest.Solution{Hostname: "example.com", Action: "signup"})
			if got := verify(p, other); got != string(want.Foreign) {
				t.Errorf("a token of another site: %s", got)
			}
			old := services.Solve(service, "sitekey-"+service, captchatest.Solution{Hostname: "example.com", Action: "signup", Issued: time.Now().Add(-3 * time.Hour)})
			if got := verify(p, old); got != string(want.Expired) {
				t.Errorf("an expired token: %s", got)
			}
			if got := verify(p, "made-up"); got != string(want.MadeUp) {
				t.Errorf("a made-up token: %s", got)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	rows := []struct {
		name  string
		fault captchatest.Fault
		want  string
	}{
		{"hangs", captchatest.Hang, "unavailable"},
		{"answers 500", captchatest.Status500, "unavailable"},
		{"answers 503", captchatest.Status503, "unavailable"},
		{"answers 429", captchatest.Quota, "misconfigured"},
		{"answers garbage", captchatest.Garbage, "unavailable"},
		{"answers a page", captchatest.HTML, "unavailable"},
		{"breaks off", captchatest.Truncated, "unavailable"},
		{"closes the connection", captchatest.Drop, "unavailable"},
		{"redirects to another host", captchatest.Redirect, "unavailable"},
		{"answers ten megabytes", captchatest.HugeBody, "unavailable"},
		{"says success as text", captchatest.SuccessString, "unavailable"},
		{"says Success", captchatest.SuccessCase, "unavailable"},
		{"says success twice", captchatest.DuplicateKeys, "unavailable"},
	}
	for service := range constructors {
		for _, row := range rows {
			t.Run(service+" "+row.name, func(t *testing.T) {
				t.Parallel()
				services := world(t)
				services.Fail(service, row.fault, -1)
				p := provider(services, service, patience(row.fault))
				if got := verify(p, solve(services, service)); got != row.want {
					t.Errorf("came to %s, want %s", got, row.want)
				}
			})
		}
	}
}

func TestOnlyTurnstileIsAskedAgainAndUnderOneKey(t *testing.T) {
	for service := range constructors {
		services := world(t)
		services.Fail(service, captchatest.Truncated, 1)
		got := verify(provider(services, service), solve(services, service))
		calls := services.History()
		if service != captchatest.Turnstile {
			if got != "unavailable" || len(calls) != 1 {
				t.Errorf("%s: %s after %d calls", service, got, len(calls))
			}
			continue
		}
		if got != "ok" || len(calls) != 2 {
			t.Fatalf("turnstile: %s after %d calls", got, len(calls))
		}
		if a, b := calls[0].Form.Get("idempotency_key"), calls[1].Form.Get("idempotency_key"); a == "" || a != b {
			t.Errorf("idempotency keys %q and %q", a, b)
		}
	}
}

// value returns the value at a place of a call, if it occurs exactly once.
func value(call captchatest.Call, place string) string {
	values := call.Form[place]
	if name, isHeader := strings.CutSuffix(place, ":"); isHeader {
		values = call.Header[name]
	}
	if len(values) != 1 {
		return ""
	}
	return values[0]
}

// odd makes tokens that could change the request: with characters that have a meaning in
// a query, a form and JSON.
func odd(service string, token string) string {
	const characters = `x%26secret=A&response=B+C","secret":"D`
	switch service {
	case captchatest.Cap:
		return "sitekey-cap:" + strings.ReplaceAll(characters, ":", "") + ":x"
	case captchatest.Sentinel, captchatest.Prosopo, captchatest.GeeTest: // these are decoded before they are sent
		return token
	}
	return characters
}

func TestWhatIsSent(t *testing.T) {
	all := sheets(t)
	for service := range constructors {
		t.Run(service, func(t *testing.T) {
			services, places := world(t), all[service].Sent
			token := odd(service, solve(services, service))
			verify(provider(services, service), token)
			verify(provider(services, service, captcha.SendAddress()), solve(services, service))
			calls := services.History()
			if len(calls) != 2 {
				t.Fatalf("%d calls", len(calls))
			}
			if calls[0].Method != places.Method || calls[0].Header.Get("Content-Type") != places.Kind {
				t.Errorf("%s %q", calls[0].Method, calls[0].Header.Get("Content-Type"))
			}
			for place, want := range map[string]string{places.Secret: "secret-" + service, places.Token: token, places.Sitekey: "sitekey-" + service} {
				if place != "" && value(calls[0], place) != want {
					t.Errorf("%s is %q, want %q", place, value(calls[0], place), want)
				}
			}
			if strings.Contains(fmt.Sprint(calls[0]), "203.0.113.7") {
				t.Errorf("the address was sent unasked: %v", calls[0])
			}
			if places.Address != "" && value(calls[1], places.Address) != "203.0.113.7" {
				t.Errorf("the address was not sent although asked: %v", calls[1])
			}
			if service != captchatest.MTCaptcha && strings.Contains(calls[0].Path, "secret") {
				t.Errorf("the secret is in the path: %s", calls[0].Path)
			}
		})
	}
}

func TestTokensThatAreNotWorthACall(t *testing.T) {
	rows := []struct {
		name, token string
		want        captcha.Reason
	}{
		{"none", "", captcha.ReasonMissing},
		{"blank", " \t", captcha.ReasonMissing},
		{"null", "null", captcha.ReasonMissing},
		{"undefined", "undefined", captcha.ReasonMissing},
		{"a megabyte", strings.Repeat("x", 1<<20), captcha.ReasonMalformed},
		{"a line break", "a\r\nb", captcha.ReasonMalformed},
		{"bytes that are not UTF-8", "\xff\xfe", captcha.ReasonMalformed},
	}
	for service := range constructors {
		for _, row := range rows {
			t.Run(service+" "+row.name, func(t *testing.T) {
				services := world(t)
				if got := verify(provider(services, service), row.token); got != string(row.want) {
					t.Errorf("came to %s, want %s", got, row.want)
				}
				if n := len(services.History()); n != 0 {
					t.Errorf("%d calls", n)
				}
			})
		}
	}
}

func TestTestTokenWithRealKeys(t *testing.T) {
	services := world(t)
	for service, token := range map[string]string{
		captchatest.HCaptcha: "10000000-aaaa-bbbb-cccc-000000000001", captchatest.Turnstile: "XXXX.DUMMY.TOKEN.XXXX",
	} {
		if got := verify(provider(services, service), token); got != string(captcha.ReasonTestToken) {
			t.Errorf("%s: %s", service, got)
		}
	}
}

func TestOfficialTestKeys(t *testing.T) {
	services := captchatest.NewServer()
	defer services.Close()
	const dummy = "0x0000000000000000000000000000000000000000"
	rows := []struct{ name, service, sitekey, secret, token, want string }{
		{"reCAPTCHA passes everything", captchatest.RecaptchaV2, "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe", "any", "ok"},
		{"hCaptcha's first token passes", captchatest.HCaptcha, "10000000-ffff-ffff-ffff-000000000001", dummy, "10000000-aaaa-bbbb-cccc-000000000001", "ok"},
		{"hCaptcha's safe token passes", captchatest.HCaptcha, "20000000-ffff-ffff-ffff-000000000002", dummy, "20000000-aaaa-bbbb-cccc-000000000002", "ok"},
		{"hCaptcha's bot token is refused by its score", captchatest.HCaptcha, "30000000-ffff-ffff-ffff-000000000003", dummy, "30000000-aaaa-bbbb-cccc-000000000003", string(captcha.ReasonScore)},
		{"Turnstile always passes", captchatest.Turnstile, "1x00000000000000000000AA", "1x0000000000000000000000000000000AA", "XXXX.DUMMY.TOKEN.XXXX", "ok"},
		{"Turnstile always fails", captchatest.Turnstile, "2x00000000000000000000AB", "2x0000000000000000000000000000000AA", "XXXX.DUMMY.TOKEN.XXXX", string(captcha.ReasonRefused)},
		{"Turnstile is always spent", captchatest.Turnstile, "1x00000000000000000000AA", "3x0000000000000000000000000000000AA", "XXXX.DUMMY.TOKEN.XXXX", string(captcha.ReasonSpent)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p := constructors[row.service](row.sitekey, row.secret, captcha.Endpoint(services.VerifyURL(row.service)))
			if got := verify(p, row.token); got != row.want {
				t.Errorf("came to %s, want %s", got, row.want)
			}
			if p.Validate(true) != nil || p.Validate(false) == nil {
				t.Errorf("validate: in tests %v, else %v", p.Validate(true), p.Validate(false))
			}
		})
	}
}

func TestMistakes(t *testing.T) {
	for service, make := range constructors {
		err := make("", "se cret", captcha.Endpoint("http://verify.example/"), captcha.Timeout(-1), captcha.MaxRisk(2)).Validate(false)
		for _, want := range []string{"sitekey is missing", "secret has spaces", "https", "timeout", "MaxRisk"} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: the error does not speak of %s: %v", service, want, err)
			}
		}
		if err := make("sitekey", "secret").Validate(false); err != nil {
			t.Errorf("%s: %v", service, err)
		}
	}
	if err := captcha.Turnstile("a", "b", captcha.MaxRisk(0.5)).Validate(false); err == nil {
		t.Error("Turnstile has no score to compare with")
	}
}

func TestSecretsStayInside(t *testing.T) {
	faults := []captchatest.Fault{
		captchatest.Hang, captchatest.Status500, captchatest.Quota, captchatest.Garbage, captchatest.Truncated,
		captchatest.Drop, captchatest.Redirect, captchatest.SuccessString, captchatest.DuplicateKeys,
	}
	for service := range constructors {
		services := world(t)
		p := provider(services, service)
		for _, fault := range faults {
			p := provider(services, service, patience(fault))
			services.Fail(service, fault, -1)
			token := solve(services, service)
			_, err := p.Verify(context.Background(), captcha.Attempt{Token: token, Now: time.Now()})
			if err == nil {
				t.Fatalf("%s: no error to look at from fault %v", service, fault)
			}
			if strings.Contains(err.Error(), token) {
				t.Errorf("%s: the error shows the token: %v", service, err)
			}
			nothingSecret(t, service, err.Error())
			if strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("%s: the error shows the URL: %v", service, err)
			}
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("", "provider", p)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("", "provider", p)
		told, _ := json.Marshal(p)
		nothingSecret(t, service, log.String()+string(told))
		nothingSecret(t, service, fmt.Sprintf("%v %+v %#v %s %q %d %x", p, p, p, p, p, p, p))
		inside := struct{ p captcha.Provider }{p}
		nothingSecret(t, service, fmt.Sprintf("%v %+v %#v", inside, inside, inside))
	}
}

func nothingSecret(t *testing.T, service, text string) {
	t.Helper()
	for _, secret := range []string{"secret-" + service, hex.EncodeToString([]byte("secret-"))} {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows %q: %s", service, secret, text)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var followed bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		followed = true
		w.Write([]byte(`{"success":true,"hostname":"example.com"}`))
	}))
	defer elsewhere.Close()
	front := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer front.Close()
	p := captcha.HCaptcha("sitekey", "secret", captcha.Endpoint(front.URL), captcha.Client(&http.Client{}))
	if got := verify(p, "token"); got != "unavailable" || followed {
		t.Errorf("came to %s, followed %v", got, followed)
	}
}

func BenchmarkVerify(b *testing.B) {
	services := world(b)
	p := provider(services, captchatest.HCaptcha)
	b.Run("loopback", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if got := verify(p, "made-up"); got != string(captcha.ReasonRefused) {
				b.Fatal(got)
			}
		}
	})
	b.Run("refused locally", func(b *testing.B) {
		long := strings.Repeat("x", 64<<10)
		b.ReportAllocs()
		for b.Loop() {
			if got := verify(p, long); got != string(captcha.ReasonMalformed) {
				b.Fatal(got)
			}
		}
	})
}
