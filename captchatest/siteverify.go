package captchatest

import (
	"cmp"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// speakSiteverify sets every function that a service does not define itself to that of
// reCAPTCHA's siteverify.
func (v *vendor) speakSiteverify() {
	if v.takes == nil {
		v.takes = []string{postForm}
	}
	if v.read == nil && v.tell == nil {
		v.read = v.readBody
	} else if v.read == nil {
		v.read = v.readFields
	}
	if v.ask == nil {
		v.ask = fields("secret", "", "response")
	}
	if v.tell != nil {
		return
	}
	v.tell, v.siteverify = v.tellSiteverify, true
	v.reports = []string{"age", "host"}
	if v.checks.Action {
		v.reports = append(v.reports, "action")
	}
	if v.scored {
		v.reports = append(v.reports, "score")
	}
}

// readBody returns the fields of the body or, with GET, of the query.
func (v *vendor) readBody(r *http.Request) (url.Values, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method == http.MethodGet {
		kind = ""
	}
	switch {
	case !slices.Contains(v.takes, r.Method+" "+kind):
		return nil, errNotTaken
	case r.Method == http.MethodGet:
		return r.URL.Query(), nil
	case kind == "multipart/form-data":
		err := r.ParseMultipartForm(maxRequest)
		return r.PostForm, err
	case kind == "application/json":
		var fields map[string]string
		err := json.NewDecoder(r.Body).Decode(&fields)
		form := url.Values{}
		for name, value := range fields {
			form.Set(name, value)
		}
		return form, err
	}
	err := r.ParseForm()
	return r.PostForm, err
}

// siteverifyCodes are reCAPTCHA's own.
var siteverifyCodes = map[ruling]string{
	unreadable: "bad-request", wrongSecret: "invalid-input-secret", expired: "timeout-or-duplicate", used: "timeout-or-duplicate",
	wrongSitekey: "invalid-input-response", unknown: "invalid-input-response", foreign: "invalid-input-response",
}

func (v *vendor) tellSiteverify(s *Server, q question, r ruling, t *token) (int, object) {
	var codes []string
	switch r {
	case good:
		return http.StatusOK, v.success(s.bend(t.solution))
	case noSecret, noToken:
		if q.secret == "" {
			codes = append(codes, "missing-input-secret")
		}
		if q.token == "" {
			codes = append(codes, "missing-input-response")
		}
	default:
		codes = append(codes, cmp.Or(v.codes[r], siteverifyCodes[r]))
	}
	return http.StatusOK, failure(codes...)
}

// success returns the members that package captcha compares with the form, and the common ones.
func (v *vendor) success(told Solution) object {
	body := object{
		"success": true, "challenge_ts": told.Issued.UTC().Format(cmp.Or(v.layout, time.RFC3339)), "hostname": told.Hostname,
	}
	if told.Score != nil {
		body["score"] = *told.Score
	}
	if v.checks.Action {
		body["action"] = told.Action
	}
	if v.checks.CData {
		body["cdata"] = told.CData
	}
	maps.Copy(body, v.more)
	return body
}

func failure(codes ...string) object {
	return object{"success": false, "error-codes": codes}
}
