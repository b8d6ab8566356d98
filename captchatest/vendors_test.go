package captchatest_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
)

// vendors are the services whose requests and answers are their own.
func vendors() []string {
	var names []string
	for _, service := range captchatest.Services() {
		switch service {
		case captchatest.RecaptchaV2, captchatest.RecaptchaV3, captchatest.HCaptcha, captchatest.Turnstile:
		default:
			names = append(names, service)
		}
	}
	return names
}

func market(t *testing.T) *captchatest.Server {
	s := captchatest.NewServer()
	t.Cleanup(s.Close)
	for _, service := range vendors() {
		s.AddSite(service, "site-1", "secret-1")
		s.AddSite(service, "foreign", "secret-2")
	}
	return s
}

// request is what the vendors' documents say that a call looks like.
func request(t *testing.T, s *captchatest.Server, service, sitekey, secret, token string) *http.Request {
	t.Helper()
	address, header := s.VerifyURL(service), http.Header{}
	members, form, text := map[string]any(nil), url.Values(nil), ""
	switch service {
	case captchatest.RecaptchaEnterprise:
		header.Set("X-Goog-Api-Key", secret)
		members = map[string]any{"event": map[string]any{"token": token, "siteKey": sitekey}}
	case captchatest.FriendlyV1:
		form = url.Values{"solution": {token}, "secret": {secret}, "sitekey": {sitekey}}
	case captchatest.FriendlyV2:
		header.Set("X-API-Key", secret)
		members = map[string]any{"response": token, "sitekey": sitekey}
	case captchatest.Sentinel:
		members = map[string]any{"payload": token, "secret": secret}
	case captchatest.Cap:
		address = s.URL() + "/" + sitekey + "/siteverify"
		members = map[string]any{"secret": secret, "response": token}
	case captchatest.MCaptcha:
		members = map[string]any{"secret": secret, "key": sitekey, "token": token}
	case captchatest.PrivateCaptcha:
		header.Set("X-API-Key", secret)
		header.Set("X-PC-Sitekey", sitekey)
		text = token
	case captchatest.Yandex:
		form = url.Values{"secret": {secret}, "token": {token}}
	case captchatest.GeeTest:
		address += "?captcha_id=" + sitekey
		form = geetestForm(secret, token)
	case captchatest.MTCaptcha:
		address += "?" + url.Values{"privatekey": {secret}, "token": {token}}.Encode()
	case captchatest.Prosopo:
		members = map[string]any{"secret": secret, "token": token}
	}
	method, kind := http.MethodPost, "text/plain"
	switch {
	case service == captchatest.MTCaptcha:
		method, kind = http.MethodGet, ""
	case members != nil:
		body, _ := json.Marshal(members)
		kind, text = "application/json", string(body)
	case form != nil:
		kind, text = "application/x-www-form-urlencoded", form.Encode()
	}
	r, err := http.NewRequest(method, address, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	r.Header.Set("Content-Type", kind)
	return r
}

func geetestForm(secret, token string) url.Values {
	var values map[string]string
	form := url.Values{}
	if json.Unmarshal([]byte(token), &values) == nil {
		for _, name := range []string{"lot_number", "captcha_output", "pass_token", "gen_time"} {
			form.Set(name, values[name])
		}
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(form.Get("lot_number")))
	form.Set("sign_token", hex.EncodeToString(mac.Sum(nil)))
	return form
}

// send returns the status and the body.
func send(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// The answers must be the vendors' own, which are in package captcha's testdata. A
// name in place of a file is a status without JSON.
func TestAnswersAreTheVendors(t *testing.T) {
	const madeUp = "0x00000c6162630c616263"
	rows := map[string]map[string]string{
		captchatest.RecaptchaEnterprise: {"good": "success", "again": "invalid-dupe", "expired": "invalid-expired", "foreign": "invalid-key-mismatch", "made up": "invalid-malformed", "nothing": "invalid-missing", "no secret": "api-error-403", "wrong secret": "api-error-400"},
		captchatest.FriendlyV1:          {"good": "success", "again": "solution-timeout-or-duplicate", "expired": "solution-timeout-or-duplicate", "foreign": "solution-invalid", "made up": "solution-invalid", "nothing": "solution-missing", "no secret": "secret-missing", "wrong secret": "secret-invalid", "wrong sitekey": "solution-invalid"},
		captchatest.FriendlyV2:          {"good": "success", "again": "response-duplicate", "expired": "response-timeout", "foreign": "response-invalid", "made up": "response-invalid", "nothing": "response-missing", "no secret": "auth-required", "wrong secret": "auth-invalid", "wrong sitekey": "sitekey-invalid"},
		captchatest.Sentinel:            {"good": "verify-signature-ok", "again": "verify-signature-ok", "expired": "verify-signature-refused", "nothing": "verify-signature-400"},
		captchatest.Cap:                 {"good": "siteverify-success", "again": "siteverify-token-not-found", "expired": "siteverify-token-expired", "made up": "siteverify-token-not-found", "no secret": "siteverify-missing-parameters", "wrong secret": "siteverify-bad-secret", "wrong sitekey": "siteverify-invalid-sitekey-or-secret", "nothing": "500"},
		captchatest.MCaptcha:            {"good": "valid", "again": "invalid", "expired": "invalid", "foreign": "invalid", "made up": "invalid", "wrong secret": "wrong-secret", "wrong sitekey": "unknown-sitekey", "nothing": "400"},
		captchatest.PrivateCaptcha:      {"good": "success", "again": "solution-verified-before", "expired": "puzzle-expired", "foreign": "property-owner-mismatch", "made up": "solution-invalid", "wrong sitekey": "property-invalid", "wrong secret": "403", "nothing": "400"},
		captchatest.Yandex:              {"good": "ok", "again": "failed-token", "expired": "failed-token", "foreign": "failed-token", "made up": "failed-token", "no secret": "failed-no-secret"},
		captchatest.GeeTest:             {"good": "success", "expired": "fail-pass-token-expire", "foreign": "fail-pass-token-error"},
		captchatest.MTCaptcha:           {"good": "success", "again": "token-duplicate-cal", "expired": "token-expired", "foreign": "privatekey-mismatch-token", "made up": "invalid-token", "nothing": "missing-input-token", "no secret": "missing-input-privatekey", "wrong secret": "invalid-privatekey"},
		captchatest.Prosopo:             {"good": "verified", "again": "not-verified", "expired": "timestamp-too-old", "foreign": "not-verified", "made up": "not-verified"},
	}
	for _, service := range vendors() {
		for situation, want := range rows[service] {
			t.Run(service+", "+situation, func(t *testing.T) {
				s := market(t)
				solution := captchatest.Solution{Hostname: "www.example.com", Action: "login"}
				sitekey, secret, token := "site-1", "secret-1", s.Solve(service, "site-1", solution)
				switch situation {
				case "again":
					send(t, request(t, s, service, sitekey, secret, token))
				case "expired":
					solution.Issued = time.Now().Add(-3 * time.Hour)
					token = s.Solve(service, sitekey, solution)
				case "foreign":
					token = s.Solve(service, "foreign", solution)
				case "made up":
					token = madeUp
				case "nothing":
					token = ""
				case "no secret":
					secret = ""
				case "wrong secret":
					secret = "wrong"
				case "wrong sitekey":
					sitekey = "nobody"
				}
				status, body := send(t, request(t, s, service, sitekey, secret, token))
				if wanted := statusOf(t, service, want); status != wanted {
					t.Errorf("status %d, want %d", status, wanted)
				}
				if file := fixture(service, want); file != "" && !reflect.DeepEqual(verdict(t, body), verdict(t, file)) {
					t.Errorf("the answer is\n%s, the vendor's\n%s", body, file)
				}
			})
		}
		if rows[service]["good"] == "" {
			t.Errorf("%s has no rows", service)
		}
	}
}

func fixture(service, name string) string {
	text, err := os.ReadFile("../captcha/testdata/" + service + "." + name + ".json")
	if err != nil {
		return ""
	}
	return string(text)
}

// statusOf reads a status in a sheet of package captcha.
func statusOf(t *testing.T, service, name string) int {
	bare := map[string]int{"400": 400, "403": 403, "500": 500}
	if status, found := bare[name]; found {
		return status
	}
	text, err := os.ReadFile("../captcha/testdata/" + service + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var sheet struct {
		Answers map[string]struct{ Status int }
	}
	if err := json.Unmarshal(text, &sheet); err != nil {
		t.Fatal(err)
	}
	row, found := sheet.Answers[name]
	if !found {
		t.Fatalf("no fixture %s of %s", name, service)
	}
	return cmp.Or(row.Status, 200)
}

// verdict is an answer without what differs from token to token and is for people
// only, but with its name.
func verdict(t *testing.T, text string) any {
	var value map[string]any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	blank(value)
	return value
}

func blank(members map[string]any) {
	for name, value := range members {
		switch inside, isObject := value.(map[string]any); {
		case strings.Contains(" details ", " "+name+" "):
			delete(members, name)
		case strings.Contains(" name event event_id message detail msg timestamp timestampSec timestampISO createTime origin host tokID captcha_args ", " "+name+" "):
			members[name] = "…"
		case isObject:
			blank(inside)
		}
	}
}

func TestSentinelSignsWhatItsVectorsSign(t *testing.T) {
	s := market(t)
	token := s.Solve(captchatest.Sentinel, "site-1", captchatest.Solution{Hostname: "example.com"})
	text, err := base64.StdEncoding.DecodeString(token)
	var payload struct {
		Algorithm, VerificationData, Signature string
		Verified                               bool
	}
	if err != nil || json.Unmarshal(text, &payload) != nil || !payload.Verified {
		t.Fatalf("%s: %v", text, err)
	}
	digest := sha256.Sum256([]byte(payload.VerificationData))
	mac := hmac.New(sha256.New, []byte("secret-1"))
	mac.Write(digest[:])
	if payload.Algorithm != "SHA-256" || payload.Signature != hex.EncodeToString(mac.Sum(nil)) {
		t.Errorf("%s", text)
	}
	tampered := base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(text), "GOOD", "BEST", 1)))
	if _, body := send(t, request(t, s, captchatest.Sentinel, "", "secret-1", tampered)); !strings.Contains(body, `"verified":false`) {
		t.Errorf("tampered: %s", body)
	}
}

func TestPathsOfTwoServicesAreToldApart(t *testing.T) {
	s := market(t)
	s.AddSite(captchatest.HCaptcha, "site-1", "secret-1")
	for _, service := range []string{captchatest.Prosopo, captchatest.Yandex, captchatest.GeeTest, captchatest.Cap} {
		send(t, request(t, s, service, "site-1", "secret-1", s.Solve(service, "site-1", captchatest.Solution{})))
	}
	ask(t, s, captchatest.HCaptcha, "secret", "secret-1", "response", "x")
	var got []string
	for _, call := range s.History() {
		got = append(got, call.Service)
	}
	if want := "prosopo yandex-smartcaptcha geetest-v4 cap hcaptcha"; strings.Join(got, " ") != want {
		t.Errorf("%v, want %s", got, want)
	}
}

func TestVendorsThatTakeGETTakeIt(t *testing.T) {
	s := market(t)
	for service, query := range map[string]url.Values{
		captchatest.Yandex:  {"secret": {"secret-1"}, "token": {s.Solve(captchatest.Yandex, "site-1", captchatest.Solution{})}},
		captchatest.GeeTest: geetestForm("secret-1", s.Solve(captchatest.GeeTest, "site-1", captchatest.Solution{})),
	} {
		if service == captchatest.GeeTest {
			query.Set("captcha_id", "site-1")
		}
		r, _ := http.NewRequest("GET", s.VerifyURL(service)+"?"+query.Encode(), nil)
		if _, body := send(t, r); !strings.Contains(body, `"status":"ok"`) && !strings.Contains(body, `"result":"success"`) {
			t.Errorf("%s: %s", service, body)
		}
	}
}

func TestGeeTestsOwnErrors(t *testing.T) {
	s := market(t)
	good := s.Solve(captchatest.GeeTest, "site-1", captchatest.Solution{})
	odd := strings.Replace(good, `"gen_time":"`, `"gen_time":"x`, 1)
	for _, row := range []struct{ name, sitekey, secret, token, want string }{
		{"no captcha_id", "", "secret-1", good, "-50101"},
		{"nobody's captcha_id", "nobody", "secret-1", good, "-50103"},
		{"no token", "site-1", "secret-1", "", "-50302"},
		{"a time that is none", "site-1", "secret-1", odd, "-50005"},
		{"a wrong signature", "site-1", "wrong", good, "pass_token error"},
		{"a good one", "site-1", "secret-1", good, `"result":"success"`},
		{"the same again", "site-1", "secret-1", good, "-50003"},
	} {
		if _, body := send(t, request(t, s, captchatest.GeeTest, row.sitekey, row.secret, row.token)); !strings.Contains(body, row.want) {
			t.Errorf("%s: %s, want %s", row.name, body, row.want)
		}
	}
}

func TestPublicTestSitekeysOfVendors(t *testing.T) {
	s := captchatest.NewServer()
	defer s.Close()
	const private, pass, fail = "aaaaaaaabbbbccccddddeeeeeeeeeeee", "5EARALUe4HXQwKo5KanZSGGKqJV4VTaytpezFwv8ZHbZewmh", "5ETtechmZkn3CUVeJX7Z511oiuiu742aHLm91D5ZZw4fqoAG"
	for _, row := range []struct{ name, service, sitekey, named, want string }{
		{"Private Captcha's", captchatest.PrivateCaptcha, private, private, "test-property-ok"},
		{"Prosopo's that passes", captchatest.Prosopo, pass, "", "verified"},
		{"Prosopo's that fails", captchatest.Prosopo, fail, "", "test-fail"},
	} {
		token := s.Solve(row.service, row.sitekey, captchatest.Solution{})
		if _, body := send(t, request(t, s, row.service, row.named, "any", token)); !reflect.DeepEqual(verdict(t, body), verdict(t, fixture(row.service, row.want))) {
			t.Errorf("%s: %s", row.name, body)
		}
	}
	s.AddSite(captchatest.PrivateCaptcha, "site-1", "secret-1")
	token := s.Solve(captchatest.PrivateCaptcha, private, captchatest.Solution{})
	if _, body := send(t, request(t, s, captchatest.PrivateCaptcha, "", "secret-1", token)); !strings.Contains(body, `"code":10`) || !strings.Contains(body, `"success":false`) {
		t.Errorf("without the sitekey: %s", body)
	}
}

func TestRequestsToVendorsAreBounded(t *testing.T) {
	s := market(t)
	long := strings.Repeat("x", 1<<20)
	for _, service := range vendors() {
		if service == captchatest.MTCaptcha { // a GET: net/http bounds the URL
			continue
		}
		r := request(t, s, service, "site-1", "secret-1", long)
		if service == captchatest.GeeTest {
			r = request(t, s, service, "site-1", "secret-1", `{"lot_number":"`+long+`"}`)
		}
		if status, _ := send(t, r); status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: a megabyte: %d", service, status)
		}
	}
}
