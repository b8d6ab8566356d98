// Package gateway is about an app that stands behind a gateway. Each rule is one file.
package gateway

import "github.com/palisade-dev/palisade/internal/audit/engine"

// Rules are the rules of this group, in the order in which an audit runs them.
var Rules = []*engine.Rule{
	j01,
	j02,
}
