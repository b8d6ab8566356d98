package challenge

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Rung says how much an answer shows about a visitor, and how much a form needs.
type Rung uint8

const (
	// Silent is shown by every submission. A clean visitor sees nothing of it.
	Silent Rung = iota
	// Visible is a step that the visitor sees.
	Visible
	// Hard is the most that suspicion, limits and missing tickets ask for.
	Hard
	// Costly takes money or a person's time for each answer.
	Costly
	// Highest is above all that is asked for today.
	Highest
)

// Budget is how many challenges one address may be given: Burst at once, and one more
// every Every.
type Budget struct {
	Burst int
	Every time.Duration
}

// rungs say what a rung takes besides an answer. A bot cannot buy age: the guard measures
// it, from the signed time of issue. A challenge must never be quicker than filling the
// form as people do.
var rungs = [...]struct {
	age    time.Duration // least age of the ticket,
	fills  time.Duration // and at least this multiple of the form's MinFill
	budget Budget
}{
	Silent:  {0, 0, Budget{120, time.Second / 2}},
	Visible: {3 * time.Second, 1, Budget{30, 4 * time.Second}},
	Hard:    {8 * time.Second, 2, Budget{30, 4 * time.Second}},
}

func (r Rung) row() Rung { return min(r, Rung(len(rungs)-1)) }

// Age returns how old a ticket of the rung must be to be submitted, where the form takes
// minFill to fill.
func (r Rung) Age(minFill time.Duration) time.Duration {
	row := &rungs[r.row()]
	return max(row.age, row.fills*minFill, 0)
}

// Budget returns how many tickets of the rung one address may be given.
func (r Rung) Budget() Budget { return rungs[r.row()].budget }

// Ladder holds the kinds of one form, in the order in which they are asked.
type Ladder struct{ kinds []Kind }

// NewLadder returns the ladder of some kinds, or every mistake in them. Every submission
// must show the first kind.
func NewLadder(kinds ...Kind) (*Ladder, error) {
	var errs []error
	if len(kinds) == 0 {
		errs = append(errs, errors.New("a ladder needs a kind"))
	}
	ids := map[ID]string{}
	for i := range kinds {
		k := &kinds[i]
		if err := k.Validate(); err != nil {
			errs = append(errs, fmt.Errorf("challenge %q: %w", k.Name, err))
		}
		if other, taken := ids[k.ID]; taken {
			errs = append(errs, fmt.Errorf("challenge %q has the ID of %q", k.Name, other))
		}
		ids[k.ID] = k.Name
	}
	return &Ladder{kinds}, errors.Join(errs...)
}

// Kind returns the kind of a ticket. A kind that the form does not ask for, or no longer,
// shows no more than the first.
func (l *Ladder) Kind(id ID) *Kind {
	for i := range l.kinds {
		if l.kinds[i].ID == id {
			return &l.kinds[i]
		}
	}
	return &l.kinds[0]
}

// Ask returns the kind to ask for when a rung is needed. It is the first kind, from a
// given one on, that opens the rung and is in reach. If none is in reach, it is the first
// that opens the rung. If none opens the rung, it is the kind that opens most.
func (l *Ladder) Ask(need Rung, from ID) *Kind {
	start := l.index(from)
	for start > 0 && l.kinds[start].asksSame(&l.kinds[start-1]) {
		start--
	}
	best := &l.kinds[start]
	for i := start; i < len(l.kinds); i++ {
		k := &l.kinds[i]
		if k.StandIn && i > start {
			continue
		}
		if k.Rung >= need && (k.Down == nil || !k.Down()) {
			return k
		}
		if best.Rung < need && k.Rung > best.Rung {
			best = k
		}
	}
	return best
}

func (l *Ladder) index(id ID) int {
	for i := range l.kinds {
		if l.kinds[i].ID == id {
			return i
		}
	}
	return 0
}

// After returns the kind that stands in for one that is out of reach, or nil.
func (l *Ladder) After(k *Kind) *Kind {
	for i := l.index(k.ID) + 1; i < len(l.kinds); i++ {
		if next := &l.kinds[i]; next.StandIn || next.Check != nil && !next.asksSame(k) {
			return next
		}
	}
	return nil
}

// Fields returns the fields in which answers to the kinds come.
func (l *Ladder) Fields() (fields []string) {
	for i := range l.kinds {
		if field := l.kinds[i].Field; field != "" && !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	return fields
}

// Top returns the highest rung that any kind of the ladder opens.
func (l *Ladder) Top() (top Rung) {
	for i := range l.kinds {
		top = max(top, l.kinds[i].Rung)
	}
	return top
}
