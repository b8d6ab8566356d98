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
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
)

// sheet is the sheet of a service in package captcha's testdata; see the README there.
type sheet struct {
	Name string `json:"-"`
	Sent *struct{ Method, Kind, Secret, Token, Sitekey string }
	// Situations has the case of Answers that the stand-in must answer with. Services
	// without it are like reCAPTCHA.
	Situations map[string]string
	Answers    map[string]struct {
		Status int
		Body   json.RawMessage
	}
}

func sheets(t testing.TB) map[string]sheet {
	all := map[string]sheet{}
	for _, service := range captchatest.Services() {
		text, err := os.ReadFile("../captcha/testdata/" + service + ".json")
		if err != nil {
			t.Fatal(err)
		}
		one := sheet{Name: service}
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatalf("%s: %v", service, err)
		}
		all[service] = one
	}
	return all
}

// vendors are the services with their own requests and answers.
func vendors(t testing.TB) []string { return manner(t, true) }

// siteverify are the services like reCAPTCHA.
func siteverify(t testing.TB) []string { return manner(t, false) }

func manner(t testing.TB, own bool) (names []string) {
	all := sheets(t)
	for _, service := range captchatest.Services() {
		if (all[service].Situations != nil) == own {
			names = append(names, service)
		}
	}
	return names
}

func market(t *testing.T) *captchatest.Server {
	s := captchatest.NewServer()
	t.Cleanup(s.Close)
	for _, service := range vendors(t) {
		s.AddSite(service, "site-1", "secret-1")
		s.AddSite(service, "foreign", "secret-2")
	}
	return s
}

// request makes a call as the vendors' documents describe it.
func request(t *testing.T, s *captchatest.Server, service, sitekey, secret, token string) *http.Request {
	t.Helper()
	places := sheets(t)[service].Sent
	address, header, form := s.VerifyURL(service), http.Header{}, url.Values{}
	for place, value := range map[string]string{places.Secret: secret, places.Token: token, places.Sitekey: sitekey} {
		if name, isHeader := strings.CutSuffix(place, ":"); isHeader {
			header.Set(name, value)
		} else if place != "" {
			form.Set(place, value)
		}
	}
	switch service {
	case captchatest.Cap:
		address = s.URL() + "/" + sitekey + "/siteverify"
	case captchatest.GeeTest:
		address += "?captcha_id=" + sitekey
		form = geetestForm(secret, token)
	}
	var body string
	switch places.Kind {
	case "":
		address += "?" + form.Encode()
	case "application/json":
		body = nested(form)
	case "text/plain":
		body = form.Get("body")
	default:
		body = form.Encode()
	}
	r, err := http.NewRequest(places.Method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	r.Header.Set("Content-Type", places.Kind)
	return r
}

// nested returns an object with the fields as members; event.token is a member of event.
func nested(form url.Values) string {
	members := map[string]any{}
	for name := range form {
		at, rest := members, name
		for {
			outer, inner, found := strings.Cut(rest, ".")
			if !found {
				break
			}
			if at[outer] == nil {
				at[outer] = map[string]any{}
			}
			at, rest = at[outer].(map[string]any), inner
		}
		at[rest] = form.Get(name)
	}
	text, _ := json.Marshal(members)
	return string(text)
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
// status in place of a case means an answer without JSON.
func TestAnswersAreTheVendors(t *testing.T) {
	const madeUp = "0x00000c6162630c616263"
	all := sheets(t)
	for _, service := range vendors(t) {
		for situation, want := range all[service].Situations {
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
				if wanted := statusOf(t, all[service], want); status != wanted {
					t.Errorf("status %d, want %d", status, wanted)
				}
				if file := fixture(all[service], want); file != "" && !reflect.DeepEqual(verdict(t, body), verdict(t, file)) {
					t.Errorf("the answer is\n%s, the vendor's\n%s", body, file)
				}
			})
		}
		if all[service].Situations["good"] == "" {
			t.Errorf("%s: the sheet has no answer for a good token", service)
		}
	}
}

// fixture returns the answer of a case, or "".
func fixture(s sheet, name string) string {
	if body := s.Answers[name].Body; body != nil {
		return string(body)
	}
	text, err := os.ReadFile("../captcha/testdata/" + s.Name + "." + name + ".json")
	if err != nil {
		return ""
	}
	return string(text)
}

func statusOf(t *testing.T, s sheet, name string) int {
	if status, err := strconv.Atoi(name); err == nil {
		return status
	}
	answer, found := s.Answers[name]
	if !found {
		t.Fatalf("no fixture %s of %s", name, s.Name)
	}
	return cmp.Or(answer.Status, 200)
}

// verdict returns an answer without the parts that differ between tokens or are only for
// people; of those it keeps the names.
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

// The answers must contain the facts that Reports promises to an audit.
func TestReportsAreInTheAnswers(t *testing.T) {
	members := map[string][]string{
		"host": {"hostname", "host", "origin"}, "action": {"action"}, "score": {"score"}, "age": {"challenge_ts", "timestamp", "timestampISO", "createTime"},
	}
	for _, service := range captchatest.Services() {
		if reported := captchatest.Reports(service); captchatest.Siteverify(service) != slices.Contains(siteverify(t), service) || len(reported) > 4 {
			t.Errorf("%s has the wrong result of Siteverify; it reports %v", service, reported)
			continue
		}
		s := captchatest.NewServer()
		defer s.Close()
		s.AddSite(service, "site-1", "secret-1")
		token := s.Solve(service, "site-1", captchatest.Solution{Hostname: "www.example.com", Action: "login"})
		var body string
		if captchatest.Siteverify(service) {
			response, err := http.PostForm(s.VerifyURL(service), url.Values{"secret": {"secret-1"}, "response": {token}})
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(response.Body)
			response.Body.Close()
			body = string(text)
		} else {
			_, body = send(t, request(t, s, service, "site-1", "secret-1", token))
		}
		for what, names := range members {
			has := slices.ContainsFunc(names, func(name string) bool { return strings.Contains(body, `"`+name+`":`) })
			if reports := slices.Contains(captchatest.Reports(service), what); reports != has {
				t.Errorf("%s reports %s: %v, and its answer is %s", service, what, reports, body)
			}
		}
	}
	if captchatest.Field(captchatest.GeeTest) != "" || captchatest.Field(captchatest.Cap) != "cap-token" || captchatest.Field("nobody") != "" || captchatest.Reports("nobody") != nil {
		t.Error("fields of services are wrong")
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
		{"an unknown captcha_id", "nobody", "secret-1", good, "-50103"},
		{"no token", "site-1", "secret-1", "", "-50302"},
		{"an invalid time", "site-1", "secret-1", odd, "-50005"},
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
		if _, body := send(t, request(t, s, row.service, row.named, "any", token)); !reflect.DeepEqual(verdict(t, body), verdict(t, fixture(sheets(t)[row.service], row.want))) {
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
	for _, service := range vendors(t) {
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
