package audit

import "strings"

var h01 = &Rule{
	ID: "H01", Title: "The captcha is half configured", Severity: High, Fix: atStart, Refs: Refs{CWE: 1188, ASVS: "16.5.3"},
	Why: "There is a site key and no secret: the page shows a captcha, and many apps then check nothing.",
	check: settings(`(?i)secret`, func(name, value string, all []Setting) string {
		if captchaName.MatchString(name) && strings.Trim(value, `"' `) == "" {
			return "is empty"
		}
		return ""
	}),
}
