package captchatest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

var _ = standIn(vendor{
	name: Turnstile, takes: []string{postForm, "POST multipart/form-data", postJSON}, prefix: "0.",
	ask: func(_ *Server, _ *http.Request, form url.Values) question {
		return question{secret: form.Get("secret"), token: form.Get("response"), again: form.Get("idempotency_key")}
	},
	test:   testTurnstile,
	layout: "2006-01-02T15:04:05.000Z", more: object{"error-codes": []string{}},
	keys: []keyPair{{"1x00000000000000000000AA", turnstileSecrets[0]}, {"2x00000000000000000000AB", turnstileSecrets[1]}},
	give: func(sitekey string) (token, why string) {
		switch sitekey {
		case "1x00000000000000000000AA", "1x00000000000000000000BB", "3x00000000000000000000FF":
			return "XXXX.DUMMY.TOKEN.XXXX", ""
		case "2x00000000000000000000AB", "2x00000000000000000000BB":
			return "", "blocked"
		}
		return "", ""
	},
	widget: widget{Rename: "responseFieldName"},
})

// Public test secrets, from the vendor's documents.
var turnstileSecrets = []string{
	"1x0000000000000000000000000000000AA", "2x0000000000000000000000000000000AA", "3x0000000000000000000000000000000AA",
}

func testTurnstile(s *Server, v *vendor, q question, real bool) object {
	switch {
	case real && slices.Contains(turnstileSecrets, q.secret):
		return failure("invalid-input-secret")
	case q.secret == turnstileSecrets[0]: // a made-up token passes too
		return v.success(s.bend(Solution{Hostname: "example.com", Issued: s.now()}))
	case q.secret == turnstileSecrets[1]:
		return failure("invalid-input-response")
	case q.secret == turnstileSecrets[2]:
		return failure("timeout-or-duplicate")
	case strings.HasPrefix(q.token, "XXXX.DUMMY.TOKEN"):
		return failure("invalid-input-response")
	}
	return nil
}
