package captcha

import (
	"net/http"
	"net/url"
	"time"
)

// MTCaptcha verifies tokens of MTCaptcha. Checked: success, hostname, action (the form's
// name, which the page sets in mtcaptchaConfig) and age. A page on a developer's own host
// is refused, unless that host is expected. privateKey is the site's, MTPrivat-…. The
// service takes it only in the URL of a GET, so a proxy's log may contain it.
//
// Facts are from docs.mtcaptcha.com. Unconfirmed: the exact lifetime of a token
// (about two minutes), and the size of the longest one.
func MTCaptcha(sitekey, privateKey string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "mtcaptcha",
			Field:    "mtcaptcha-verifiedtoken",
			Endpoint: "https://service.mtcaptcha.com/mtcv1/api/checktoken",
			Script:   "https://service.mtcaptcha.com/mtcv1/client/mtcaptcha.min.js",
			Class:    "mtcaptcha",
			MaxToken: 8 << 10, // the usual limit of servers for a URL
			Life:     5 * time.Minute,
			CSP:      []string{"https://service.mtcaptcha.com", "https://service2.mtcaptcha.com"},
		},
		request:  askMTCaptcha,
		read:     readMTCaptcha,
		hostname: true, action: true,
		maxAge: 5 * time.Minute,
		codes: map[string]class{
			"missing-input-privatekey":   misconfigured,
			"invalid-privatekey":         misconfigured,
			"expired-sitekey-or-account": misconfigured,
			"missing-input-token":        missing,
			"token-expired":              spent,
			"token-duplicate-cal":        spent,
		},
	}, sitekey, privateKey, opts)
}

func askMTCaptcha(s *siteverify, a Attempt) (*http.Request, error) {
	request, err := http.NewRequest(http.MethodGet, s.endpoint, nil)
	if err == nil {
		request.URL.RawQuery = url.Values{"privatekey": {s.secret.reveal()}, "token": {a.Token}}.Encode()
	}
	return request, err
}

// readMTCaptcha decides by success, because the answer describes expired and good tokens alike.
func readMTCaptcha(_ *siteverify, _ string, body []byte) (*answer, error) {
	o := open(body)
	info := o.inner("tokeninfo")
	a := &answer{
		success: o.flag("success"), codes: o.texts("fail_codes"),
		hostname: info.text("hostname"), action: info.text("action"), issued: timeOf(info.member("timestampISO")),
	}
	a.devHost = a.success && info.flag("isDevHost")
	return o.done(a)
}
