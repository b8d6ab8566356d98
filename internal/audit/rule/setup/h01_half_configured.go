package setup

import (
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
)

var h01 = &engine.Rule{
	ID: "H01", Title: "The captcha is half configured", Severity: engine.High, Fix: atStart, Refs: engine.Refs{CWE: 1188, ASVS: "16.5.3"}, Offline: true,
	Why:     "There is a site key and no secret: the page shows a captcha, and many apps then check nothing.",
	Example: []engine.Setting{{Name: "TURNSTILE_SITEKEY", Value: "0x4AAA"}, {Name: "TURNSTILE_SECRET", Value: ""}},
	Check: settings(`(?i)secret`, func(name, value string, all []engine.Setting) string {
		if captchaName.MatchString(name) && strings.Trim(value, `"' `) == "" {
			return "is empty"
		}
		return ""
	}),
}

var atStart = engine.Remedy{Text: "Refuse to start when one of the two keys is missing, and say which."}
