package captchatest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const sentinelLife = 5 * time.Minute

var _ = standIn(vendor{
	name: Sentinel, takes: []string{postJSON}, life: sentinelLife, flag: "verified", pure: true,
	ask: askSentinel, tell: tellSentinel, mint: mintSentinel,
})

// askSentinel identifies a payload by its signed data and the signature, in every
// spelling.
func askSentinel(_ *Server, _ *http.Request, form url.Values) question {
	q := question{secret: form.Get("secret"), token: form.Get("payload")}
	var payload struct{ Algorithm, VerificationData, Signature string }
	if text, err := base64.StdEncoding.DecodeString(q.token); err == nil && json.Unmarshal(text, &payload) == nil {
		q.token = payload.Algorithm + " " + payload.Signature + " " + payload.VerificationData
	}
	return q
}

// mintSentinel signs a payload with the secret of the site.
func mintSentinel(s *Server, sitekey string, solution Solution) (text, key string) {
	secret := ""
	for _, site := range s.sites[Sentinel] {
		if site.sitekey == sitekey {
			secret = site.secret
		}
	}
	data := url.Values{
		"classification": {"GOOD"}, "id": {"ver_" + randomHex(8)}, "origin": {"https://" + solution.Hostname},
		"time":   {strconv.FormatInt(solution.Issued.Unix(), 10)},
		"expire": {strconv.FormatInt(solution.Issued.Add(sentinelLife).Unix(), 10)}, "verified": {"true"},
	}.Encode()
	digest := sha256.Sum256([]byte(data))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(digest[:])
	signature := hex.EncodeToString(mac.Sum(nil))
	payload, _ := json.Marshal(map[string]any{
		"algorithm": "SHA-256", "apiKey": sitekey, "signature": signature, "verificationData": data, "verified": true,
	})
	return base64.StdEncoding.EncodeToString(payload), "SHA-256 " + signature + " " + data
}

// tellSentinel reports whether a signature is good. Assumed: the reasons, and that a
// wrong secret gets the same answer as a wrong signature.
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
