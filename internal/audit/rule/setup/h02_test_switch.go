package setup

import (
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var h02 = &engine.Rule{
	ID: "H02", Title: "A switch for tests is on", Severity: engine.High, Fix: fix.NoBackDoor, Refs: engine.Refs{CWE: 489, ASVS: "13.4.2"}, Offline: true,
	Why:     "Such switches turn the captcha or its check off, or show visitors what only developers should see.",
	Example: []engine.Setting{{Name: "TESTING", Value: "True"}},
	Check: settings(`(?i)^(.*_)?(testing|dry_run|debug|skip_captcha|captcha_disabled|disable_captcha|skip_env|recaptcha_testing|monitor)$|mode$`, func(name, value string, _ []engine.Setting) string {
		switch strings.ToLower(strings.Trim(value, `"' `)) {
		case "true", "1", "yes", "on", "monitor":
			return "is on"
		}
		return ""
	}),
}
