package captcha

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// FriendlyV1 verifies solutions of Friendly Captcha v1. Checked: success; the
// service compares the sitekey. The answer reports no host, no form and no time.
// apiKey is an API key of the account. The default endpoint is the global one;
// the EU has https://eu-api.friendlycaptcha.eu/api/v1/siteverify.
//
// The vendor advises to let everybody pass on every status but 200. This package does
// not: a wrong API key is ErrMisconfigured.
//
// Facts are from the vendor's friendly-docs and friendly-challenge. Unconfirmed:
// the lifetime of a solution, and the size of the longest one.
func FriendlyV1(sitekey, apiKey string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "friendly-v1",
			Field:    "frc-captcha-solution",
			Endpoint: "https://api.friendlycaptcha.com/api/v1/siteverify",
			Script:   "https://cdn.jsdelivr.net/npm/friendly-challenge@0.9.20/widget.min.js",
			Class:    "frc-captcha",
			MaxToken: 16 << 10,
			Life:     time.Hour,
			CSP:      []string{"https://cdn.jsdelivr.net/npm/", "https://api.friendlycaptcha.com", "blob:"},
		},
		request:  askFriendlyV1,
		read:     readFriendlyV1,
		odd:      friendlyState,
		hostless: true,
		codes: map[string]class{
			"secret_missing":                misconfigured,
			"secret_invalid":                misconfigured,
			"solution_missing":              missing,
			"solution_timeout_or_duplicate": spent,
		},
	}, sitekey, apiKey, opts)
}

// FriendlyV2 verifies responses of Friendly Captcha v2. Checked: success, hostname, and
// the risk of accounts with Risk Intelligence. The hostname is that of the origin, which
// the service writes with and without https://. If the service does not know the origin,
// it omits it; that is a refusal, unless [AnyHostname] is set. Risks of 1 (very low) to
// 5 (very high) become 0 to 1 in steps of a quarter; 0 is unknown. The service compares
// the sitekey. The default endpoint is the global one; the EU has
// https://eu.frcapi.com/api/v2/captcha/siteverify.
//
// The vendor's clients let everybody pass on every answer but a clean 200. This package
// does not: a wrong API key is ErrMisconfigured.
//
// Facts are from the vendor's friendly-docs, friendly-captcha-sdk and
// friendly-captcha-go. Unconfirmed: the lifetime of a response, and the exact meaning of
// its timestamp. So the check of its age is left to the service.
func FriendlyV2(sitekey, apiKey string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "friendly-v2",
			Field:    "frc-captcha-response",
			Endpoint: "https://global.frcapi.com/api/v2/captcha/siteverify",
			Script:   "https://cdn.jsdelivr.net/npm/@friendlycaptcha/sdk@1.0.0/site.compat.min.js",
			Class:    "frc-captcha",
			MaxToken: 16 << 10, // documented
			Life:     time.Hour,
			CSP:      []string{"https://cdn.jsdelivr.net/npm/", "https://*.frcapi.com"},
		},
		request:  askFriendlyV2,
		read:     readFriendlyV2,
		odd:      friendlyState,
		hostname: true,
		risk:     fromBot,
		codes: map[string]class{
			"auth_required":      misconfigured,
			"auth_invalid":       misconfigured,
			"sitekey_invalid":    misconfigured,
			"method_not_allowed": misconfigured,
			"response_missing":   missing,
			"response_timeout":   spent,
			"response_duplicate": spent,
		},
	}, sitekey, apiKey, opts)
}

// friendlyState refuses the texts that a widget puts into its field before it has
// a solution: ".UNSTARTED", ".EXPIRED" and the like.
func friendlyState(_ *siteverify, token string) Reason {
	if strings.HasPrefix(token, ".") {
		return ReasonMissing
	}
	return ""
}

func askFriendlyV1(s *siteverify, a Attempt) (*http.Request, error) {
	return s.postForm(url.Values{"solution": {a.Token}, "secret": {s.secret.reveal()}, "sitekey": {s.sitekey}})
}

func readFriendlyV1(_ *siteverify, _ string, body []byte) (*answer, error) {
	o := open(body)
	return o.done(&answer{success: o.flag("success"), codes: o.texts("errors")})
}

func askFriendlyV2(s *siteverify, a Attempt) (*http.Request, error) {
	request, err := s.postForm(url.Values{"response": {a.Token}, "sitekey": {s.sitekey}})
	if err == nil {
		request.Header.Set("X-API-Key", s.secret.reveal())
	}
	return request, err
}

func readFriendlyV2(_ *siteverify, _ string, body []byte) (*answer, error) {
	o := open(body)
	data := o.inner("data")
	challenge := data.inner("challenge")
	a := &answer{success: o.flag("success"), hostname: hostOf(challenge.text("origin")), issued: timeOf(challenge.member("timestamp"))}
	a.codes = some(o.inner("error").text("error_code"))
	a.rateInFive(data.inner("risk_intelligence").inner("risk_scores").member("overall"))
	return o.done(a)
}

// rateInFive reads a score of 1 to 5; 0 means none.
func (a *answer) rateInFive(raw json.RawMessage) {
	var steps int
	switch err := json.Unmarshal(raw, &steps); {
	case !present(raw) || err == nil && steps == 0:
	case err != nil || steps < 0 || steps > 5:
		a.oddScore = true
	default:
		score := float64(steps-1) / 4
		a.score = &score
	}
}
