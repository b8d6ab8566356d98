package captcha

import (
	"net/http"
	"time"
)

// MCaptcha verifies tokens of mCaptcha, which is self-hosted. address is the URL of the
// instance, such as https://mcaptcha.example.com, and is required. secret is the
// account's. Checked: valid; the instance compares the sitekey. It reports no host, no
// form and no time. For a used or expired token it says only that it is not valid.
//
// Facts are from the source of mCaptcha/mCaptcha and mCaptcha/glue. Unconfirmed: the
// sources that the widget's page needs. There is no element with a class: see
// docs/providers.md for the markup.
func MCaptcha(address, sitekey, secret string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "mcaptcha",
			Field:    "mcaptcha__token",
			Endpoint: instance(address, "/api/v1/pow/siteverify"),
			Script:   "https://unpkg.com/@mcaptcha/vanilla-glue@0.1.0-rc2/dist/index.js",
			MaxToken: 4 << 10,
			Life:     10 * time.Minute, // 30 s unless the instance is configured otherwise
			CSP:      []string{"https://unpkg.com/@mcaptcha/", instance(address, "/")},
		},
		request:  askMCaptcha,
		read:     readMCaptcha,
		hostless: true,
		codes: map[string]class{
			"Wrong password":     misconfigured,
			"Captcha not found.": misconfigured,
		},
	}, sitekey, secret, opts)
}

func askMCaptcha(s *siteverify, a Attempt) (*http.Request, error) {
	return s.postJSON(map[string]any{"secret": s.secret.reveal(), "key": s.sitekey, "token": a.Token})
}

func readMCaptcha(_ *siteverify, _ string, body []byte) (*answer, error) {
	o := open(body)
	if codes := some(o.text("error")); codes != nil {
		return o.done(&answer{codes: codes})
	}
	return o.done(&answer{success: o.flag("valid")})
}
