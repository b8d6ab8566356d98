package setup

import (
	"slices"
	"strconv"
	"strings"

	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/fix"
)

var h07 = &engine.Rule{
	ID: "H07", Title: "Several instances, each with a memory of its own", Severity: engine.High, Fix: fix.Once, Refs: engine.Refs{CWE: 294, ASVS: "15.4.2"}, Offline: true,
	Why:     "Each remembers used tokens and limits for itself.",
	Example: []engine.Setting{{Name: "replicas", Value: "3"}, {Name: "store", Value: "memory"}},
	Check: settings(`(?i)replicas|instances|web_concurrency|workers`, func(_, value string, all []engine.Setting) string {
		n, err := strconv.Atoi(strings.Trim(value, `"' `))
		memory := slices.ContainsFunc(all, func(s engine.Setting) bool {
			return storeName.MatchString(s.Name) && strings.Contains(strings.ToLower(s.Value), "mem")
		})
		if err == nil && n > 1 && memory {
			return "is more than one, with a store in memory"
		}
		return ""
	}),
}
