package captcha

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// PrivateCaptcha verifies solutions of Private Captcha. Checked: success together with
// code 0, and hostname; the service compares the sitekey. Success alone is not enough:
// the service also reports it during maintenance, for test solutions and for used ones.
//
// The default endpoint is the global one; the EU has
// https://api.eu.privatecaptcha.com/verify, and a self-hosted instance has its own. A
// property may accept a solution several times. The service then reports it, and this
// package refuses the solution.
//
// Facts are from the vendor's docs and server source. Unconfirmed: the exact meaning of
// the timestamp, and the lifetime of a property's solutions. So the check of their age
// is left to the service.
func PrivateCaptcha(sitekey, apiKey string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "private-captcha",
			Field:    "private-captcha-solution",
			Endpoint: "https://api.privatecaptcha.com/verify",
			Script:   "https://cdn.privatecaptcha.com/widget/js/privatecaptcha.js",
			Class:    "private-captcha",
			MaxToken: 16 << 10,
			Life:     6 * time.Hour, // the longest of the server's defaults
			CSP:      []string{"https://privatecaptcha.com", "https://*.privatecaptcha.com"},
		},
		request:  askPrivateCaptcha,
		read:     readPrivateCaptcha,
		hostname: true,
		codes: map[string]class{
			"puzzle-expired":           spent,
			"solution-verified-before": spent,
			// The service lets everybody pass, because it cannot look up accounts.
			"maintenance-mode": unavailable,
		},
		testSitekeys: []string{"aaaaaaaabbbbccccddddeeeeeeeeeeee"},
	}, sitekey, apiKey, opts)
}

// privateCodes are the names of the codes, by number. A visitor can send solutions
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
