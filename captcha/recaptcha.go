package captcha

import (
	"math"
	"time"
)

// Facts of both versions are from developers.google.com/recaptcha/docs/verify,
// …/docs/v3 and …/docs/faq, and from google/recaptcha (the PHP library).
func recaptcha(name string) facts {
	return facts{
		service: Service{
			Name:     name,
			Field:    "g-recaptcha-response",
			Endpoint: "https://www.google.com/recaptcha/api/siteverify",
			Script:   "https://www.google.com/recaptcha/api.js",
			Class:    "g-recaptcha",
			MaxToken: 8 << 10, // no limit is published; longer tokens were never seen
			Life:     2 * time.Minute,
			CSP:      []string{"https://www.google.com/recaptcha/", "https://www.gstatic.com/recaptcha/", "https://recaptcha.google.com/recaptcha/"},
		},
		hostname: true,
		// challenge_ts is the time when the challenge was loaded, not solved. People who
		// need time for a form must not be refused. Google itself enforces the two
		// minutes of a token.
		maxAge:    time.Hour,
		quotaText: "Over free quota", // v3 then passes everybody with a score of 0.9
		codes: map[string]class{
			"missing-input-secret":   misconfigured,
			"invalid-input-secret":   misconfigured,
			"invalid-keys":           misconfigured, // undocumented; kinds of key were mixed
			"missing-input-response": missing,
			"timeout-or-duplicate":   spent,
		},
		testSitekeys: []string{"6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI"},
		testSecrets:  []string{"6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"},
	}
}

// RecaptchaV2 verifies tokens of Google's reCAPTCHA v2, checkbox or invisible.
// Checked: success, hostname, and the age of the challenge. The answer reports no
// sitekey and no action: the secret is the binding.
func RecaptchaV2(sitekey, secret string, opts ...Option) Provider {
	return newSiteverify(recaptcha("recaptcha-v2"), sitekey, secret, opts)
}

// RecaptchaV3 verifies tokens of Google's reCAPTCHA v3. Checked: success,
// hostname, action (the form's name, to the letter), score and age. A token
// without a score, such as one of v2, is refused.
func RecaptchaV3(sitekey, secret string, opts ...Option) Provider {
	f := recaptcha("recaptcha-v3")
	f.service.Execute = "grecaptcha"
	f.action = true
	f.scored = true
	f.risk = fromHuman
	return newSiteverify(f, sitekey, secret, opts)
}

// fromHuman converts a score with 1.0 for a person into a risk. It rounds, because 1-0.7
// is a little more than 0.3.
func fromHuman(score float64) float64 { return math.Round((1-score)*1e6) / 1e6 }

// fromBot converts a score with 1.0 for a bot into a risk.
func fromBot(score float64) float64 { return score }
