package captcha

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Yandex verifies tokens of Yandex SmartCaptcha. Checked: status and hostname. The
// service leaves the host of a good token empty if the cloud is blocked or the service
// has an internal failure. That is a refusal, unless [AnyHostname] is set. A made-up token
// gets the same answer as an expired one.
//
// The vendor advises to let everybody pass on every status but 200. This package does
// not.
//
// Facts are from yandex-cloud/docs. Unconfirmed: the text about a wrong secret (every
// text that begins with "Authentication failed" counts as one), the sources that the
// widget's page needs, and the size of the longest token.
func Yandex(sitekey, secret string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "yandex-smartcaptcha",
			Field:    "smart-token",
			Endpoint: "https://smartcaptcha.yandexcloud.net/validate",
			Script:   "https://smartcaptcha.yandexcloud.net/captcha.js",
			Class:    "smart-captcha",
			MaxToken: 16 << 10,
			Life:     10 * time.Minute, // 5 by the documents, 10 by the page about prices
			CSP:      []string{"https://smartcaptcha.yandexcloud.net"},
		},
		request:  askYandex,
		read:     readYandex,
		hostname: true,
		codes:    map[string]class{yandexAuthentication: misconfigured},
	}, sitekey, secret, opts)
}

const yandexAuthentication = "Authentication failed"

func askYandex(s *siteverify, a Attempt) (*http.Request, error) {
	form := url.Values{"secret": {s.secret.reveal()}, "token": {a.Token}}
	if address := s.address(a); address != "" {
		form.Set("ip", address)
	}
	return s.postForm(form)
}

// readYandex decides by the status. Messages are for people; only the one about the
// secret matters, and a visitor cannot cause it.
func readYandex(_ *siteverify, _ string, body []byte) (*answer, error) {
	o := open(body)
	a := &answer{hostname: o.text("host")}
	message := o.text("message")
	switch o.word("status") {
	case "ok":
		a.success = true
	case "failed":
		if strings.HasPrefix(message, yandexAuthentication) {
			a.codes = []string{yandexAuthentication}
		}
	default:
		o.fail(errNoSuccess)
	}
	return o.done(a)
}
