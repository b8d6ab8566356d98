package captchatest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

var _ = standIn(vendor{
	name: GeeTest, takes: []string{postForm, get}, life: 10 * time.Minute, flag: "status",
	mine: func(r *http.Request) bool { return r.URL.Query().Has("captcha_id") }, // the other requests at this path are Yandex's
	ask:  askGeeTest, tell: tellGeeTest, mint: mintGeeTest,
	fieldless: true,
})

// askGeeTest finds the secret that made the signature, because the request contains no secret.
func askGeeTest(s *Server, _ *http.Request, form url.Values) question {
	q := question{secret: "nobody's", sitekey: form.Get("captcha_id"), token: form.Get("lot_number") + " " + form.Get("pass_token") + " " + form.Get("gen_time")}
	for _, site := range s.sites[GeeTest] {
		mac := hmac.New(sha256.New, []byte(site.secret))
		mac.Write([]byte(form.Get("lot_number")))
		if site.sitekey == q.sitekey && form.Get("sign_token") == hex.EncodeToString(mac.Sum(nil)) {
			q.secret = site.secret
		}
	}
	return q
}

// mintGeeTest makes the result of getValidate().
func mintGeeTest(_ *Server, sitekey string, solution Solution) (text, key string) {
	lot, pass, made := randomHex(16), randomHex(32), strconv.FormatInt(solution.Issued.Unix(), 10)
	values, _ := json.Marshal(map[string]string{
		"captcha_id": sitekey, "lot_number": lot, "captcha_output": rand.Text(), "pass_token": pass, "gen_time": made,
	})
	return string(values), lot + " " + pass + " " + made
}

// tellGeeTest: the answer to a wrong signature is assumed.
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
