package captchatest

import (
	"net/http"
	"time"
)

var _ = standIn(vendor{
	name: MCaptcha, takes: []string{postJSON}, life: 30 * time.Second, flag: "valid",
	ask: fields("secret", "key", "token"), tell: tellMCaptcha,
})

func tellMCaptcha(_ *Server, _ question, r ruling, _ *token) (int, object) {
	switch r {
	case unreadable, noSecret, noToken:
		return http.StatusBadRequest, nil // the error page of the web framework
	case wrongSecret:
		return http.StatusUnauthorized, object{"error": "Wrong password"}
	case wrongSitekey:
		return http.StatusNotFound, object{"error": "Captcha not found."}
	}
	return http.StatusOK, object{"valid": r == good}
}
