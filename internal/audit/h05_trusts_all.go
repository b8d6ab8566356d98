package audit

import (
	"slices"
	"strings"
)

var h05 = &Rule{
	ID: "H05", Title: "Every address is a trusted proxy", Severity: High, Fix: noClaims, Refs: Refs{CWE: 348, ASVS: "15.3.4"},
	Why: "Then X-Forwarded-For counts from whoever sends it.",
	check: settings(`(?i)trust|proxies|forwarded_allow_ips`, func(_, value string, _ []Setting) string {
		for _, all := range []string{"0.0.0.0/0", "::/0", "*", "true"} {
			if slices.Contains(strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(` ,[]"'`, r) }), all) {
				return "trusts everybody"
			}
		}
		return ""
	}),
}
