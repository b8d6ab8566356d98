// Package setup is about settings that an audit cannot see from outside. Each rule is one
// file.
package setup

import "github.com/palisade-dev/palisade/internal/audit/engine"

// Rules are the rules of this group, in the order in which an audit runs them.
var Rules = []*engine.Rule{
	h01,
	h02,
	h03,
	h04,
	h05,
	h06,
	h07,
	h08,
}
