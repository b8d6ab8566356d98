package audit

import (
	"slices"
	"strconv"
	"strings"
)

var h07 = &Rule{
	ID: "H07", Title: "Several instances, each with a memory of its own", Severity: High, Fix: once, Refs: Refs{CWE: 294, ASVS: "15.4.2"},
	Why: "Each remembers used tokens and limits for itself.",
	check: settings(`(?i)replicas|instances|web_concurrency|workers`, func(_, value string, all []Setting) string {
		n, err := strconv.Atoi(strings.Trim(value, `"' `))
		memory := slices.ContainsFunc(all, func(s Setting) bool {
			return storeName.MatchString(s.Name) && strings.Contains(strings.ToLower(s.Value), "mem")
		})
		if err == nil && n > 1 && memory {
			return "is more than one, with a store in memory"
		}
		return ""
	}),
}
