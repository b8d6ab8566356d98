package captcha_test

import (
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"hash"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/captchatest"
)

// If the token itself shows that it is bad, there must be no call. The service would
// answer it as it answers a mistake of ours, or by the rules of another sitekey.
func TestTokensThatTellByThemselves(t *testing.T) {
	services := world(t)
	const missing, malformed, refused = captcha.ReasonMissing, captcha.ReasonMalformed, captcha.ReasonRefused
	geetest := func(changes map[string]any) string {
		values := map[string]any{"captcha_id": "sitekey-geetest-v4", "lot_number": "1", "captcha_output": "2", "pass_token": "3", "gen_time": "4"}
		return changed(values, changes)
	}
	sentinel := func(changes map[string]any) string {
		payload := map[string]any{"algorithm": "SHA-256", "verificationData": "verified=true", "signature": "00", "verified": true}
		return base64.StdEncoding.EncodeToString([]byte(changed(payload, changes)))
	}
	prosopo := solve(services, captchatest.Prosopo)
	rows := []struct {
		name, service, token string
		want                 captcha.Reason
	}{
		{"Friendly's widget has not begun", captchatest.FriendlyV1, ".UNSTARTED", missing},
		{"Friendly's widget has expired", captchatest.FriendlyV2, ".EXPIRED", missing},
		{"Cap's token of another sitekey", captchatest.Cap, "other:0123456789abcdef:0123", refused},
		{"Cap's token without a secret", captchatest.Cap, "sitekey-cap:0123456789abcdef", malformed},
		{"Cap's token with an empty id", captchatest.Cap, "sitekey-cap::0123", malformed},
		{"Cap's token with a fourth part", captchatest.Cap, "sitekey-cap:a:b:c", malformed},
		{"GeeTest's of another captcha_id", captchatest.GeeTest, geetest(map[string]any{"captcha_id": "other"}), refused},
		{"GeeTest's without a captcha_id", captchatest.GeeTest, geetest(map[string]any{"captcha_id": nil}), malformed},
		{"GeeTest's with a captcha_id twice", captchatest.GeeTest, `{"captcha_id":"other",` + geetest(nil)[1:], malformed},
		{"GeeTest's with a gen_time that is no number", captchatest.GeeTest, geetest(map[string]any{"gen_time": "4x"}), malformed},
		{"GeeTest's with a lot_number that is a number", captchatest.GeeTest, geetest(map[string]any{"lot_number": 1}), malformed},
		{"GeeTest's in base64url of nonsense", captchatest.GeeTest, "bm9uc2Vuc2U", malformed},
		{"Prosopo's of another sitekey", captchatest.Prosopo, services.Solve(captchatest.Prosopo, "other", captchatest.Solution{}), refused},
		{"Prosopo's of the sitekey that passes everybody", captchatest.Prosopo, services.Solve(captchatest.Prosopo, prosopoPass, captchatest.Solution{}), refused},
		{"Prosopo's in capitals, a second spelling of the same token", captchatest.Prosopo, "0x" + strings.ToUpper(prosopo[2:]), malformed},
		{"Prosopo's without 0x", captchatest.Prosopo, prosopo[2:], malformed},
		{"Prosopo's that ends in the sitekey", captchatest.Prosopo, prosopo[:2+2*40], malformed},
		{"Prosopo's with a length of four gigabytes", captchatest.Prosopo, "0x0000feffffff41", malformed},
		{"Prosopo's with an option with an invalid tag", captchatest.Prosopo, "0x02" + prosopo[4:], malformed},
		{"Prosopo's with an option of another kind", captchatest.Prosopo, "0x0200" + "00" + "3c" + hex.EncodeToString([]byte("sitekey-prosopo")), malformed},
		{"Prosopo's without content", captchatest.Prosopo, "0x", malformed},
		{"ALTCHA's that is no base64", captchatest.Sentinel, "{}", malformed},
		{"ALTCHA's that says it is not verified", captchatest.Sentinel, sentinel(map[string]any{"verified": false}), refused},
		{"ALTCHA's whose signed data says it is not verified", captchatest.Sentinel, sentinel(map[string]any{"verificationData": "verified=false"}), refused},
		{"ALTCHA's from its test mode", captchatest.Sentinel, sentinel(map[string]any{"test": true, "verificationData": nil}), malformed},
		{"ALTCHA's own proof of work", captchatest.Sentinel, base64.StdEncoding.EncodeToString([]byte(`{"challenge":"a","number":1}`)), malformed},
		{"ALTCHA's with verified twice", captchatest.Sentinel, base64.StdEncoding.EncodeToString([]byte(`{"verified":true,"Verified":true,"algorithm":"SHA-256","verificationData":"verified=true","signature":"0"}`)), malformed},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := verify(provider(services, row.service), row.token); got != string(row.want) {
				t.Errorf("came to %s, want %s", got, row.want)
			}
		})
	}
	if calls := services.History(); len(calls) != 0 {
		t.Errorf("%d calls, the first to %s", len(calls), calls[0].Service)
	}
}

const prosopoPass, prosopoFail = "5EARALUe4HXQwKo5KanZSGGKqJV4VTaytpezFwv8ZHbZewmh", "5ETtechmZkn3CUVeJX7Z511oiuiu742aHLm91D5ZZw4fqoAG"

// changed returns an object with some members changed; nil removes a member.
func changed(members, changes map[string]any) string {
	for name, value := range changes {
		if members[name] = value; value == nil {
			delete(members, name)
		}
	}
	text, _ := json.Marshal(members)
	return string(text)
}

// The test uses the vendor's own vectors. The valid one is two days old by the clock of
// the other fixtures, and here its lifetime is an hour.
func TestServerSignaturesOfAltcha(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors/altcha-server-signature.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Vectors []struct {
			Name       string
			Secret     string `json:"hmac_secret"`
			FieldValue string `json:"field_value"`
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"ok": "ok", "expired": "token-too-old", "bad-classification": "token-refused", "tampered": "token-refused", "algorithm-not-allowed": "token-refused",
	}
	solved := time.Unix(1795338930, 0)
	for _, vector := range file.Vectors {
		p := captcha.SentinelLocal("key_test_0001", vector.Secret)
		if err := p.Validate(false); err != nil {
			t.Fatal(err)
		}
		verify := func(now time.Time) string {
			return outcome(p.Verify(context.Background(), captcha.Attempt{Token: vector.FieldValue, Now: now}))
		}
		if got := verify(solved.Add(time.Minute)); got != want[vector.Name] {
			t.Errorf("%s: came to %s, want %s", vector.Name, got, want[vector.Name])
		}
		if got := verify(solved.Add(2 * time.Hour)); got == "ok" {
			t.Errorf("%s: good for longer than an hour", vector.Name)
		}
	}
	if len(file.Vectors) != len(want) {
		t.Errorf("%d vectors", len(file.Vectors))
	}
}

// One payload can be written in many ways. A caller that prevents a second use must use
// the ID, which is the same for all of them.
func TestOnePayloadHasOneID(t *testing.T) {
	services := world(t)
	token := solve(services, captchatest.Sentinel)
	text, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		t.Fatal(err)
	}
	rewritten := base64.StdEncoding.EncodeToString([]byte(`{"id":"made-up",` + string(text[1:])))
	local := captcha.SentinelLocal("sitekey-altcha-sentinel", "secret-altcha-sentinel")
	remote := provider(services, captchatest.Sentinel)
	var ids []string
	for _, p := range []captcha.Provider{local, remote} {
		for _, token := range []string{token, rewritten} {
			result, err := p.Verify(context.Background(), captcha.Attempt{Token: token, Now: time.Now()})
			if err != nil || !result.OK || result.ID == "" {
				t.Fatalf("%+v %v", result, err)
			}
			ids = append(ids, result.ID)
		}
	}
	for _, id := range ids {
		if id != ids[0] {
			t.Errorf("ids %q", ids)
		}
	}
	stranger := captcha.SentinelLocal("sitekey-altcha-sentinel", "another-secret")
	if got := verify(stranger, token); got != "token-refused" {
		t.Errorf("signed with another secret: %s", got)
	}
}

func TestClassificationOfAltchaIsARisk(t *testing.T) {
	sign := func(data url.Values) string { return signed(data.Encode(), "secret") }
	for class, want := range map[string]string{"GOOD": "ok", "NEUTRAL": "ok", "BAD": "score-low", "": "ok", "SOMETHING-NEW": "score-low"} {
		data := url.Values{"verified": {"true"}, "time": {strconv.FormatInt(noon.Unix(), 10)}}
		if class != "" {
			data.Set("classification", class)
		}
		p := captcha.SentinelLocal("sitekey", "secret")
		if got := outcome(p.Verify(context.Background(), captcha.Attempt{Token: sign(data), Now: noon})); got != want {
			t.Errorf("%q: came to %s, want %s", class, got, want)
		}
	}
	strict := captcha.SentinelLocal("sitekey", "secret", captcha.MaxRisk(0.4))
	for class, want := range map[string]string{"GOOD": "ok", "NEUTRAL": "score-low"} {
		data := url.Values{"verified": {"true"}, "time": {strconv.FormatInt(noon.Unix(), 10)}, "classification": {class}}
		if got := outcome(strict.Verify(context.Background(), captcha.Attempt{Token: sign(data), Now: noon})); got != want {
			t.Errorf("strictly, %q: came to %s, want %s", class, got, want)
		}
	}
	timeless := sign(url.Values{"verified": {"true"}})
	p := captcha.SentinelLocal("sitekey", "secret")
	if got := outcome(p.Verify(context.Background(), captcha.Attempt{Token: timeless, Now: noon})); got != "token-too-old" {
		t.Errorf("a payload that never expires: %s", got)
	}
}

func TestGeeTestTakesJSONAndBase64OfIt(t *testing.T) {
	services := world(t)
	p := provider(services, captchatest.GeeTest)
	for i, encode := range []func(string) string{
		func(text string) string { return text },
		func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) },
		func(text string) string { return base64.URLEncoding.EncodeToString([]byte(text)) },
	} {
		token := encode(solve(services, captchatest.GeeTest))
		result, err := p.Verify(context.Background(), captcha.Attempt{Token: token, Now: time.Now()})
		if err != nil || !result.OK || len(result.ID) != 32 {
			t.Errorf("form %d: %+v %v", i, result, err)
		}
	}
}

// The vendor's formula: hex(HMAC-SHA256(captcha_key, lot_number)).
func TestGeeTestSigns(t *testing.T) {
	services := world(t)
	p := captcha.GeeTest("captcha-id", "geetest-test-captcha-key", captcha.Endpoint(services.VerifyURL(captchatest.GeeTest)))
	verify(p, `{"captcha_id":"captcha-id","lot_number":"4dc3cfc2cdff448cad8d13107198d473","captcha_output":"x","pass_token":"x","gen_time":"1"}`)
	calls := services.History()
	if len(calls) != 1 || calls[0].Form.Get("sign_token") != "a85395e716371efee965de49407b34e472ba7a4164f5ec9d80982b9bbafeea9a" {
		t.Errorf("%+v", calls)
	}
	if strings.Contains(calls[0].Form.Encode(), "geetest-test-captcha-key") {
		t.Error("the key was sent")
	}
}

func TestTokenThatProsopoCannotDecodeIsNoOutage(t *testing.T) {
	services := world(t)
	services.Answer(captchatest.Prosopo, 500, `{"error":{"message":"Bad request","key":"API.BAD_REQUEST","code":500}}`, 1)
	if got := verify(provider(services, captchatest.Prosopo), solve(services, captchatest.Prosopo)); got != "token-malformed" {
		t.Errorf("came to %s", got)
	}
	services.Answer(captchatest.Prosopo, 500, `{"error":{"message":"Oh","key":"API.UNKNOWN","code":500}}`, 1)
	if got := verify(provider(services, captchatest.Prosopo), solve(services, captchatest.Prosopo)); got != "unavailable" {
		t.Errorf("a real outage came to %s", got)
	}
}

func TestTestSitekeys(t *testing.T) {
	services := captchatest.NewServer()
	defer services.Close()
	rows := []struct{ name, service, sitekey, secret, want string }{
		{"Private Captcha's passes everybody", captchatest.PrivateCaptcha, "aaaaaaaabbbbccccddddeeeeeeeeeeee", "any", "ok"},
		{"Prosopo's first test sitekey passes everybody", captchatest.Prosopo, prosopoPass, "any", "ok"},
		{"Prosopo's second test sitekey passes nobody", captchatest.Prosopo, prosopoFail, "any", string(captcha.ReasonRefused)},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			p := constructors[row.service](row.sitekey, row.secret, captcha.Endpoint(services.VerifyURL(row.service)))
			if got := verify(p, services.Solve(row.service, row.sitekey, captchatest.Solution{})); got != row.want {
				t.Errorf("came to %s, want %s", got, row.want)
			}
			if p.Validate(true) != nil || p.Validate(false) == nil {
				t.Errorf("validate: in tests %v, else %v", p.Validate(true), p.Validate(false))
			}
		})
	}
	if captcha.GeeTest("647f5ed2ed8acb4be36784e01556bb71", "secret").Validate(false) == nil {
		t.Error("GeeTest's public demo is accepted as real keys")
	}
}

func TestSolutionOfThePublicTestPropertyIsRefused(t *testing.T) {
	services := world(t)
	token := services.Solve(captchatest.PrivateCaptcha, "aaaaaaaabbbbccccddddeeeeeeeeeeee", captchatest.Solution{Hostname: "example.com"})
	if got := verify(provider(services, captchatest.PrivateCaptcha), token); got != "token-refused" {
		t.Errorf("came to %s", got)
	}
}

func TestMTCaptchaOnADevelopersHost(t *testing.T) {
	services := world(t)
	p := provider(services, captchatest.MTCaptcha, captcha.AnyHostname())
	for _, row := range []struct {
		name  string
		hosts []string
		want  string
	}{
		{"a developer's own host is refused, because anybody can have one", []string{"example.com"}, "hostname-mismatch"},
		{"a developer's own host passes if it is expected", []string{"localhost"}, "ok"},
	} {
		token := services.Solve(captchatest.MTCaptcha, "sitekey-mtcaptcha", captchatest.Solution{Hostname: "localhost"})
		attempt := captcha.Attempt{Token: token, Now: time.Now(), Expect: captcha.Expect{Hosts: row.hosts}}
		if got := outcome(p.Verify(context.Background(), attempt)); got != row.want {
			t.Errorf("%s: came to %s, want %s", row.name, got, row.want)
		}
	}
}

func TestRiskOfFriendlyCounts(t *testing.T) {
	services := world(t)
	p := provider(services, captchatest.FriendlyV2)
	for score, want := range map[float64]string{0: "ok", 1: "ok", 3: "ok", 4: "score-low", 5: "score-low", 6: "score-low"} {
		token := services.Solve(captchatest.FriendlyV2, "sitekey-friendly-v2", captchatest.Solution{Hostname: "example.com", Score: &score})
		result, err := p.Verify(context.Background(), captcha.Attempt{Token: token, Now: time.Now()})
		if got := outcome(result, err); got != want {
			t.Errorf("%v: came to %s, want %s", score, got, want)
		}
		if result.HasRisk != (score >= 1 && score <= 5) || result.HasRisk && result.Risk != (score-1)/4 {
			t.Errorf("%v: a risk of %v (%v)", score, result.Risk, result.HasRisk)
		}
	}
}

func TestMistakesOfConstructors(t *testing.T) {
	rows := []struct {
		name     string
		provider captcha.Provider
		want     string
	}{
		{"no project", captcha.RecaptchaEnterprise("sitekey", "", "secret"), "project"},
		{"a project with a space", captcha.RecaptchaEnterprise("sitekey", "my project", "secret"), "project"},
		{"no instance of Cap", captcha.Cap("", "sitekey", "secret"), "endpoint"},
		{"an instance of Cap without TLS", captcha.Cap("http://cap.example.com", "sitekey", "secret"), "endpoint"},
		{"an instance of mCaptcha with a password", captcha.MCaptcha("https://a:b@m.example.com", "sitekey", "secret"), "endpoint"},
		{"an instance of Sentinel with a query", captcha.Sentinel("https://s.example.com?a=b", "sitekey", "secret"), "endpoint"},
		{"no hostname to check", captcha.FriendlyV1("sitekey", "secret", captcha.CheckHostname()), "CheckHostname"},
		{"no score to compare", captcha.Yandex("sitekey", "secret", captcha.MaxRisk(0.5)), "MaxRisk"},
		{"a secret that is missing offline", captcha.SentinelLocal("sitekey", ""), "secret"},
	}
	for _, row := range rows {
		if err := row.provider.Validate(false); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	for _, p := range []captcha.Provider{
		captcha.Cap("http://127.0.0.1:3000/", "sitekey", "secret"), captcha.MCaptcha("http://localhost:7000", "sitekey", "secret"),
		captcha.Sentinel("https://example.com/altcha", "sitekey", "secret"), captcha.SentinelLocal("sitekey", "secret"),
	} {
		if err := p.Validate(false); err != nil {
			t.Error(err)
		}
	}
	if got := captcha.Cap("https://example.com/cap/", "a/b", "secret").Service().Endpoint; got != "https://example.com/cap/a%2Fb/siteverify" {
		t.Errorf("endpoint %s", got)
	}
}

// A wrong secret is our mistake, for every token. It must not bring an easier captcha.
func TestWrongSecretIsAMistake(t *testing.T) {
	for service := range constructors {
		services := world(t)
		p := constructors[service]("sitekey-"+service, "wrong", captcha.Endpoint(services.VerifyURL(service)))
		want := "misconfigured"
		if service == captchatest.Sentinel || service == captchatest.GeeTest { // these cannot tell it from a wrongly signed token
			want = "token-refused"
		}
		if got := verify(p, solve(services, service)); got != want {
			t.Errorf("%s: came to %s, want %s", service, got, want)
		}
	}
}

// signed returns a payload as ALTCHA Sentinel makes it.
func signed(data, secret string) string {
	payload, _ := json.Marshal(map[string]any{
		"algorithm": "SHA-256", "verificationData": data, "signature": hex.EncodeToString(signature(data, secret)), "verified": true,
	})
	return base64.StdEncoding.EncodeToString(payload)
}

func signature(data, secret string) []byte {
	digest := sha256.Sum256([]byte(data))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(digest[:])
	return mac.Sum(nil)
}

// Values that a service reports are compared; missing values are no fault if it reports none.
func TestBindingsOfEveryService(t *testing.T) {
	for _, d := range captcha.Services() {
		service, services := d.Name, world(t)
		for _, row := range []struct {
			fault   captchatest.Fault
			checked bool
			want    captcha.Reason
		}{
			{captchatest.WrongHostname, d.Hostname, captcha.ReasonHostname},
			{captchatest.WrongAction, d.Action, captcha.ReasonAction},
		} {
			want := "ok"
			if row.checked {
				want = string(row.want)
			}
			services.Fail(service, row.fault, 1)
			if got := verify(provider(services, service), solve(services, service)); got != want {
				t.Errorf("%s, fault %d: came to %s, want %s", service, row.fault, got, want)
			}
		}
	}
}

func TestAnswersThatAreOddInOnesOwnWay(t *testing.T) {
	const info = `{"success":true,"tokeninfo":{"hostname":"example.com","action":"signup","isDevHost":false,"timestampISO":"`
	now := time.Now().UTC()
	rows := []struct{ name, service, body, want string }{
		{"Private Captcha without a code", captchatest.PrivateCaptcha, `{"success":true,"origin":"example.com"}`, "unavailable"},
		{"Private Captcha with a code of null", captchatest.PrivateCaptcha, `{"success":true,"code":null,"origin":"example.com"}`, "unavailable"},
		{"Private Captcha with half a code", captchatest.PrivateCaptcha, `{"success":true,"code":0.5,"origin":"example.com"}`, "unavailable"},
		{"Private Captcha with an unknown code", captchatest.PrivateCaptcha, `{"success":true,"code":99,"origin":"example.com"}`, "token-refused"},
		{"Yandex with an unknown status", captchatest.Yandex, `{"status":"maybe","host":"example.com"}`, "unavailable"},
		{"Yandex without a status", captchatest.Yandex, `{"host":"example.com"}`, "unavailable"},
		{"GeeTest without a result", captchatest.GeeTest, `{"status":"success"}`, "unavailable"},
		{"GeeTest with an unknown status", captchatest.GeeTest, `{"status":"maybe","result":"success"}`, "unavailable"},
		{"GeeTest that does not know the captcha", captchatest.GeeTest, `{"status":"error","code":"-50103"}`, "misconfigured"},
		{"MTCaptcha in time", captchatest.MTCaptcha, info + now.Format(time.RFC3339) + `"}}`, "ok"},
		{"MTCaptcha, solved an hour ago", captchatest.MTCaptcha, info + now.Add(-time.Hour).Format(time.RFC3339) + `"}}`, "token-too-old"},
		{"MTCaptcha without the kind of the host", captchatest.MTCaptcha, `{"success":true,"tokeninfo":{"hostname":"example.com","action":"signup"}}`, "unavailable"},
		{"MTCaptcha without tokeninfo", captchatest.MTCaptcha, `{"success":true}`, "unavailable"},
		{"Prosopo is sure of a bot", captchatest.Prosopo, `{"verified":true,"score":0.9}`, "score-low"},
		{"Prosopo with a score that is text", captchatest.Prosopo, `{"verified":true,"score":"0.1"}`, "score-low"},
		{"Enterprise is sure of a bot", captchatest.RecaptchaEnterprise, enterprise(now, `{"score":0.1}`), "score-low"},
		{"Enterprise without a score", captchatest.RecaptchaEnterprise, enterprise(now, `{}`), "score-low"},
		{"Enterprise is sure of a person", captchatest.RecaptchaEnterprise, enterprise(now, `{"score":0.9}`), "ok"},
		{"Enterprise without token properties", captchatest.RecaptchaEnterprise, `{"riskAnalysis":{"score":0.9}}`, "unavailable"},
		{"Enterprise of another day", captchatest.RecaptchaEnterprise, enterprise(now.Add(-24*time.Hour), `{"score":0.9}`), "token-too-old"},
		{"Friendly with a risk that is text", captchatest.FriendlyV2, `{"success":true,"data":{"challenge":{"origin":"example.com"},"risk_intelligence":{"risk_scores":{"overall":"1"}}}}`, "score-low"},
		{"Cap of an older version", captchatest.Cap, `{"error":"Token expired"}`, "token-spent"},
		{"Cap with success and an error", captchatest.Cap, `{"success":true,"error":"Token expired"}`, "ok"},
		{"mCaptcha with success and an error", captchatest.MCaptcha, `{"valid":true,"error":"Captcha not found."}`, "misconfigured"},
		{"Sentinel without an answer", captchatest.Sentinel, `{}`, "unavailable"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			services := world(t)
			services.Answer(row.service, 200, row.body, 1)
			if got := verify(provider(services, row.service), solve(services, row.service)); got != row.want {
				t.Errorf("came to %s, want %s", got, row.want)
			}
		})
	}
}

func enterprise(issued time.Time, risk string) string {
	return `{"tokenProperties":{"valid":true,"hostname":"example.com","action":"signup","createTime":"` + issued.Format(time.RFC3339) + `"},"riskAnalysis":` + risk + `}`
}

// The signature does not cover the algorithm, so a visitor can choose it.
func TestWeakHashesOfAltchaAreRefused(t *testing.T) {
	const data = "time=1795348800&verified=true"
	for name, hash := range map[string]func() hash.Hash{"SHA-1": sha1.New, "MD5": md5.New, "SHA-512": sha512.New, "SHA-384": sha512.New384} {
		digest := hash()
		digest.Write([]byte(data))
		mac := hmac.New(hash, []byte("secret"))
		mac.Write(digest.Sum(nil))
		token := base64.StdEncoding.EncodeToString([]byte(changed(map[string]any{
			"algorithm": name, "verificationData": data, "signature": hex.EncodeToString(mac.Sum(nil)), "verified": true,
		}, nil)))
		want := map[string]string{"SHA-512": "ok", "SHA-384": "ok"}[name]
		if want == "" {
			want = "token-refused"
		}
		p := captcha.SentinelLocal("sitekey", "secret")
		if got := outcome(p.Verify(context.Background(), captcha.Attempt{Token: token, Now: noon})); got != want {
			t.Errorf("%s: came to %s, want %s", name, got, want)
		}
	}
}
