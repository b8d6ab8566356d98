package setup

import (
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var h08 = &engine.Rule{
	ID: "H08", Title: "A test key is in use", Severity: engine.High, Fix: fix.NoBackDoor, Refs: engine.Refs{CWE: 1392, ASVS: "13.4.2"}, Offline: true,
	Why:     "The vendors' test keys let every token pass.",
	Example: []engine.Setting{{Name: "HCAPTCHA_SECRET", Value: "0x0000000000000000000000000000000000000000"}},
	Check: settings(`(?i)key|secret`, func(_, value string, _ []engine.Setting) string {
		for _, key := range slices.Concat(engine.TestKeys, testSecrets) {
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
