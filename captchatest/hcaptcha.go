package captchatest

import "slices"

var _ = standIn(vendor{
	name: HCaptcha, prefix: "P1_", ask: fields("secret", "sitekey", "response"), test: testHCaptcha,
	codes: map[ruling]string{
		wrongSitekey: "sitekey-secret-mismatch", foreign: "sitekey-secret-mismatch",
		expired: "expired-input-response", used: "already-seen-response",
	},
	layout: "2006-01-02T15:04:05.000000Z", more: object{"credit": false},
	keys: []keyPair{{hcaptchaSitekeys[0], hcaptchaTestSecret}, {hcaptchaSitekeys[1], hcaptchaTestSecret}, {hcaptchaSitekeys[2], hcaptchaTestSecret}},
	give: func(sitekey string) (token, why string) {
		if i := slices.Index(hcaptchaSitekeys, sitekey); i >= 0 {
			return hcaptchaTokens[i], ""
		}
		return "", ""
	},
	widget: widget{Fields: "h-captcha-response g-recaptcha-response"}, // it fills Google's field too
})

// Public test keys and tokens, from the vendor's documents.
const hcaptchaTestSecret = "0x0000000000000000000000000000000000000000"

var (
	hcaptchaSitekeys = []string{
		"10000000-ffff-ffff-ffff-000000000001", "20000000-ffff-ffff-ffff-000000000002", "30000000-ffff-ffff-ffff-000000000003",
	}
	hcaptchaTokens = []string{
		"10000000-aaaa-bbbb-cccc-000000000001", "20000000-aaaa-bbbb-cccc-000000000002", "30000000-aaaa-bbbb-cccc-000000000003",
	}
)

func testHCaptcha(s *Server, v *vendor, q question, _ bool) object {
	n := slices.Index(hcaptchaTokens, q.token)
	body := v.success(s.bend(Solution{Hostname: "dummy-key-pass", Issued: s.now()}))
	switch dummy := q.secret == hcaptchaTestSecret; {
	case dummy && n < 0:
		return failure("not-using-dummy-passcode")
	case dummy:
		if n > 0 { // Enterprise: 0 is safe, 1 is a bot, and both are a success
			body["score"], body["score_reason"] = float64(n-1), []string{[]string{"safe", "bot"}[n-1]}
		}
		return body
	case n >= 0:
		body["success"], body["error-codes"] = false, []string{"not-using-dummy-secret"}
		return body
	case slices.Contains(hcaptchaSitekeys, q.sitekey): // the dummy sitekey and another secret
		return failure("not-using-dummy-passcode")
	}
	return nil
}
