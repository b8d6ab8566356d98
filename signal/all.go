package signal

// All are the signals, in the order in which they are inspected. The first hard finding
// ends the judgement.
//
// The weights are starting values. Two of them come from measurements. Of 300 autofill
// runs in Chrome 156 none filled a field with display:none, so a filled decoy is strong
// evidence. No user of a password manager was quicker than half a second.
var All = [...]Signal{
	{Name: "origin", Group: Request, inspect: inspectOrigin, Weights: map[Reason]float64{
		ReasonNoOrigin: 0.5, // old browsers on plain HTTP send neither header
	}},
	{Name: "client", Group: Request, inspect: inspectClient, Weights: map[Reason]float64{
		ReasonHeadless:       5,
		ReasonNoLanguage:     1.5,
		ReasonNoFetchHeaders: 1,
		ReasonFetchHeaders:   1.5,
		ReasonHints:          2,
		ReasonHintsSystem:    2,
		ReasonBrand:          2,
	}},
	{Name: "timing", Group: Behaviour, Ticket: true, inspect: inspectTiming, Weights: map[Reason]float64{
		ReasonTooFast: 2.5,
		ReasonInhuman: 5,
	}},
	{Name: "ticket", Group: Continuity, Ticket: true, inspect: inspectTicket, Weights: map[Reason]float64{
		ReasonAgentChanged:   1,   // browsers update
		ReasonNetworkChanged: 0.5, // people change networks
	}},
	{Name: "decoy", Group: Trap, Ticket: true, inspect: inspectDecoys, Weights: map[Reason]float64{
		ReasonDecoyFilled:  4,
		ReasonDecoyChanged: 2.5,
		ReasonDecoyMissing: 2.5,
	}},
	{Name: "report", Group: Browser, Ticket: true, inspect: inspectReport, Weights: map[Reason]float64{
		ReasonReportMissing: 0, // programs with a solver of their own look like this, and nothing else speaks against them
		ReasonReportForeign: 1,
	}},
	{Name: "browser", Group: Browser, Ticket: true, inspect: inspectBrowser, Weights: map[Reason]float64{
		ReasonWebDriver:  5,
		ReasonPatched:    3,
		ReasonDriver:     5,
		ReasonFrames:     3,
		ReasonFullScreen: 0.5,
	}},
	{Name: "behaviour", Group: Behaviour, Ticket: true, inspect: inspectBehaviour, Weights: map[Reason]float64{
		ReasonNoApproach: 2.5,
		ReasonDeadCentre: 2.5,
		ReasonFewKeys:    1,
		// People show these: on a busy computer, at a slow hand, with a password manager.
		ReasonBrief:      0,
		ReasonNoRollover: 0,
		ReasonScripted:   0,
		ReasonUntrusted:  0,
	}},
	{Name: "grain", Group: Behaviour, Ticket: true, Mode: Observe, inspect: inspectGrain, Weights: map[Reason]float64{
		ReasonFineClock: 2.5,
		ReasonFinePlace: 2.5,
	}},
}

// WrongAnswer is the weight of a wrong answer to a challenge: enough for the next one.
const WrongAnswer = 2.0
