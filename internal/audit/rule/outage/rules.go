// Package outage is about an app whose verifier fails, is slow or gives unusual answers.
// Each rule is one file.
package outage

import "github.com/palisade-dev/palisade/internal/audit/engine"

// Rules are the rules of this group, in the order in which an audit runs them.
var Rules = []*engine.Rule{
	c01,
	c02,
	c03,
	c04,
	c05,
	c06,
	c07,
	c08,
	c10,
	c11,
	c12,
	c13,
}
