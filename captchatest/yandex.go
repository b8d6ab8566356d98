package captchatest

import (
	"net/http"
	"time"
)

var _ = standIn(vendor{
	name: Yandex, takes: []string{postForm, get}, life: 5 * time.Minute, flag: "status",
	ask: fields("secret", "", "token"), tell: tellYandex, reports: []string{"host"},
	widget: widget{Global: "smartCaptcha"},
})

// tellYandex: the text about a wrong secret is assumed.
func tellYandex(s *Server, _ question, r ruling, t *token) (int, object) {
	message := "Token invalid or expired."
	switch r {
	case good:
		return http.StatusOK, object{"status": "ok", "message": "", "host": s.bend(t.solution).Hostname}
	case unreadable, noSecret:
		message = "Authentication failed. Secret has not provided."
	case wrongSecret:
		message = "Authentication failed. Invalid secret."
	}
	return http.StatusOK, object{"status": "failed", "message": message}
}
