// Package layer holds the cheap local checks of an attempt: timing, decoys,
// origin, and the keys of rate limits.
//
// A layer is a pure function of what it is given. It returns findings and never
// writes to a response, keeps no state and reads no clock, so each one can be
// read, tested and used alone.
package layer

// Reason is a stable code that says why. It goes to logs and metrics, never to
// the visitor.
type Reason string

// Finding is what one layer has to say about an attempt.
type Finding struct {
	Layer  string  `json:"layer"`            // the layer's name, e.g. "timing"
	Reason Reason  `json:"reason"`           // e.g. "too-fast"
	Weight float64 `json:"weight,omitempty"` // log-odds that this is automation; positive is suspicious
	Hard   bool    `json:"hard,omitempty"`   // evidence that denies on its own

	Monitored bool `json:"monitored,omitempty"` // the layer only watches: neither weighed nor hard
}
