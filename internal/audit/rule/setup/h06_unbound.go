package setup

import (
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var h06 = &engine.Rule{
	ID: "H06", Title: "It is not said for which host and form tokens count", Severity: engine.Low, Fix: fix.Bind, Refs: engine.Refs{CWE: 346, ASVS: "9.2.2, 9.2.3"}, Offline: true,
	Why:     "Tokens of other sites and forms then count here.",
	Example: []engine.Setting{{Name: "RECAPTCHA_HOSTNAME", Value: ""}},
	Check: settings(`(?i)captcha.*(hostname|action|host)|^sites\.host$`, func(_, value string, _ []engine.Setting) string {
		if v := strings.Trim(value, `"' `); v == "" || v == "*" {
			return "says any"
		}
		return ""
	}),
}
