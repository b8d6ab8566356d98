package captcha

import "time"

// Turnstile verifies tokens of Cloudflare Turnstile. Checked: success, hostname,
// action (the form's name), cdata if expected, and age. If an answer is lost, there is a
// second call under the same idempotency key. Only Turnstile has such keys.
//
// Facts are from developers.cloudflare.com/turnstile.
func Turnstile(sitekey, secret string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "turnstile",
			Field:    "cf-turnstile-response",
			Endpoint: "https://challenges.cloudflare.com/turnstile/v0/siteverify",
			Script:   "https://challenges.cloudflare.com/turnstile/v0/api.js",
			Class:    "cf-turnstile",
			MaxToken: 2048, // documented
			Life:     5 * time.Minute,
			CSP:      []string{"https://challenges.cloudflare.com"},
		},
		hostname: true, action: true, cdata: true,
		maxAge:     5 * time.Minute,
		idempotent: true,
		codes: map[string]class{
			"missing-input-secret":   misconfigured,
			"invalid-input-secret":   misconfigured,
			"missing-input-response": missing,
			"timeout-or-duplicate":   spent,
			"internal-error":         unavailable,
		},
		testSitekeys: []string{
			"1x00000000000000000000AA", "2x00000000000000000000AB", "1x00000000000000000000BB",
			"2x00000000000000000000BB", "3x00000000000000000000FF",
		},
		testSecrets: []string{
			"1x0000000000000000000000000000000AA", "2x0000000000000000000000000000000AA", "3x0000000000000000000000000000000AA",
		},
		testTokens: []string{"XXXX.DUMMY.TOKEN.XXXX"},
	}, sitekey, secret, opts)
}
