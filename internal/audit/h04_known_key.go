package audit

import (
	"slices"
	"strings"
)

var h04 = &Rule{
	ID: "H04", Title: "A signing key is a known one", Severity: Critical, Fix: secrets, Refs: Refs{CWE: 321, ASVS: "13.3.1"},
	Why: "Whoever knows the key makes tickets, sessions and verdicts of their own.",
	check: settings(`(?i)(secret|signing|session|hmac)[_-]?key$|^secret$`, func(name, value string, _ []Setting) string {
		v := strings.ToLower(strings.Trim(value, `"' `))
		if strings.HasPrefix(v, "django-insecure") || slices.Contains([]string{"secret", "changeme", "change-me", "dev", "development", "test", "password", "keyboard cat", "your-secret-key"}, v) {
			return "is the one of an example"
		}
		return ""
	}),
}
