package audit

import "strings"

var h03 = &Rule{
	ID: "H03", Title: "An outage lets everybody through", Severity: High, Fix: failClosed, Refs: Refs{CWE: 636, ASVS: "16.5.3"},
	Why: "While the verifier is down the form is open.",
	check: settings(`(?i)fail_?open|fail_?mode|on_?error|provider_down`, func(_, value string, _ []Setting) string {
		switch strings.ToLower(strings.Trim(value, `"' `)) {
		case "true", "1", "open", "allow", "yes", "pass":
			return "lets through"
		}
		return ""
	}),
}
