package setup

import (
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var h05 = &engine.Rule{
	ID: "H05", Title: "Every address is a trusted proxy", Severity: engine.High, Fix: fix.NoClaims, Refs: engine.Refs{CWE: 348, ASVS: "15.3.4"}, Offline: true,
	Why:     "Then X-Forwarded-For counts from whoever sends it.",
	Example: []engine.Setting{{Name: "trust", Value: "[10.0.0.0/8, 0.0.0.0/0]"}},
	Check: settings(`(?i)trust|proxies|forwarded_allow_ips`, func(_, value string, _ []engine.Setting) string {
		for _, all := range []string{"0.0.0.0/0", "::/0", "*", "true"} {
			if slices.Contains(strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(` ,[]"'`, r) }), all) {
				return "trusts everybody"
			}
		}
		return ""
	}),
}
