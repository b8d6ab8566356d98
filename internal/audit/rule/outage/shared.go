package outage

import (
	"fmt"
	"time"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/internal/audit/engine"
)

// answering has the verifier give its usual answer, with other members in the place
// of success.
func answering(p *engine.Probe, success string) func(*engine.Middle) {
	return func(m *engine.Middle) {
		body := fmt.Sprintf(`{%s,"challenge_ts":%q,"hostname":%q,"action":%q,"cdata":"","score":0.9,"error-codes":[]}`,
			success, time.Now().UTC().Format(time.RFC3339), m.Hostname, m.Action)
		m.Server.Answer(m.Service, 200, body, -1)
	}
}

// inOneManner are the services whose answers look like reCAPTCHA's.
var inOneManner = []string{captchatest.Turnstile, captchatest.HCaptcha, captchatest.RecaptchaV2, captchatest.RecaptchaV3}
