package captcha

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// PrivateCaptcha verifies solutions of Private Captcha. Checked: success together
// with code 0, since success is also said in maintenance, of test solutions and of
// those that were used before; hostname; the service compares the sitekey.
//
// The default endpoint is the global one; https://api.eu.privatecaptcha.com/verify
// is that of the EU, and an instance of one's own has another. A property may accept
// a solution several times: the service then says so, and this package refuses it.
//
// Facts are from the vendor's docs and server source. Unconfirmed: what exactly the
// timestamp is, and how long a property's solutions live; their age is therefore
// left to the service.
func PrivateCaptcha(sitekey, apiKey string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "private-captcha",
			Field:    "private-captcha-solution",
			Endpoint: "https://api.privatecaptcha.com/verify",
			Script:   "https://cdn.privatecaptcha.com/widget/js/privatecaptcha.js",
			Class:    "private-captcha",
			MaxToken: 16 << 10,
			Life:     6 * time.Hour, // of the server's defaults the longest
			CSP:      []string{"https://privatecaptcha.com", "https://*.privatecaptcha.com"},
		},
		request:  askPrivateCaptcha,
		read:     readPrivateCaptcha,
		hostname: true,
		codes: map[string]class{
			"puzzle-expired":           spent,
			"solution-verified-before": spent,
			// Everybody passes, by the service's word, because it cannot look at accounts.
			"maintenance-mode": unavailable,
		},
		testSitekeys: []string{"aaaaaaaabbbbccccddddeeeeeeeeeeee"},
	}, sitekey, apiKey, opts)
}

// privateCodes are the names of the codes, by number. A visitor can bring solutions
// of other properties, owners and organizations.
var privateCodes = []string{
	"no-error", "error-other", "solution-duplicates", "solution-invalid", "solution-bad-format", "puzzle-expired",
	"property-invalid", "property-owner-mismatch", "solution-verified-before", "maintenance-mode", "property-test",
	"integrity-error", "org-scope-error",
}

const privateTestCode = 10

func askPrivateCaptcha(s *siteverify, a Attempt) (*http.Request, error) {
	request, err := s.post("text/plain", a.Token)
	if err == nil {
		request.Header.Set("X-API-Key", s.secret.reveal())
		request.Header.Set("X-PC-Sitekey", s.sitekey)
	}
	return request, err
}

func readPrivateCaptcha(s *siteverify, _ string, body []byte) (*answer, error) {
	o := open(body)
	a := &answer{success: o.flag("success"), hostname: hostOf(o.text("origin")), issued: timeOf(o.member("timestamp"))}
	var code int
	if !o.has("code") || json.Unmarshal(o.member("code"), &code) != nil {
		o.fail(errWrongType)
	}
	if code != 0 && !(code == privateTestCode && s.testing()) {
		a.success, a.codes = false, []string{privateCode(code)}
	}
	return o.done(a)
}

func privateCode(code int) string {
	if code > 0 && code < len(privateCodes) {
		return privateCodes[code]
	}
	return "code " + strconv.Itoa(code)
}
