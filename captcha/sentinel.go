package captcha

import (
	"crypto"
	"crypto/hmac"
	_ "crypto/sha512" // registers SHA-384 and SHA-512
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Sentinel verifies payloads of ALTCHA Sentinel, which is self-hosted, by asking it.
// address is the URL of the instance, such as https://sentinel.example.com, and is
// required. sitekey is the id of the API key (key_…), secret its secret. Checked:
// verified, outside and inside the signed data; expiry; an age of at most an hour; and
// the classification: BAD is a risk of 1, NEUTRAL of 0.5, GOOD of 0. The score is not
// used, because its direction is unconfirmed. The hash of the form's fields is not used
// either, because this package does not know the fields.
//
// Sentinel does not remember payloads, and one payload can be written in many ways.
// Callers must ensure that each [Result.ID] is accepted once.
//
// Facts are from altcha-org/altcha-lib and altcha-lib-go. Unconfirmed: the values of
// reason, and Sentinel's answer to a wrong secret, which is a refusal here.
func Sentinel(address, sitekey, secret string, opts ...Option) Provider {
	f := sentinel()
	f.service.Endpoint = instance(address, "/v1/verify/signature")
	f.service.CSP = []string{instance(address, "/"), "https://cdn.jsdelivr.net/npm/", "blob:"}
	f.request, f.read, f.odd = askSentinel, readSentinel, oddSentinel
	return newSiteverify(f, sitekey, secret, opts)
}

// SentinelLocal is [Sentinel] without a call: this package checks the payload's signature
// with the API key's secret. All other checks are the same.
func SentinelLocal(sitekey, secret string, opts ...Option) Provider {
	f := sentinel()
	f.offline = func(s *siteverify, token string) (*answer, Reason) {
		p, ok := sentinelToken(token)
		switch {
		case !ok:
			return nil, ReasonMalformed
		case !p.signed(s.secret.reveal()):
			return nil, ReasonRefused
		}
		return p.answer()
	}
	return newSiteverify(f, sitekey, secret, opts)
}

// sentinelLife limits the lifetime of payloads, because Sentinel may issue payloads that
// expire late or never.
const sentinelLife = time.Hour

func sentinel() facts {
	return facts{
		service: Service{
			Name:     "altcha-sentinel",
			Field:    "altcha",
			Script:   "https://cdn.jsdelivr.net/npm/altcha/dist/altcha.min.js",
			MaxToken: 8 << 10,
			Life:     sentinelLife,
			CSP:      []string{"https://cdn.jsdelivr.net/npm/", "blob:"},
		},
		maxAge: sentinelLife,
		risk:   fromBot,
	}
}

// sentinelPayload is a token: the data that Sentinel signed, and the signature.
type sentinelPayload struct {
	algorithm, data, signature string
	verified                   bool
}

func sentinelToken(token string) (p sentinelPayload, ok bool) {
	text, err := base64.StdEncoding.Strict().DecodeString(token)
	if err != nil {
		return p, false
	}
	o := open(text)
	p = sentinelPayload{o.word("algorithm"), o.word("verificationData"), o.word("signature"), o.flag("verified")}
	return p, *o.wrong == nil
}

// sentinelHashes is an allow-list, because the signature does not cover the algorithm.
var sentinelHashes = map[string]crypto.Hash{"SHA-256": crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}

// signed checks the signature: an HMAC of the hash of the data, in hex.
func (p sentinelPayload) signed(secret string) bool {
	hash, known := sentinelHashes[p.algorithm]
	if !known {
		return false
	}
	digest := hash.New()
	digest.Write([]byte(p.data))
	mac := hmac.New(hash.New, []byte(secret))
	mac.Write(digest.Sum(nil))
	return hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(p.signature))
}

// answer returns the content of the signed data. Its id is Sentinel's own. If there is
// none, it is the data, because the signature allows only one spelling of the data.
func (p sentinelPayload) answer() (*answer, Reason) {
	data, err := url.ParseQuery(p.data)
	if err != nil {
		return nil, ReasonMalformed
	}
	if !p.verified || data.Get("verified") != "true" {
		return nil, ReasonRefused
	}
	a := &answer{success: true, hostname: hostOf(data.Get("origin")), issued: unix(data.Get("time")), expires: unix(data.Get("expire")), id: data.Get("id")}
	if a.id == "" {
		a.id = p.data
	}
	if class := data.Get("classification"); class != "" {
		score, known := map[string]float64{"GOOD": 0, "NEUTRAL": 0.5, "BAD": 1}[class]
		if a.oddScore = !known; known {
			a.score = &score
		}
	}
	return a, ""
}

// unix reads a time in seconds.
func unix(text string) time.Time {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds <= 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func oddSentinel(_ *siteverify, token string) Reason {
	p, ok := sentinelToken(token)
	if !ok {
		return ReasonMalformed
	}
	_, why := p.answer()
	return why
}

func askSentinel(s *siteverify, a Attempt) (*http.Request, error) {
	return s.postJSON(map[string]any{"payload": a.Token, "secret": s.secret.reveal()})
}

// readSentinel takes the signed data from the token, after Sentinel has confirmed the
// signature.
func readSentinel(_ *siteverify, token string, body []byte) (*answer, error) {
	o := open(body)
	if codes := some(o.text("error")); codes != nil {
		return o.done(&answer{codes: codes})
	}
	p, _ := sentinelToken(token) // oddSentinel has checked it
	a, _ := p.answer()
	if !o.flag("verified") || a == nil {
		a = &answer{codes: some(o.text("reason"))}
	}
	return o.done(a)
}
