package captcha

import (
	"encoding/hex"
	"net/http"
	"strings"
	"time"
)

// Prosopo verifies tokens of Prosopo Procaptcha. Checked: verified, that the token is of
// our sitekey, and the score of paid accounts. The sitekey is checked before the call.
// The vendor's published source takes the sitekey from the token, and tokens of its test
// sitekeys pass with any secret. The service reports no host, no form and no time. During
// maintenance it verifies everybody without reporting that.
//
// Facts are from prosopo/docs and the source of prosopo/captcha. Unconfirmed: that a
// token is good once, its lifetime (about three minutes), the sources that the
// widget needs, and whether the hosted service binds the secret to the sitekey.
func Prosopo(sitekey, secret string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "prosopo",
			Field:    "procaptcha-response",
			Endpoint: "https://api.prosopo.io/siteverify",
			Script:   "https://js.prosopo.io/js/procaptcha.bundle.iife.js",
			Class:    "procaptcha",
			MaxToken: 16 << 10,
			Life:     10 * time.Minute,
			CSP:      []string{"https://*.prosopo.io"},
		},
		request:  askProsopo,
		read:     readProsopo,
		odd:      oddProsopo,
		oddText:  "API.BAD_REQUEST", // a token that it cannot decode gets a 500
		hostless: true,
		risk:     fromBot,
		codes: map[string]class{
			"API.SITE_KEY_NOT_REGISTERED": misconfigured, // our mistake: oddProsopo has compared the sitekey
			"API.TIMESTAMP_TOO_OLD":       spent,
			"CAPTCHA.INVALID_TIMESTAMP":   spent,
		},
		testSitekeys: []string{
			"5EARALUe4HXQwKo5KanZSGGKqJV4VTaytpezFwv8ZHbZewmh", // passes everybody
			"5ETtechmZkn3CUVeJX7Z511oiuiu742aHLm91D5ZZw4fqoAG", // passes nobody
		},
	}, sitekey, secret, opts)
}

func oddProsopo(s *siteverify, token string) Reason {
	switch sitekey, ok := prosopoSitekey(token); {
	case !ok:
		return ReasonMalformed
	case sitekey != s.sitekey:
		return ReasonRefused
	}
	return ""
}

// prosopoSitekey returns the sitekey of a token. A token is 0x and a SCALE structure in
// hex; its first members are two optional texts and the sitekey.
func prosopoSitekey(token string) (sitekey string, ok bool) {
	digits, prefixed := strings.CutPrefix(token, "0x")
	data, err := hex.DecodeString(digits)
	if !prefixed || err != nil || digits != strings.ToLower(digits) { // only one spelling, because a token is good once
		return "", false
	}
	for range 2 {
		if data, ok = scaleOption(data); !ok {
			return "", false
		}
	}
	text, _, ok := scaleText(data)
	return text, ok
}

// scaleOption skips an optional text.
func scaleOption(data []byte) (rest []byte, ok bool) {
	switch {
	case len(data) > 0 && data[0] == 0:
		return data[1:], true
	case len(data) > 0 && data[0] == 1:
		_, rest, ok = scaleText(data[1:])
		return rest, ok
	}
	return nil, false
}

// scaleText reads a text after its length. The last two bits of the length say how many
// bytes the length has: one, two or four. A longer length exceeds any token.
func scaleText(data []byte) (text string, rest []byte, ok bool) {
	if len(data) == 0 || data[0]&3 == 3 {
		return "", nil, false
	}
	size, length := 1<<(data[0]&3), 0
	if len(data) < size {
		return "", nil, false
	}
	for i, b := range data[:size] {
		length |= int(b) << (8 * i)
	}
	length >>= 2
	if data = data[size:]; length > len(data) {
		return "", nil, false
	}
	return string(data[:length]), data[length:], true
}

func askProsopo(s *siteverify, a Attempt) (*http.Request, error) {
	members := map[string]any{"secret": s.secret.reveal(), "token": a.Token}
	if address := s.address(a); address != "" {
		members["ip"] = address
	}
	return s.postJSON(members)
}

// readProsopo ignores status, because the service translates it.
func readProsopo(_ *siteverify, _ string, body []byte) (*answer, error) {
	o := open(body)
	if o.has("error") {
		return o.done(&answer{codes: some(o.inner("error").text("key"))})
	}
	a := &answer{success: o.flag("verified"), codes: some(o.text("reason"))}
	a.rate(o.member("score"))
	return o.done(a)
}
