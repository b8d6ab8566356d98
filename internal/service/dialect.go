package service

import (
	"encoding/json"
	"strconv"
	"time"
)

// code is an error of a call or its token. Each vendor has its own word for it.
type code uint8

const (
	none code = iota
	missingSecret
	badSecret
	missingResponse
	badResponse
	spent // too old or used before
	badRequest
	wrongSitekey
	unavailable
)

var codeNames = [...]string{"", "missing-secret", "bad-secret", "missing-response", "bad-response", "spent", "bad-request", "wrong-sitekey", "unavailable"}

func (c code) String() string { return codeNames[c] }

// dialect is the siteverify protocol of one vendor.
type dialect struct {
	name  string
	codes [len(codeNames)]string
	// secretHeader is the header with the secret, for vendors that do not send it in the
	// body.
	secretHeader string
	// checksSitekey says that a sitekey in the call must belong to the secret.
	checksSitekey bool
	success       func(v *outcome) []byte
	failure       func(code string) []byte
}

// dialects are the endpoints. All answer with HTTP 200: many clients take another status for
// an outage, and some of them fail open.
var dialects = map[string]*dialect{
	"/recaptcha/api/siteverify":  recaptcha,
	"/siteverify":                hcaptcha,
	"/turnstile/v0/siteverify":   turnstile,
	"/api/v2/captcha/siteverify": friendly,
}

// Words of developers.google.com/recaptcha/docs/verify. A success has no error-codes,
// because an empty list breaks a Go client. It has score and action only if the page asked
// as version 3 does, because a version 2 client refuses a score.
var recaptcha = &dialect{
	name: "recaptcha",
	codes: [...]string{"", "missing-input-secret", "invalid-input-secret", "missing-input-response", "invalid-input-response",
		"timeout-or-duplicate", "bad-request", "invalid-input-secret", "internal-error"},
	success: func(v *outcome) []byte {
		b := appendHead(nil, v, time.RFC3339)
		if v.score != nil {
			b = append(b, `, "score": `...)
			b = strconv.AppendFloat(b, *v.score, 'g', 3, 64)
			if v.action != "" {
				b = appendMember(b, "action", v.action)
			}
		}
		return append(b, "}\n"...)
	},
	failure: failure,
}

// Words of docs.hcaptcha.com. Its score has the opposite direction: 1 is a bot.
var hcaptcha = &dialect{
	name: "hcaptcha", checksSitekey: true,
	codes: [...]string{"", "missing-input-secret", "invalid-input-secret", "missing-input-response", "invalid-input-response",
		"already-seen-response", "bad-request", "sitekey-secret-mismatch", "internal-error"},
	success: func(v *outcome) []byte {
		b := append(appendHead(nil, v, "2006-01-02T15:04:05.000000Z"), `, "credit": false`...)
		if v.score != nil {
			b = append(b, `, "score": `...)
			b = strconv.AppendFloat(b, 1-*v.score, 'g', 3, 64)
		}
		return append(b, "}\n"...)
	},
	failure: failure,
}

// Words of developers.cloudflare.com/turnstile: error-codes are always there.
var turnstile = &dialect{
	name: "turnstile",
	codes: [...]string{"", "missing-input-secret", "invalid-input-secret", "missing-input-response", "invalid-input-response",
		"timeout-or-duplicate", "bad-request", "invalid-input-secret", "internal-error"},
	success: func(v *outcome) []byte {
		b := append(appendHead(nil, v, "2006-01-02T15:04:05.000Z"), `, "error-codes": []`...)
		b = appendMember(b, "action", v.action)
		return append(appendMember(b, "cdata", v.cdata), "}\n"...)
	},
	failure: failure,
}

// Words of developer.friendlycaptcha.com, version 2. Its own clients accept every visitor on
// any answer but 200, also for a wrong secret. So our answer is always 200.
var friendly = &dialect{
	name: "friendly", secretHeader: "X-Api-Key", checksSitekey: true,
	codes: [...]string{"", "auth_required", "auth_invalid", "response_missing", "response_invalid",
		"response_duplicate", "bad_request", "sitekey_invalid", "response_invalid"},
	success: func(v *outcome) []byte {
		b := append([]byte(`{"success": true, "data": {"event_id": "`), eventID(v)...)
		b = append(b, `", "challenge": {"timestamp": "`...)
		b = v.issued.UTC().AppendFormat(b, time.RFC3339)
		b = append(b, '"')
		return append(appendMember(b, "origin", v.host), "}, \"risk_intelligence\": null}}\n"...)
	},
	failure: func(code string) []byte {
		return []byte(`{"success": false, "error": {"error_code": "` + code + `", "detail": "` + code + `"}}` + "\n")
	},
}

// appendHead begins a success. Google sends a space after the colon, and a Perl client
// searches for it in the text.
func appendHead(b []byte, v *outcome, layout string) []byte {
	b = append(b, `{"success": true, "challenge_ts": "`...)
	b = v.issued.UTC().AppendFormat(b, layout)
	return appendMember(append(b, '"'), "hostname", v.host)
}

func appendMember(b []byte, name, value string) []byte {
	text, _ := json.Marshal(value) // marshalling a string cannot fail
	b = append(b, `, "`+name+`": `...)
	return append(b, text...)
}

func failure(code string) []byte {
	return []byte(`{"success": false, "error-codes": ["` + code + `"]}` + "\n")
}
