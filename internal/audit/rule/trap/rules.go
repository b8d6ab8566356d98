// Package trap is about honeypots, load times and tokens of the form. Each rule is one file.
package trap

import "github.com/palisade-dev/palisade/internal/audit/engine"

// Rules are the rules of this group, in the order in which an audit runs them.
var Rules = []*engine.Rule{
	f01,
	f02,
	f03,
	f04,
	f07,
	f08,
	f09,
	f11,
	f12,
}
