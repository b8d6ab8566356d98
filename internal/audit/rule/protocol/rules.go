// Package protocol is about other protocols that lead to the same action. Each rule is one file.
package protocol

import "github.com/palisade-dev/palisade/internal/audit/engine"

// Rules are the rules of this group, in the order in which an audit runs them.
var Rules = []*engine.Rule{
	i01,
	i02,
	i04,
	i07,
}
