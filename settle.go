package palisade

import (
	"context"
	"net/http"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/internal/purpose"
	"github.com/palisade-dev/palisade/store"
)

// Count says which submissions the limits of a form count. A limit takes a permit from
// each, and gives it back when the app's answer shows that the submission does not count. It
// gives back at most four times as many as it lets through: no more than five times as many
// are tried. The ceiling and limits that belong to somebody else give nothing back.
type Count uint8

const (
	// CountByName is CountFailures for a form whose name speaks of a login, a recovery or a
	// checkout, and CountAccepted for any other. It is the zero value.
	CountByName Count = iota
	// CountAccepted counts all but what the app rejected, see EffectRejected.
	CountAccepted
	// CountAttempts counts every submission.
	CountAttempts
	// CountFailures counts all but what the app accepted. It is for a form at which an
	// attacker tries values until one is right. The limits by field count so too.
	CountFailures
)

// Effect is what came of an allowed submission in the app.
type Effect uint8

const (
	// EffectUnknown counts in every limit. It is what the statuses 401, 402, 403, 409, 429,
	// and 500 and above mean: a wrong password or a declined card is an answer to a trial.
	EffectUnknown Effect = iota
	// EffectAccepted: the app did what the submission asked for.
	EffectAccepted
	// EffectRejected: the app did nothing, and asks for a correction.
	EffectRejected
)

var effectNames = [...]string{"unknown", "accepted", "rejected"}

// String returns the word of an effect in lower case.
func (e Effect) String() string {
	if int(e) < len(effectNames) {
		return effectNames[e]
	}
	return "invalid"
}

// EffectOf returns what a status says: 2xx and 3xx that the app accepted the submission, 400
// and 422 that it rejected it, and any other nothing.
func EffectOf(status int) Effect {
	switch {
	case status >= 200 && status < 400:
		return EffectAccepted
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return EffectRejected
	}
	return EffectUnknown
}

// Settle says what came of the submission, where the status of the answer does not say it.
// Call it before the handler returns; the last call counts. [Pass.Retry] says EffectRejected
// for an answer that is 2xx.
func (p Pass) Settle(e Effect) {
	if s := p.decision.sub; p.Valid() && s != nil {
		s.effect, s.settled = e, true
	}
}

// Cost says what the submission cost, in permits of the limits with a Reserve: 0 gives back
// what was reserved. Call it before the handler returns; the last call counts.
func (p Pass) Cost(n int) {
	if s := p.decision.sub; p.Valid() && s != nil {
		s.cost, s.costed = max(n, 0), true
	}
}

// corrected notes that the form is shown again.
func (p Pass) corrected() {
	if s := p.decision.sub; s != nil {
		s.corrected = true
	}
}

// came returns what came of the submission that was answered with a status.
func (s *Submission) came(status int) Effect {
	e := EffectOf(status)
	switch {
	case s.settled:
		return s.effect
	case s.corrected && e == EffectAccepted:
		return EffectRejected
	}
	return e
}

// settling is the longest that the store may take to settle.
const settling = 5 * time.Second

// settle gives back what an allowed submission took of the limits, if it does not count.
// The answer is out by now, and nobody waits. If the store fails, the limits stay strict.
func (f *Form) settle(s *Submission, d Decision, status int) {
	if !d.took {
		return
	}
	if takes := f.settling(s, d, s.came(status)); len(takes) > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.request.Context()), settling)
		defer cancel()
		_, _ = f.visit(ctx, store.Trip{Now: f.guard.config.Clock(), Takes: takes})
	}
}

// settling returns the takes that settle an allowed submission; nil for nothing to settle.
func (f *Form) settling(s *Submission, d Decision, e Effect) (takes []store.Take) {
	gives := f.givesBack(e) && len(f.returns) > 0
	if !gives && !(s.costed && len(f.costs) > 0) {
		return nil
	}
	a := f.begin(s)
	defer a.end()
	a.addr, a.kind = f.addrOf(s.request), f.ladder.Kind(d.kind)
	if gives {
		takes = a.taken(takes, d.Time)
	}
	if s.costed {
		takes = a.costing(takes, d.Time, s.cost)
	}
	return takes
}

// costing appends the takes that make up the difference between what was reserved and what
// it cost.
func (a *attempt) costing(takes []store.Take, at time.Time, cost int) []store.Take {
	for i := range a.form.costs {
		take, ok := a.form.costs[i].fill(a, a.cost())
		switch more := cost - take.Cost; {
		case !ok || more == 0:
			continue
		case more > 0:
			take.Force, take.Cost = true, more
		default:
			take.Back, take.Cost = at, -more
		}
		takes = append(takes, take)
	}
	return takes
}

func (f *Form) givesBack(e Effect) bool {
	switch f.config.Count {
	case CountAccepted:
		return e == EffectRejected
	case CountFailures:
		return e == EffectAccepted
	}
	return false
}

// taken appends the takes that give back what an attempt took at a time, and those of the
// bounds on it.
func (a *attempt) taken(takes []store.Take, at time.Time) []store.Take {
	f := a.form
	for i := range f.returns {
		r := &f.returns[i]
		stepped := a.kind.Rung >= challenge.Hard
		if stepped && r.by.kind != byKey && (r.by.kind != byIP || !a.kind.StandIn) {
			continue // the step was in the place of this limit
		}
		if back, ok := r.fill(a, a.cost()); ok {
			back.Back = at
			bound, _ := r.bound.fill(a, a.cost())
			takes = append(takes, back, bound)
		}
	}
	return takes
}

// returning is a limit that gives back, and the bound on what it gives.
type returning struct {
	rule
	bound rule
}

// returning returns the rules of a form's limits that give back.
func (c *FormConfig) returning() (list []returning) {
	if c.Count == CountAttempts {
		return nil
	}
	for _, l := range c.Limits {
		switch l.By.kind {
		case byForm:
			continue
		default:
			if l.Reserve > 0 { // its cost settles it
				continue
			}
		case byField:
			if c.Count != CountFailures {
				continue
			}
		}
		r := returning{newRule(c.Name, l), newRule(c.Name+"\x00back", l)}
		r.bound.take.Every = max(r.take.Every/4, 1)
		r.bound.take.Burst *= 4
		list = append(list, r)
	}
	return list
}

// counts returns the Count of a form that says CountByName.
func (c *FormConfig) counts() Count {
	switch {
	case c.Count != CountByName:
		return c.Count
	case purpose.Tries(c.Name):
		return CountFailures
	}
	return CountAccepted
}

// statusWriter notes the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Flush serves handlers that look for http.Flusher.
func (w *statusWriter) Flush() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap serves http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
