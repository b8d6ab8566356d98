package signal

// All are the signals, in the order in which they are inspected. The first hard finding
// ends the judgement.
var All = [...]Signal{
	{Name: "origin", Group: Request, Inspect: inspectOrigin},
	{Name: "timing", Group: Behaviour, Ticket: true, Inspect: inspectTiming},
	{Name: "ticket", Group: Continuity, Ticket: true, Inspect: inspectTicket},
	{Name: "decoy", Group: Trap, Ticket: true, Inspect: inspectDecoys},
}
