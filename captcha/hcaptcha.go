package captcha

import "time"

// HCaptcha verifies tokens of hCaptcha. Checked: success, the sitekey (which the
// service compares), age, and the score if the account has one (Enterprise).
//
// The hostname is not checked. It comes from the visitor's browser, the vendor
// advises against relying on it, and under load it is "not-provided".
//
// Facts are from docs.hcaptcha.com, the vendor's WordPress plugin, and live
// tests in public repositories.
func HCaptcha(sitekey, secret string, opts ...Option) Provider {
	return newSiteverify(facts{
		service: Service{
			Name:     "hcaptcha",
			Field:    "h-captcha-response",
			Endpoint: "https://api.hcaptcha.com/siteverify",
			Script:   "https://js.hcaptcha.com/1/api.js",
			Class:    "h-captcha",
			MaxToken: 32 << 10, // more than 4000 characters were seen
			Life:     2 * time.Minute,
			CSP:      []string{"https://hcaptcha.com", "https://*.hcaptcha.com"},
		},
		sendSitekey: true,
		maxAge:      2 * time.Minute,
		risk:        fromBot,
		codes: map[string]class{
			"missing-input-secret":     misconfigured,
			"invalid-input-secret":     misconfigured,
			"missing-remoteip":         misconfigured, // the account requires SendAddress
			"invalid-remoteip":         misconfigured,
			"not-using-dummy-passcode": misconfigured,
			"sitekey-secret-mismatch":  refused, // a visitor can bring a token of another sitekey
			"invalid-sitekey":          misconfigured,
			"missing-input-response":   missing,
			"expired-input-response":   spent,
			"already-seen-response":    spent,
			// Observed, undocumented: the answer to the public dummy token with a real secret.
			// Any visitor can send that token, so it must never look like our mistake.
			"not-using-dummy-secret":           refused,
			"invalid-or-already-seen-response": spent,
		},
		testSitekeys: []string{"10000000-ffff-ffff-ffff-000000000001", "20000000-ffff-ffff-ffff-000000000002", "30000000-ffff-ffff-ffff-000000000003"},
		testSecrets:  []string{"0x0000000000000000000000000000000000000000"},
		testTokens:   []string{"10000000-aaaa-bbbb-cccc-000000000001", "20000000-aaaa-bbbb-cccc-000000000002", "30000000-aaaa-bbbb-cccc-000000000003"},
	}, sitekey, secret, opts)
}
