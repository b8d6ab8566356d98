package signal

// Group is a set of signals that look at the same thing, and so are not independent
// witnesses. The sum of a group's weights is capped.
type Group uint8

const (
	// Request is about the head of the request.
	Request Group = iota
	// Browser is about the browser, as the page's script saw it.
	Browser
	// Behaviour is about the way in which the form was filled.
	Behaviour
	// Continuity is about changes since the page was fetched.
	Continuity
	// Trap is about fields that no person fills.
	Trap
	// Answer is about the answer to a challenge.
	Answer

	groups
)

// caps are in log-odds. A group alone can ask for the hardest challenge, which takes 5,
// and for no more.
var caps = [groups]float64{
	Request:    5,
	Browser:    5,
	Behaviour:  5,
	Continuity: 1.5,
	Trap:       5,
	Answer:     4,
}

// Score adds up the weights of findings, each group up to its cap. The zero Score is
// that of nothing found.
type Score struct{ sums [groups]float64 }

// Add adds a weight to a group.
func (s *Score) Add(g Group, weight float64) { s.sums[g] += weight }

// Total returns log-odds of automation: 0 says nothing, positive is suspicious.
func (s *Score) Total() (total float64) {
	for g, sum := range s.sums {
		total += min(sum, caps[g])
	}
	return total
}
