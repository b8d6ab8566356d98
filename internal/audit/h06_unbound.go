package audit

import "strings"

var h06 = &Rule{
	ID: "H06", Title: "It is not said for which host and form tokens count", Severity: Low, Fix: bind, Refs: Refs{CWE: 346, ASVS: "9.2.2, 9.2.3"},
	Why: "Tokens of other sites and forms then count here.",
	check: settings(`(?i)captcha.*(hostname|action|host)|^sites\.host$`, func(_, value string, _ []Setting) string {
		if v := strings.Trim(value, `"' `); v == "" || v == "*" {
			return "says any"
		}
		return ""
	}),
}
