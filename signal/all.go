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
}

// WrongAnswer is the weight of a wrong answer to a challenge: enough for the next one.
const WrongAnswer = 2.0
