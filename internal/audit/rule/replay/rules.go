// Package replay is about tokens that are used twice, are old, or belong to another form or site. Each rule is one file.
package replay

import "github.com/palisade-dev/palisade/internal/audit/engine"

// Rules are the rules of this group, in the order in which an audit runs them.
var Rules = []*engine.Rule{
	b01,
	b02,
	b03,
	b04,
	b05,
	b06,
	b07,
	b08,
	b09,
	b10,
	b11,
	b12,
	b13,
	b14,
	b15,
	b16,
	b17,
	b18,
	b19,
	b20,
}
