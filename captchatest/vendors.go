package captchatest

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// vendor is a service whose requests and answers are not in reCAPTCHA's manner.
type vendor struct {
	path  string
	takes []string // methods and content types, as "POST application/json"
	life  time.Duration
	flag  string // the member of an answer that says success
	pure  bool   // a token is not used up

	// ask finds in a request what is asked.
	ask func(s *Server, r *http.Request, form url.Values) question
	// tell says what was ruled, in the vendor's words. Without a body it is a page.
	tell func(s *Server, q question, r ruling, t *token) (status int, body map[string]any)
	// mint makes the text of a token, and the key under which ask will find it.
	// Nil: random text, which is its own key.
	mint func(s *Server, sitekey string, solution Solution) (text, key string)
}

// question is what a request asks: is this token good, for this sitekey and by this
// secret? The sitekey is empty where the service is not told.
type question struct{ secret, sitekey, token string }

// ruling is what there is to say of a question.
type ruling int

const (
	good         ruling = iota
	unreadable          // not a request that the service takes
	noSecret            // none was sent
	noToken             // none was sent
	wrongSecret         // nobody's
	wrongSitekey        // not of this secret
	unknown             // a made-up token
	foreign             // a token of another site
	expired
	used
)

// vendors are the services that are not in reCAPTCHA's manner.
var vendors map[string]*vendor

func init() { // the functions refer to the map
	const form, text = "POST application/x-www-form-urlencoded", "POST application/json"
	vendors = map[string]*vendor{
		RecaptchaEnterprise: {
			path: "/v1/projects/{project}/assessments", takes: []string{text}, life: 2 * time.Minute, flag: "valid",
			ask: askEnterprise, tell: tellEnterprise,
		},
		FriendlyV1: {
			path: "/api/v1/siteverify", takes: []string{text, form}, life: time.Hour, flag: "success",
			ask: fields("secret", "sitekey", "solution"), tell: tellFriendlyV1,
		},
		FriendlyV2: {
			path: "/api/v2/captcha/siteverify", takes: []string{text, form}, life: time.Hour, flag: "success",
			ask: askFriendlyV2, tell: tellFriendlyV2,
		},
		Sentinel: {
			path: "/v1/verify/signature", takes: []string{text}, life: 5 * time.Minute, flag: "verified", pure: true,
			ask: askSentinel, tell: tellSentinel, mint: mintSentinel,
		},
		Cap: {
			path: "/{sitekey}/siteverify", takes: []string{text}, life: 2 * time.Hour, flag: "success",
			ask: askCap, tell: tellCap, mint: mintCap,
		},
		MCaptcha: {
			path: "/api/v1/pow/siteverify", takes: []string{text}, life: 30 * time.Second, flag: "valid",
			ask: fields("secret", "key", "token"), tell: tellMCaptcha,
		},
		PrivateCaptcha: {
			path: "/verify", takes: []string{"POST text/plain", "POST "}, life: time.Hour, flag: "success",
			ask: askPrivateCaptcha, tell: tellPrivateCaptcha,
		},
		Yandex: {
			path: "/validate", takes: []string{form, "GET "}, life: 5 * time.Minute, flag: "status",
			ask: fields("secret", "", "token"), tell: tellYandex,
		},
		GeeTest: {
			path: "/validate", takes: []string{form, "GET "}, life: 10 * time.Minute, flag: "status",
			ask: askGeeTest, tell: tellGeeTest, mint: mintGeeTest,
		},
		MTCaptcha: {
			path: "/mtcv1/api/checktoken", takes: []string{"GET "}, life: 2 * time.Minute, flag: "success",
			ask: fields("privatekey", "", "token"), tell: tellMTCaptcha,
		},
		Prosopo: {
			path: "/siteverify", takes: []string{text}, life: 3 * time.Minute, flag: "verified",
			ask: fields("secret", "", "token"), tell: tellProsopo, mint: mintProsopo,
		},
	}
}

func flagOf(service string) string {
	if v, found := vendors[service]; found {
		return v.flag
	}
	return "success"
}

// decide makes the answer to a request. The lock is held.
func (v *vendor) decide(s *Server, service string, r *http.Request, form url.Values, unread error) (int, map[string]any) {
	if unread != nil {
		return v.tell(s, question{}, unreadable, nil)
	}
	q := v.ask(s, r, form)
	said, t := s.rule(service, v, q)
	return v.tell(s, q, said, t)
}

// rule decides by what all services have in common, and uses a good token up.
func (s *Server) rule(service string, v *vendor, q question) (ruling, *token) {
	var account []string
	for _, site := range s.sites[service] {
		if site.secret == q.secret {
			account = append(account, site.sitekey)
		}
	}
	t := s.tokens[q.token]
	if t != nil && t.service != service {
		t = nil
	}
	if s.anySecret && t != nil {
		account = []string{t.sitekey}
	} else if s.anySecret {
		account = []string{q.sitekey}
	}
	switch {
	case q.secret == "":
		return noSecret, t
	case q.token == "":
		return noToken, t
	case account == nil:
		return wrongSecret, t
	case q.sitekey != "" && !slices.Contains(account, q.sitekey):
		return wrongSitekey, t
	case t == nil:
		return unknown, t
	case !slices.Contains(account, t.sitekey) || q.sitekey != "" && q.sitekey != t.sitekey:
		return foreign, t
	case s.now().Sub(t.solution.Issued) > v.life:
		return expired, t
	case t.used && !v.pure && s.lie != Reusable:
		return used, t
	}
	t.used = true
	return good, t
}

// read returns the fields of a request: of its query and of its body.
func (v *vendor) read(r *http.Request) (url.Values, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method == http.MethodGet {
		kind = ""
	}
	values := r.URL.Query()
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return values, err
	case !slices.Contains(v.takes, r.Method+" "+kind):
		return values, errNotTaken
	case kind == "application/json":
		return values, readJSON(values, body)
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		for name := range form {
			values[name] = form[name]
		}
		return values, err
	case len(body) > 0:
		values.Set("body", string(body))
	}
	return values, nil
}

func readJSON(values url.Values, body []byte) error {
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		return err
	}
	flatten(values, "", members)
	return nil
}

// flatten writes the members of objects inside as "event.token".
func flatten(values url.Values, prefix string, members map[string]any) {
	for name, value := range members {
		switch value := value.(type) {
		case map[string]any:
			flatten(values, prefix+name+".", value)
		case nil:
		default:
			values.Set(prefix+name, fmt.Sprint(value))
		}
	}
}

// speaksProsopo tells Prosopo's requests from hCaptcha's, which takes no JSON and
// has another name for the token. What it read is there to be read again.
func speaksProsopo(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/json" {
		return false
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), ends{err}))
	values := url.Values{}
	return err != nil || readJSON(values, body) != nil || !values.Has("response")
}

// ends is the end of a body, however it ended.
type ends struct{ err error }

func (e ends) Read([]byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	return 0, io.EOF
}

// fields asks with three fields of the form.
func fields(secret, sitekey, token string) func(*Server, *http.Request, url.Values) question {
	return func(_ *Server, _ *http.Request, form url.Values) question {
		return question{form.Get(secret), form.Get(sitekey), form.Get(token)}
	}
}

func askEnterprise(_ *Server, r *http.Request, form url.Values) question {
	key := r.Header.Get("X-Goog-Api-Key")
	if key == "" {
		key = form.Get("key")
	}
	return question{key, form.Get("event.siteKey"), form.Get("event.token")}
}

func askFriendlyV2(_ *Server, r *http.Request, form url.Values) question {
	return question{r.Header.Get("X-API-Key"), form.Get("sitekey"), form.Get("response")}
}

func askPrivateCaptcha(_ *Server, r *http.Request, form url.Values) question {
	return question{r.Header.Get("X-API-Key"), r.Header.Get("X-PC-Sitekey"), form.Get("body")}
}

func askCap(_ *Server, r *http.Request, form url.Values) question {
	return question{form.Get("secret"), r.PathValue("sitekey"), form.Get("response")}
}

// mintCap makes a token as sitekey, id and secret.
func mintCap(_ *Server, sitekey string, _ Solution) (text, key string) {
	text = sitekey + ":" + randomHex(8) + ":" + randomHex(15)
	return text, text
}

// askGeeTest finds the secret that made the signature, since none is sent.
func askGeeTest(s *Server, _ *http.Request, form url.Values) question {
	q := question{"nobody's", form.Get("captcha_id"), form.Get("lot_number") + " " + form.Get("pass_token") + " " + form.Get("gen_time")}
	for _, site := range s.sites[GeeTest] {
		mac := hmac.New(sha256.New, []byte(site.secret))
		mac.Write([]byte(form.Get("lot_number")))
		if site.sitekey == q.sitekey && form.Get("sign_token") == hex.EncodeToString(mac.Sum(nil)) {
			q.secret = site.secret
		}
	}
	return q
}

// mintGeeTest makes what getValidate() returns.
func mintGeeTest(_ *Server, sitekey string, solution Solution) (text, key string) {
	lot, pass, made := randomHex(16), randomHex(32), strconv.FormatInt(solution.Issued.Unix(), 10)
	values, _ := json.Marshal(map[string]string{
		"captcha_id": sitekey, "lot_number": lot, "captcha_output": rand.Text(), "pass_token": pass, "gen_time": made,
	})
	return string(values), lot + " " + pass + " " + made
}

// askSentinel finds a payload by what is signed and the signature, however it is
// written.
func askSentinel(_ *Server, _ *http.Request, form url.Values) question {
	q := question{secret: form.Get("secret"), token: form.Get("payload")}
	var payload struct{ Algorithm, VerificationData, Signature string }
	if text, err := base64.StdEncoding.DecodeString(q.token); err == nil && json.Unmarshal(text, &payload) == nil {
		q.token = payload.Algorithm + " " + payload.Signature + " " + payload.VerificationData
	}
	return q
}

// mintSentinel signs a payload with the secret of the site.
func mintSentinel(s *Server, sitekey string, solution Solution) (text, key string) {
	secret := ""
	for _, site := range s.sites[Sentinel] {
		if site.sitekey == sitekey {
			secret = site.secret
		}
	}
	data := url.Values{
		"classification": {"GOOD"}, "id": {"ver_" + randomHex(8)}, "origin": {"https://" + solution.Hostname},
		"time":   {strconv.FormatInt(solution.Issued.Unix(), 10)},
		"expire": {strconv.FormatInt(solution.Issued.Add(vendors[Sentinel].life).Unix(), 10)}, "verified": {"true"},
	}.Encode()
	digest := sha256.Sum256([]byte(data))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(digest[:])
	signature := hex.EncodeToString(mac.Sum(nil))
	payload, _ := json.Marshal(map[string]any{
		"algorithm": "SHA-256", "apiKey": sitekey, "signature": signature, "verificationData": data, "verified": true,
	})
	return base64.StdEncoding.EncodeToString(payload), "SHA-256 " + signature + " " + data
}

// mintProsopo encodes a token as the vendor does: commitmentId, providerUrl, dapp
// (the sitekey), user, challenge, nonce, timestamp and the signatures, in SCALE.
func mintProsopo(_ *Server, sitekey string, solution Solution) (text, key string) {
	var b []byte
	none := []byte{0}
	b = append(b, none...)
	b = append(b, append([]byte{1}, scaleText("https://pronode1.prosopo.io")...)...)
	b = append(b, scaleText(sitekey)...)
	b = append(b, scaleText("5"+rand.Text())...)
	b = append(b, none...)
	b = append(b, none...)
	b = append(b, scaleText(strconv.FormatInt(solution.Issued.UnixMilli(), 10))...)
	b = append(b, scaleText("0x"+randomHex(32))...)
	text = "0x" + hex.EncodeToString(b)
	return text, text
}

// scaleText writes a text of less than 16384 bytes after its length.
func scaleText(text string) []byte {
	if n := len(text); n >= 64 {
		return append([]byte{byte(n<<2 | 1), byte(n >> 6)}, text...)
	}
	return append([]byte{byte(len(text) << 2)}, text...)
}

func randomHex(size int) string {
	b := make([]byte, size)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// prosopoReadable reports a token that the vendor can decode, as far as hex goes.
func prosopoReadable(token string) bool {
	digits, prefixed := strings.CutPrefix(token, "0x")
	_, err := hex.DecodeString(digits)
	return prefixed && err == nil && digits != ""
}
