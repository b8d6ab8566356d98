package captchatest

import (
	"net/http"
	"net/url"
	"time"
)

var (
	_ = standIn(vendor{
		name: FriendlyV1, takes: []string{postJSON, postForm}, life: time.Hour,
		ask: fields("secret", "sitekey", "solution"), tell: tellFriendlyV1,
		widget: widget{Global: "friendlyChallenge", Rename: "solutionFieldName", Empty: ".UNSTARTED"},
	})
	_ = standIn(vendor{
		name: FriendlyV2, takes: []string{postJSON, postForm}, life: time.Hour,
		ask: askFriendlyV2, tell: tellFriendlyV2, reports: []string{"age", "host"},
		widget: widget{Global: "frcaptcha", Rename: "formFieldName", Event: "frc:widget.complete", Empty: ".UNSTARTED"},
	})
)

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

func askFriendlyV2(_ *Server, r *http.Request, form url.Values) question {
	return question{secret: r.Header.Get("X-API-Key"), sitekey: form.Get("sitekey"), token: form.Get("response")}
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
