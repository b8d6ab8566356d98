package signal

// Reasons of the signal "behaviour".
const (
	ReasonNoApproach Reason = "no-approach" // the pointer was at its target without a way there
	ReasonDeadCentre Reason = "dead-centre" // every press is in the very centre of its target; people hit it now and then
	ReasonBrief      Reason = "brief-press" // a button held for less than 12 ms
	ReasonNoRollover Reason = "no-rollover" // much typed, and never a key before the last one was up
	ReasonFewKeys    Reason = "few-keys"    // characters without keys
	ReasonScripted   Reason = "scripted"    // fields that nothing typed, pasted or filled in
	ReasonUntrusted  Reason = "untrusted"   // events that a script made
)

// manyKeys is the logarithm of the number of keys from which a missing rollover says
// something: 64.
const manyKeys = 6

// inspectBehaviour looks at how the form was filled. What is not there says nothing: a
// keyboard alone, a finger, a paste and a password manager are ways in which people fill
// forms.
func inspectBehaviour(e *Evidence, list []Finding) []Finding {
	r := e.Report
	if r == nil {
		return list
	}
	found := func(is bool, why Reason) {
		if is {
			list = append(list, Finding{Reason: why})
		}
	}
	found(r.Jumps > 0, ReasonNoApproach)
	found(r.Centred > 0 && r.Centred == r.Presses, ReasonDeadCentre)
	found(r.Brief > 0, ReasonBrief)
	found(r.Keys >= manyKeys && r.Rolls == 0 && r.Touches == 0, ReasonNoRollover)
	found(r.Typing.Has(FewKeys) && !r.Typing.Has(Helped|Autofill), ReasonFewKeys)
	found(r.Scripted > 0 && !r.Typing.Has(Autofill), ReasonScripted)
	found(r.Untrusted > 0, ReasonUntrusted)
	return list
}

// Reasons of the signal "grain": the input is finer than hardware makes it. It is observed,
// because it was tried on X11 alone.
const (
	ReasonFineClock Reason = "fine-clock" // the times of keys end in many different tenths of a millisecond
	ReasonFinePlace Reason = "fine-place" // the mouse moved to fractions of a pixel
)

// anyGrain is how many different tenths the input of a protocol shows.
const anyGrain = 6

func inspectGrain(e *Evidence, list []Finding) []Finding {
	if e.Report == nil {
		return list
	}
	if e.Report.Grain >= anyGrain {
		list = append(list, Finding{Reason: ReasonFineClock})
	}
	if e.Report.Fractions > 0 {
		list = append(list, Finding{Reason: ReasonFinePlace})
	}
	return list
}
