package captcha

import (
	"net/http"
	"net/url"
	"strings"
)

// RecaptchaEnterprise verifies tokens of Google's reCAPTCHA Enterprise (Fraud Defense).
// Its keys belong to a project of Google Cloud: project is the project's id, and apiKey
// an API key that may call the reCAPTCHA API. Checked: valid, hostname, action (the
// form's name, to the letter), a failed challenge, score and age. A token without a
// score is refused. For a key with policy-based challenges the score decides too: a
// passed challenge does not raise the score, but MaxRisk can be raised.
//
// An error 400 that does not name the API key is a refusal, because an odd token and a
// wrong sitekey get the same error.
//
// Facts are from Google's Go client (recaptchaenterprisepb) and from
// cloud.google.com/recaptcha/docs. Unconfirmed: that this service, like Google's other
// services, takes the header X-Goog-Api-Key, which keeps the key out of URLs; and the
// names of errors, which are those of all services of Google.
func RecaptchaEnterprise(sitekey, project, apiKey string, opts ...Option) Provider {
	f := recaptcha("recaptcha-enterprise")
	f.service.Endpoint = "https://recaptchaenterprise.googleapis.com/v1/projects/" + url.PathEscape(project) + "/assessments"
	f.service.Script = "https://www.google.com/recaptcha/enterprise.js"
	if project == "" || strings.ContainsFunc(project, notToken) {
		f.mistakes = []string{"the project is missing or has characters that no project has"}
	}
	f.action, f.scored, f.risk = true, true, fromHuman
	f.testSitekeys, f.testSecrets, f.quotaText = nil, nil, ""
	f.request, f.read = askEnterprise, readEnterprise
	f.codes = map[string]class{
		"MISSING": missing,
		"EXPIRED": spent,
		"DUPE":    spent,

		"UNAUTHENTICATED":     misconfigured,
		"PERMISSION_DENIED":   misconfigured,
		"NOT_FOUND":           misconfigured,
		"RESOURCE_EXHAUSTED":  misconfigured,
		"FAILED_PRECONDITION": misconfigured,
		"API_KEY_INVALID":     misconfigured,
	}
	return newSiteverify(f, sitekey, apiKey, opts)
}

func askEnterprise(s *siteverify, a Attempt) (*http.Request, error) {
	event := map[string]any{"token": a.Token, "siteKey": s.sitekey}
	if a.Expect.Action != "" {
		event["expectedAction"] = a.Expect.Action
	}
	if address := s.address(a); address != "" {
		event["userIpAddress"] = address
	}
	request, err := s.postJSON(map[string]any{"event": event})
	if err == nil {
		request.Header.Set("X-Goog-Api-Key", s.secret.reveal())
	}
	return request, err
}

// readEnterprise reads an assessment, or an error in the common format of Google's services.
func readEnterprise(_ *siteverify, _ string, body []byte) (*answer, error) {
	o := open(body)
	if o.has("error") {
		failed := o.inner("error")
		a := &answer{codes: []string{failed.word("status")}}
		for _, detail := range failed.objects("details") {
			a.codes = append(a.codes, detail.text("reason"))
		}
		return o.done(a)
	}
	token, risk := o.inner("tokenProperties"), o.inner("riskAnalysis")
	a := &answer{
		success: token.flag("valid"), hostname: token.text("hostname"), action: token.text("action"),
		issued: timeOf(token.member("createTime")),
	}
	switch failed := risk.text("challenge") == "FAILED"; {
	case !a.success:
		a.codes = some(token.text("invalidReason"))
	case failed:
		a.success, a.codes = false, []string{"challenge FAILED"}
	}
	a.rate(risk.member("score"))
	return o.done(a)
}
