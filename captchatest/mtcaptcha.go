package captchatest

import (
	"net/http"
	"time"
)

var _ = standIn(vendor{
	name: MTCaptcha, takes: []string{get}, life: 2 * time.Minute, prefix: "v1(",
	ask: fields("privatekey", "", "token"), tell: tellMTCaptcha, reports: []string{"age", "host", "action"},
})

// tellMTCaptcha describes an expired token like a good one.
func tellMTCaptcha(s *Server, _ question, r ruling, t *token) (int, object) {
	body := object{"success": r == good}
	if r == good || r == expired {
		told := s.bend(t.solution)
		body["tokeninfo"] = object{
			"v": "1.0", "code": 201, "codeDesc": "valid:captcha-solved", "tokID": "ae2c2cd4dac0c2c8a9f7a9b5c3d1e0f1",
			"timestampSec": told.Issued.Unix(), "timestampISO": told.Issued.UTC().Format(time.RFC3339),
			"hostname": told.Hostname, "isDevHost": told.Hostname == "localhost", "action": told.Action, "ip": "203.0.113.9",
		}
	}
	if r != good {
		body["fail_codes"] = []string{map[ruling]string{
			unreadable: "bad-request", noSecret: "missing-input-privatekey", noToken: "missing-input-token", wrongSecret: "invalid-privatekey",
			unknown: "invalid-token", foreign: "privatekey-mismatch-token", expired: "token-expired", used: "token-duplicate-cal",
		}[r]}
	}
	return http.StatusOK, body
}
