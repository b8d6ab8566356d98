package captcha

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// GeeTest verifies tokens of GeeTest v4. The widget fills no field. So the page puts the
// result of getValidate() into the field geetest_validate, as JSON text or as base64url
// of it. Checked: status together with result, and, before the call, that captcha_id is
// ours. captchaKey is not sent: it signs the token's lot_number. The service reports no
// host, no form and no time.
//
// The vendor's sample lets everybody pass if a call fails. This package does not.
//
// Facts are from docs.geetest.com (gt4) and GeeTeam/gt4_golang_demo. Unconfirmed:
// that a token is good once (error -50003 says so for repeated calls), the sources
// that the widget needs, and the size of the longest token.
func GeeTest(captchaID, captchaKey string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "geetest-v4",
			Field:    "geetest_validate",
			Endpoint: "https://gcaptcha4.geetest.com/validate",
			Script:   "https://static.geetest.com/v4/gt4.js",
			MaxToken: 16 << 10,
			Life:     10 * time.Minute,
			CSP:      []string{"https://*.geetest.com"},
		},
		request:  askGeeTest,
		read:     readGeeTest,
		odd:      oddGeeTest,
		hostless: true,
		codes: map[string]class{
			"-50101":            misconfigured, // captcha_id is missing, illegal, unknown, deleted, paused
			"-50102":            misconfigured,
			"-50103":            misconfigured,
			"-50104":            misconfigured,
			"-50105":            misconfigured,
			"-50003":            spent, // verified before
			"-50301":            spent, // the lot has left the cache
			"-50305":            spent, // the lot has expired
			"-50308":            spent, // the payload was used
			"pass_token expire": spent,
		},
		testSitekeys: []string{"647f5ed2ed8acb4be36784e01556bb71"}, // the vendor's public demo
		testSecrets:  []string{"b09a7aafbfd83f73b35a9b530d0337bf"},
	}, captchaID, captchaKey, opts)
}

// geetestValues are the values of a token.
type geetestValues struct{ id, lot, output, pass, time string }

func geetestToken(token string) (geetestValues, bool) {
	text := []byte(token)
	if !strings.HasPrefix(token, "{") {
		decoded, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(token, "="))
		if err != nil {
			return geetestValues{}, false
		}
		text = decoded
	}
	o := open(text)
	v := geetestValues{o.word("captcha_id"), o.word("lot_number"), o.word("captcha_output"), o.word("pass_token"), o.word("gen_time")}
	return v, *o.wrong == nil
}

// oddGeeTest refuses a token of another captcha, and one whose gen_time is no number:
// the service treats such a gen_time as a mistake of the caller.
func oddGeeTest(s *siteverify, token string) Reason {
	v, ok := geetestToken(token)
	switch {
	case !ok || v.lot == "" || v.pass == "" || v.time == "" || strings.Trim(v.time, "0123456789") != "":
		return ReasonMalformed
	case v.id != s.sitekey:
		return ReasonRefused
	}
	return ""
}

func askGeeTest(s *siteverify, a Attempt) (*http.Request, error) {
	v, _ := geetestToken(a.Token) // oddGeeTest has checked it
	request, err := s.postForm(url.Values{
		"lot_number": {v.lot}, "captcha_output": {v.output}, "pass_token": {v.pass}, "gen_time": {v.time},
		"sign_token": {geetestSign(s.secret.reveal(), v.lot)},
	})
	if err == nil {
		request.URL.RawQuery = url.Values{"captcha_id": {s.sitekey}}.Encode()
	}
	return request, err
}

func geetestSign(key, lot string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(lot))
	return hex.EncodeToString(mac.Sum(nil))
}

// readGeeTest reads an answer; its status says only that the call was valid.
func readGeeTest(_ *siteverify, token string, body []byte) (*answer, error) {
	o := open(body)
	v, _ := geetestToken(token)
	a := &answer{id: v.lot}
	switch o.word("status") {
	case "success":
		a.success, a.codes = o.word("result") == "success", some(o.text("reason"))
	case "error":
		a.codes = some(o.text("code"))
	default:
		o.fail(errNoSuccess)
	}
	return o.done(a)
}
