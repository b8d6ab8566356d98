package setup

import (
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var h04 = &engine.Rule{
	ID: "H04", Title: "A signing key is a known one", Severity: engine.Critical, Fix: fix.Secrets, Refs: engine.Refs{CWE: 321, ASVS: "13.3.1"}, Offline: true,
	Why:     "Whoever knows the key makes tickets, sessions and verdicts of their own.",
	Example: []engine.Setting{{Name: "SECRET_KEY", Value: "django-insecure-abc"}},
	Check: settings(`(?i)(secret|signing|session|hmac)[_-]?key$|^secret$`, func(name, value string, _ []engine.Setting) string {
		v := strings.ToLower(strings.Trim(value, `"' `))
		if strings.HasPrefix(v, "django-insecure") || slices.Contains([]string{"secret", "changeme", "change-me", "dev", "development", "test", "password", "keyboard cat", "your-secret-key"}, v) {
			return "is the one of an example"
		}
		return ""
	}),
}
