package setup

import (
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var h03 = &engine.Rule{
	ID: "H03", Title: "An outage lets everybody through", Severity: engine.High, Fix: fix.FailClosed, Refs: engine.Refs{CWE: 636, ASVS: "16.5.3"}, Offline: true,
	Why:     "While the verifier is down the form is open.",
	Example: []engine.Setting{{Name: "CAPTCHA_FAIL_OPEN", Value: "yes"}},
	Check: settings(`(?i)fail_?open|fail_?mode|on_?error|provider_down`, func(_, value string, _ []engine.Setting) string {
		switch strings.ToLower(strings.Trim(value, `"' `)) {
		case "true", "1", "open", "allow", "yes", "pass":
			return "lets through"
		}
		return ""
	}),
}
