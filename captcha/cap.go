package captcha

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Cap verifies tokens of Cap Standalone, which is self-hosted. address is the URL of
// the instance, such as https://cap.example.com, and is required. Checked: success,
// and, before the call, that the token is of this sitekey. The instance reports no
// host, no form and no time, and answers a used token like an unknown one.
//
// Facts are from the source and the documents of tiagozip/cap. Unconfirmed: the
// sources that the widget's workers need. The widget is a custom element and has no
// class: see docs/providers.md for the markup.
func Cap(address, sitekey, secret string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "cap",
			Field:    "cap-token",
			Endpoint: instance(address, "/"+url.PathEscape(sitekey)+"/siteverify"),
			Script:   "https://cdn.jsdelivr.net/npm/cap-widget",
			MaxToken: 1 << 10,
			Life:     2 * time.Hour,
			CSP:      []string{"https://cdn.jsdelivr.net/npm/", instance(address, "/"), "blob:"},
		},
		request:  askCap,
		read:     readCap,
		odd:      oddCap,
		hostless: true,
		codes: map[string]class{
			"Invalid site key or secret": misconfigured,
			"Token expired":              spent,
		},
	}, sitekey, secret, opts)
}

// oddCap refuses a malformed token and a token of another sitekey. The instance would
// answer them as it answers our own mistakes.
func oddCap(s *siteverify, token string) Reason {
	switch parts := strings.Split(token, ":"); {
	case len(parts) != 3 || parts[1] == "" || parts[2] == "":
		return ReasonMalformed
	case parts[0] != s.sitekey:
		return ReasonRefused
	}
	return ""
}

func askCap(s *siteverify, a Attempt) (*http.Request, error) {
	return s.postJSON(map[string]any{"secret": s.secret.reveal(), "response": a.Token})
}

func readCap(_ *siteverify, _ string, body []byte) (*answer, error) {
	o := open(body)
	a := &answer{codes: some(o.text("error"))}
	if a.codes == nil || o.has("success") { // older versions omit success from an error
		a.success = o.flag("success")
	}
	return o.done(a)
}
