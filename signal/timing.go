package signal

import "time"

// Reasons of the signal "timing".
const (
	ReasonTooFast Reason = "too-fast" // quicker than the form's least time
	ReasonInhuman Reason = "inhuman"  // quicker than any person
)

// inhumanFill is faster than a person can do anything with a form, also one that
// a password manager fills.
const inhumanFill = 500 * time.Millisecond

func inspectTiming(e *Evidence, list []Finding) []Finding {
	if e.Retry { // the form was filled before
		return list
	}
	if f, is := Timing(e.Age, e.MinFill); is {
		list = append(list, f)
	}
	return list
}

// Timing judges how long a form was open. Too fast is suspicious and never hard:
// people who paste or let a password manager fill are quick, too.
func Timing(age, least time.Duration) (Finding, bool) {
	if age >= least {
		return Finding{}, false
	}
	if age < inhumanFill {
		return Finding{Reason: ReasonInhuman}, true
	}
	return Finding{Reason: ReasonTooFast}, true
}
