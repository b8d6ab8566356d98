package captchatest

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

var _ = standIn(vendor{
	name: Prosopo, takes: []string{postJSON}, life: 3 * time.Minute, flag: "verified",
	mine: speaksProsopo, ask: fields("secret", "", "token"), tell: tellProsopo, mint: mintProsopo,
	keys:   []keyPair{{prosopoPass, ""}, {prosopoFail, ""}},
	widget: widget{Global: "procaptcha"},
})

// Public test sitekeys of Prosopo: their tokens pass or fail with any secret.
const (
	prosopoPass = "5EARALUe4HXQwKo5KanZSGGKqJV4VTaytpezFwv8ZHbZewmh"
	prosopoFail = "5ETtechmZkn3CUVeJX7Z511oiuiu742aHLm91D5ZZw4fqoAG"
)

// speaksProsopo distinguishes Prosopo's requests from hCaptcha's, which takes no JSON and
// has another name for the token. It restores the body for the next reader.
func speaksProsopo(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/json" {
		return false
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), ends{err}))
	values := url.Values{}
	return err != nil || readJSON(values, body) != nil || !values.Has("response")
}

// ends returns the error with which a body ended.
type ends struct{ err error }

func (e ends) Read([]byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	return 0, io.EOF
}

// mintProsopo encodes a token as the vendor does: commitmentId, providerUrl, dapp
// (the sitekey), user, challenge, nonce, timestamp and the signatures, in SCALE.
func mintProsopo(_ *Server, sitekey string, solution Solution) (text, key string) {
	var b []byte
	none := []byte{0}
	b = append(b, none...)
	b = append(b, append([]byte{1}, scaleText("https://pronode1.prosopo.io")...)...)
	b = append(b, scaleText(sitekey)...)
	b = append(b, scaleText("5"+rand.Text())...)
	b = append(b, none...)
	b = append(b, none...)
	b = append(b, scaleText(strconv.FormatInt(solution.Issued.UnixMilli(), 10))...)
	b = append(b, scaleText("0x"+randomHex(32))...)
	text = "0x" + hex.EncodeToString(b)
	return text, text
}

// scaleText returns a text of less than 16384 bytes with its length in front.
func scaleText(text string) []byte {
	if n := len(text); n >= 64 {
		return append([]byte{byte(n<<2 | 1), byte(n >> 6)}, text...)
	}
	return append([]byte{byte(len(text) << 2)}, text...)
}

// prosopoReadable reports whether the vendor can decode a token; only the hex is checked.
func prosopoReadable(token string) bool {
	digits, prefixed := strings.CutPrefix(token, "0x")
	_, err := hex.DecodeString(digits)
	return prefixed && err == nil && digits != ""
}

// tellProsopo: the answer to a wrong secret is assumed, and so is that a token is good once.
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
