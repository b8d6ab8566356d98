package audit

import (
	"slices"
	"strings"
)

var h08 = &Rule{
	ID: "H08", Title: "A test key is in use", Severity: High, Fix: noBackDoor, Refs: Refs{CWE: 1392, ASVS: "13.4.2"},
	Why: "The vendors' test keys let every token pass.",
	check: settings(`(?i)key|secret`, func(_, value string, _ []Setting) string {
		for _, key := range slices.Concat(testKeys, testSecrets) {
			if strings.Contains(value, key) {
				return "is a public test key"
			}
		}
		return ""
	}),
}

var testSecrets = []string{
	"1x0000000000000000000000000000000AA", "2x0000000000000000000000000000000AA", "3x0000000000000000000000000000000AA",
	"0x0000000000000000000000000000000000000000", "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe",
}
