// Package verify is about the check itself: whether the app asks for a token, and acts on
// the answer of the verifier. Each rule is one file.
package verify

import "github.com/palisade-dev/palisade/internal/audit/engine"

// Rules are the rules of this group, in the order in which an audit runs them.
var Rules = []*engine.Rule{
	a01,
	a05,
	a04,
	a06,
	a02,
	a03,
	a07,
	a08,
	a09,
	a10,
	a11,
	a12,
	a13,
	a14,
	a15,
	a16,
}
