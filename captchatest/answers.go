package captchatest

import (
	"net/http"
	"strings"
	"time"
)

// The answers of the vendors, in their own words. "Assumed" marks what no document
// or source of theirs says.

// object is a JSON object.
type object = map[string]any

// tellEnterprise answers with an assessment, or with the error that Google's
// services share. Assumed: how a missing or wrong key is told, from other services.
func tellEnterprise(s *Server, q question, r ruling, t *token) (int, object) {
	switch r {
	case unreadable:
		return googleError(http.StatusBadRequest, "INVALID_ARGUMENT", "")
	case noSecret:
		return googleError(http.StatusForbidden, "PERMISSION_DENIED", "")
	case wrongSecret:
		return googleError(http.StatusBadRequest, "INVALID_ARGUMENT", "API_KEY_INVALID")
	case good:
		told := s.bend(t.solution)
		return assessment(q, *told.Score, object{
			"valid": true, "invalidReason": "INVALID_REASON_UNSPECIFIED", "hostname": told.Hostname, "action": told.Action,
			"createTime": told.Issued.UTC().Format("2006-01-02T15:04:05.000Z"), "androidPackageName": "", "iosBundleId": "",
		})
	}
	reason := map[ruling]string{
		noToken: "MISSING", wrongSitekey: "KEY_MISMATCH", foreign: "KEY_MISMATCH", expired: "EXPIRED", used: "DUPE", unknown: "MALFORMED",
	}[r]
	return assessment(q, 0, object{
		"valid": false, "invalidReason": reason, "hostname": "", "action": "", "createTime": "1970-01-01T00:00:00Z",
		"androidPackageName": "", "iosBundleId": "",
	})
}

func assessment(q question, score float64, properties object) (int, object) {
	return http.StatusOK, object{
		"name":            "projects/123456789/assessments/b6ac310000000000",
		"event":           object{"token": q.token, "siteKey": q.sitekey},
		"riskAnalysis":    object{"score": score, "reasons": []string{}, "extendedVerdictReasons": []string{}},
		"tokenProperties": properties,
	}
}

func googleError(code int, status, reason string) (int, object) {
	told := object{"code": code, "message": http.StatusText(code), "status": status}
	if reason != "" {
		told["details"] = []object{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}}
	}
	return code, object{"error": told}
}

func tellFriendlyV1(_ *Server, _ question, r ruling, _ *token) (int, object) {
	if r == good {
		return http.StatusOK, object{"success": true}
	}
	told := map[ruling]struct {
		status int
		code   string
	}{
		unreadable:  {400, "bad_request"},
		noSecret:    {400, "secret_missing"},
		wrongSecret: {401, "secret_invalid"},
		noToken:     {400, "solution_missing"},
		expired:     {200, "solution_timeout_or_duplicate"},
		used:        {200, "solution_timeout_or_duplicate"},

		wrongSitekey: {200, "solution_invalid"}, unknown: {200, "solution_invalid"}, foreign: {200, "solution_invalid"},
	}[r]
	return told.status, object{"success": false, "errors": []string{told.code}}
}

func tellFriendlyV2(s *Server, _ question, r ruling, t *token) (int, object) {
	if r == good {
		return http.StatusOK, object{"success": true, "data": friendlyData(s.bend(t.solution))}
	}
	told := map[ruling]struct {
		status int
		code   string
	}{
		unreadable:   {400, "bad_request"},
		noSecret:     {401, "auth_required"},
		wrongSecret:  {401, "auth_invalid"},
		wrongSitekey: {400, "sitekey_invalid"},
		noToken:      {400, "response_missing"},
		unknown:      {200, "response_invalid"},
		foreign:      {200, "response_invalid"},
		expired:      {200, "response_timeout"},
		used:         {200, "response_duplicate"},
	}[r]
	return told.status, object{"success": false, "error": object{"error_code": told.code, "detail": "human readable text"}}
}

func friendlyData(told Solution) object {
	data := object{
		"event_id":          "ev_CkK-YXwlFf-15_f",
		"challenge":         object{"timestamp": told.Issued.UTC().Format(time.RFC3339), "origin": "https://" + told.Hostname},
		"risk_intelligence": nil,
	}
	if told.Score != nil {
		overall := int(*told.Score)
		data["risk_intelligence"] = object{"risk_scores": object{"overall": overall, "network": overall, "browser": overall}}
	}
	return data
}

// tellSentinel knows whether a signature is good. Assumed: the reasons, and that a
// wrong secret is told like a wrong signature.
func tellSentinel(_ *Server, _ question, r ruling, _ *token) (int, object) {
	switch r {
	case good:
		return http.StatusOK, object{"verified": true}
	case unreadable, noSecret, noToken:
		return http.StatusBadRequest, object{"error": "Invalid payload"}
	case expired:
		return http.StatusOK, object{"verified": false, "reason": "EXPIRED"}
	}
	return http.StatusOK, object{"verified": false, "reason": "INVALID_SIGNATURE"}
}

// tellCap answers a missing token with the page of an error in the handler. Assumed:
// its status.
func tellCap(_ *Server, _ question, r ruling, _ *token) (int, object) {
	told := func(status int, text string) (int, object) {
		return status, object{"success": false, "error": text}
	}
	switch r {
	case good:
		return http.StatusOK, object{"success": true}
	case unreadable, noToken:
		return http.StatusInternalServerError, nil
	case noSecret:
		return told(http.StatusBadRequest, "Missing required parameters")
	case wrongSecret:
		return told(http.StatusForbidden, "Invalid site key or secret")
	case wrongSitekey, foreign:
		return told(http.StatusNotFound, "Invalid site key or secret")
	case expired:
		return told(http.StatusForbidden, "Token expired")
	}
	return told(http.StatusNotFound, "Token not found")
}

func tellMCaptcha(_ *Server, _ question, r ruling, _ *token) (int, object) {
	switch r {
	case unreadable, noSecret, noToken:
		return http.StatusBadRequest, nil // the web framework's page
	case wrongSecret:
		return http.StatusUnauthorized, object{"error": "Wrong password"}
	case wrongSitekey:
		return http.StatusNotFound, object{"error": "Captcha not found."}
	}
	return http.StatusOK, object{"valid": r == good}
}

// privateTestSitekey is the public property for tests, of which a solution is a
// success with code 10, if the request names the sitekey.
const privateTestSitekey = "aaaaaaaabbbbccccddddeeeeeeeeeeee"

// tellPrivateCaptcha answers a bad key without JSON. Assumed: that; the timestamp and
// the origin of failures.
func tellPrivateCaptcha(s *Server, q question, r ruling, t *token) (int, object) {
	told := func(ok bool, code int, at time.Time, origin string) (int, object) {
		return http.StatusOK, object{"success": ok, "code": code, "timestamp": at.UTC().Format(time.RFC3339), "origin": origin}
	}
	switch {
	case r == noSecret || r == wrongSecret && q.sitekey != privateTestSitekey:
		return http.StatusForbidden, nil
	case r == unreadable || r == noToken:
		return http.StatusBadRequest, nil
	case q.sitekey == privateTestSitekey:
		return told(true, 10, time.Time{}, "")
	case t != nil && t.sitekey == privateTestSitekey:
		return told(false, 10, time.Time{}, "")
	case r == good:
		solution := s.bend(t.solution)
		return told(true, 0, solution.Issued, solution.Hostname)
	}
	code := map[ruling]int{wrongSitekey: 6, unknown: 3, foreign: 7, expired: 5, used: 8}[r]
	return told(false, code, time.Time{}, "")
}

// tellYandex: assumed is the text about a wrong secret.
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

// tellGeeTest: assumed is what a wrong signature gets.
func tellGeeTest(s *Server, q question, r ruling, _ *token) (int, object) {
	failed := func(code, text string) (int, object) {
		return http.StatusOK, object{"status": "error", "code": code, "msg": text, "desc": object{"type": "defined error"}}
	}
	result := func(result, reason string) (int, object) {
		return http.StatusOK, object{"status": "success", "result": result, "reason": reason, "captcha_args": object{}}
	}
	parts := strings.SplitN(q.token, " ", 3)
	switch {
	case r == unreadable:
		return failed("-50000", "runtime error")
	case q.sitekey == "":
		return failed("-50101", "not captcha_id")
	case !s.has(GeeTest, q.sitekey):
		return failed("-50103", "not captcha")
	case parts[0] == "":
		return failed("-50302", "not lot_number")
	case parts[2] == "" || strings.Trim(parts[2], "0123456789") != "":
		return failed("-50005", "illegal gen_time")
	}
	switch r {
	case good:
		return result("success", "")
	case used:
		return failed("-50003", "illegal verify")
	case expired:
		return result("fail", "pass_token expire")
	}
	return result("fail", "pass_token error")
}

// tellMTCaptcha describes an expired token as it does a good one.
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

// Public test sitekeys of Prosopo: a token of theirs passes or fails whatever the
// secret.
const (
	prosopoPass = "5EARALUe4HXQwKo5KanZSGGKqJV4VTaytpezFwv8ZHbZewmh"
	prosopoFail = "5ETtechmZkn3CUVeJX7Z511oiuiu742aHLm91D5ZZw4fqoAG"
)

// tellProsopo: assumed is what a wrong secret gets, and that a token is good once.
func tellProsopo(s *Server, q question, r ruling, t *token) (int, object) {
	failed := func(status int, key string) (int, object) {
		return status, object{"error": object{"message": http.StatusText(status), "key": key, "code": status}}
	}
	switch {
	case r == unreadable || r == noSecret || r == noToken:
		return failed(http.StatusBadRequest, "CAPTCHA.PARSE_ERROR")
	case !prosopoReadable(q.token):
		return failed(http.StatusInternalServerError, "API.BAD_REQUEST")
	case t != nil && (t.sitekey == prosopoPass || t.sitekey == prosopoFail):
		return http.StatusOK, object{"status": "ok", "verified": t.sitekey == prosopoPass}
	case r == wrongSecret:
		return failed(http.StatusUnauthorized, "API.UNAUTHORIZED")
	case t != nil && !s.has(Prosopo, t.sitekey):
		return failed(http.StatusBadRequest, "API.SITE_KEY_NOT_REGISTERED")
	case r == good:
		body := object{"status": "ok", "verified": true}
		if t.solution.Score != nil {
			body["score"] = *t.solution.Score
		}
		return http.StatusOK, body
	}
	body := object{"status": "User not verified", "verified": false}
	if r == expired {
		body["reason"] = "API.TIMESTAMP_TOO_OLD"
	}
	return http.StatusOK, body
}
