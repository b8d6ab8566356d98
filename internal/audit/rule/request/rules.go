// Package request is about requests that the check and the app read in different ways. Each rule is one file.
package request

import "github.com/palisade-dev/palisade/internal/audit/engine"

// Rules are the rules of this group, in the order in which an audit runs them.
var Rules = []*engine.Rule{
	d01,
	d02,
	d03,
	d04,
	d05,
	d06,
	d07,
	d08,
	d09,
	d10,
	d11,
	d12,
}
