// Package signal holds the cheap local checks of one attempt. Each finding speaks for
// automation, with a weight.
//
// A signal is a function of the evidence. It keeps no state, reads no clock and writes
// to no response, so each one can be read, tested and used alone. A new signal is one
// file and one entry of [All]: its name is then known to the configuration, to monitor
// mode and to the metrics.
package signal

import (
	"net/http"
	"time"
)

// Reason is a stable code that says why. It goes to logs and metrics, never to the
// visitor.
type Reason string

// Finding is the statement of one signal about an attempt.
type Finding struct {
	Signal string  `json:"layer"`            // name of the signal, e.g. "timing"; "layer" in logs and metrics
	Reason Reason  `json:"reason"`           // e.g. "too-fast"
	Weight float64 `json:"weight,omitempty"` // log-odds of automation; positive is suspicious
	Hard   bool    `json:"hard,omitempty"`   // evidence that denies on its own
	Detail string  `json:"detail,omitempty"` // for the operator, where the reason does not say what to mend

	Monitored bool `json:"monitored,omitempty"` // the signal is only recorded: neither weighed nor hard
}

// Signal is one check.
type Signal struct {
	Name  string // lower case; in the configuration, in logs and in metrics
	Group Group
	// Ticket says that the signal compares the attempt with its ticket, and so needs
	// one that is ours. Signals without it are inspected first.
	Ticket bool
	Mode   Mode // what a form does with its findings, unless it is told otherwise
	// Weights are log-odds by reason: 0 says nothing, 2 is enough for a challenge, 5 for
	// the hardest one. A reason that is not here is hard: it denies on its own.
	Weights map[Reason]float64
	inspect func(*Evidence, []Finding) []Finding // appends findings with reasons
}

// Inspect appends the findings of the signal to a list.
func (s *Signal) Inspect(e *Evidence, list []Finding) []Finding {
	before := len(list)
	list = s.inspect(e, list)
	for i := before; i < len(list); i++ {
		weight, soft := s.Weights[list[i].Reason]
		list[i].Signal, list[i].Weight, list[i].Hard = s.Name, weight, !soft
	}
	return list
}

// Evidence holds the facts that signals look at. The facts of the request are always
// there, those of the ticket only for signals that need one.
type Evidence struct {
	Header http.Header
	Told   bool     // a program passed the headers on, and may have left some out
	Hosts  []string // of the site, in lower case, with the port unless it is the scheme's

	Report  *Report // what the page's script saw; nil where none came
	Foreign bool    // something came that is no report on this ticket
	Proven  bool    // a proof came, which a script made

	Age            time.Duration // of the ticket, as measured by us
	MinFill        time.Duration // least time of the form
	Retry          bool          // the ticket is one of a challenge page: the form was filled before
	AgentChanged   bool          // another user agent than the one that fetched the ticket
	NetworkChanged bool          // another network
	Decoys         *[2]Decoy     // as they were shown; nil where none were
	Fields         Fields        // as they were sent
}

// Fields are the fields of a submission.
type Fields interface {
	// Count returns the last value of a field, and how often it was sent.
	Count(name string) (value string, count int)
}

// Names returns the names of all signals, in the order of [All].
func Names() (names []string) {
	for i := range All {
		names = append(names, All[i].Name)
	}
	return names
}
