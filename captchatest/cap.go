package captchatest

import (
	"net/http"
	"net/url"
	"time"
)

var _ = standIn(vendor{
	name: Cap, path: "/{sitekey}/siteverify", takes: []string{postJSON}, life: 2 * time.Hour,
	ask: askCap, tell: tellCap, mint: mintCap,
	widget: widget{Selector: "cap-widget", Global: "CapTest", Rename: "capHiddenFieldName", Event: "solve"},
})

func askCap(_ *Server, r *http.Request, form url.Values) question {
	return question{secret: form.Get("secret"), sitekey: r.PathValue("sitekey"), token: form.Get("response")}
}

// mintCap makes a token as sitekey, id and secret.
func mintCap(_ *Server, sitekey string, _ Solution) (text, key string) {
	text = sitekey + ":" + randomHex(8) + ":" + randomHex(15)
	return text, text
}

// tellCap answers a missing token with the page of an error in the handler. Its status is
// assumed.
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
