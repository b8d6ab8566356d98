package layer

import "time"

// Reasons of the timing layer.
const (
	ReasonTooFast Reason = "too-fast" // quicker than the form's least time
	ReasonInhuman Reason = "inhuman"  // quicker than any person
)

// inhumanFill is faster than a person can do anything with a form, also one that
// a password manager fills.
const inhumanFill = 500 * time.Millisecond

// Timing judges how long a form was open. Too fast is suspicious and never hard:
// people who paste or let a password manager fill are quick, too.
func Timing(age, least time.Duration) (Finding, bool) {
	if age >= least {
		return Finding{}, false
	}
	f := Finding{Layer: "timing", Reason: ReasonTooFast, Weight: weightTooFast}
	if age < inhumanFill {
		f.Reason, f.Weight = ReasonInhuman, weightInhuman
	}
	return f, true
}
