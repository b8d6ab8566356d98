package audit

import "strings"

var h02 = &Rule{
	ID: "H02", Title: "A switch for tests is on", Severity: High, Fix: noBackDoor, Refs: Refs{CWE: 489, ASVS: "13.4.2"},
	Why: "Such switches turn the captcha or its check off, or show visitors what only developers should see.",
	check: settings(`(?i)^(.*_)?(testing|dry_run|debug|skip_captcha|captcha_disabled|disable_captcha|skip_env|recaptcha_testing|monitor)$|mode$`, func(name, value string, _ []Setting) string {
		switch strings.ToLower(strings.Trim(value, `"' `)) {
		case "true", "1", "yes", "on", "monitor":
			return "is on"
		}
		return ""
	}),
}
