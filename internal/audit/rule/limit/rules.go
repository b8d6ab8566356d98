// Package limit is about limits of submissions from one address. Each rule is one file.
package limit

import "github.com/palisade-dev/palisade/internal/audit/engine"

// Rules are the rules of this group, in the order in which an audit runs them.
var Rules = []*engine.Rule{
	e01,
	e02,
	e03,
	e04,
	e07,
	e10,
	e12,
}
