package captchatest

import (
	"net/http"
	"net/url"
	"time"
)

var _ = standIn(vendor{
	name: PrivateCaptcha, takes: []string{"POST text/plain", "POST "}, life: time.Hour,
	ask: askPrivateCaptcha, tell: tellPrivateCaptcha, reports: []string{"age", "host"}, keys: []keyPair{{privateTestSitekey, ""}},
	widget: widget{Global: "privateCaptcha", Rename: "solutionField", Event: "privatecaptcha:finish"},
})

// privateTestSitekey is the public property for tests. If the request names it, its
// solution is a success with code 10.
const privateTestSitekey = "aaaaaaaabbbbccccddddeeeeeeeeeeee"

func askPrivateCaptcha(_ *Server, r *http.Request, form url.Values) question {
	return question{secret: r.Header.Get("X-API-Key"), sitekey: r.Header.Get("X-PC-Sitekey"), token: form.Get("body")}
}

// tellPrivateCaptcha answers a bad key without JSON. This answer is assumed; so are the
// timestamp and the origin of failures.
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
