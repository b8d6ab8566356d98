// Package web is about data in pages and answers, and about permissions for other sites.
// Each rule is one file.
package web

import "github.com/palisade-dev/palisade/internal/audit/engine"

// Rules are the rules of this group, in the order in which an audit runs them.
var Rules = []*engine.Rule{
	g01,
	g02,
	g03,
	g04,
	g05,
	g06,
	g07,
	g08,
	g09,
	g10,
}
