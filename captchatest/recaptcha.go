package captchatest

import (
	"net/http"
	"net/url"
	"time"
)

// Both versions share one endpoint; a token belongs to one of them.
var (
	_ = standIn(vendor{
		name: RecaptchaV2, takes: []string{postForm, get}, prefix: "03A", // GET is undocumented, but some old clients use it
		test: testRecaptcha, keys: []keyPair{{"6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI", recaptchaTestSecret}},
		widget: widget{Global: "grecaptcha"},
	})
	_ = standIn(vendor{name: RecaptchaV3, like: RecaptchaV2, prefix: "03A", scored: true})
	_ = standIn(vendor{
		name: RecaptchaEnterprise, path: "/v1/projects/{project}/assessments", takes: []string{postJSON}, life: 2 * time.Minute, flag: "valid", prefix: "03A", scored: true,
		ask: askEnterprise, tell: tellEnterprise, reports: []string{"age", "host", "action", "score"},
		widget: widget{Global: "grecaptcha"},
	})
)

const recaptchaTestSecret = "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"

// testRecaptcha passes with any token.
func testRecaptcha(s *Server, v *vendor, q question, _ bool) object {
	if q.secret != recaptchaTestSecret {
		return nil
	}
	return v.success(s.bend(Solution{Hostname: "testkey.google.com", Issued: s.now()}))
}

func askEnterprise(_ *Server, r *http.Request, form url.Values) question {
	key := r.Header.Get("X-Goog-Api-Key")
	if key == "" {
		key = form.Get("key")
	}
	return question{secret: key, sitekey: form.Get("event.siteKey"), token: form.Get("event.token")}
}

// tellEnterprise answers with an assessment, or with an error in the common format of
// Google's services. Assumed, from other services: the error for a missing or wrong key.
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
