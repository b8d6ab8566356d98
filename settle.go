package palisade

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/palisade-dev/palisade/internal/duplicate"
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

var countNames = [...]string{"by name", "accepted", "attempts", "failures"}

// String returns the word of a count in lower case.
func (c Count) String() string {
	if int(c) < len(countNames) {
		return countNames[c]
	}
	return "invalid"
}

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

// EffectOf returns what a status says: 200 to 205 and 301 to 303 that the app accepted the
// submission, 400 and 422 that it rejected it, and any other nothing. A redirect back to the
// page with the form says nothing either, which the status alone does not show.
func EffectOf(status int) Effect {
	switch status {
	case http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNonAuthoritativeInfo, http.StatusNoContent, http.StatusResetContent,
		http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		return EffectAccepted
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
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

// came returns what came of the submission, as the handler said or as its answer shows.
func (s *Submission) came(w *noted) Effect {
	e := EffectOf(w.status)
	switch {
	case s.settled:
		return s.effect
	case e != EffectAccepted:
		return e
	case s.corrected:
		return EffectRejected
	case s.request.Method == http.MethodHead, w.leadsBack(s.request):
		return EffectUnknown
	}
	return e
}

// taken is what an allowed submission took of a limit that its answer settles.
type taken struct {
	rule *rule
	key  store.Key
	cost int
	at   time.Time
}

// keep notes what a trip took of the limits that the answer settles.
func (a *attempt) keep(takes []store.Take) {
	for i := range takes {
		if r := a.rules[i]; r != nil && (r.back || r.costs) {
			a.sub.taken = append(a.sub.taken, taken{r, takes[i].Key, takes[i].Cost, a.now})
		}
	}
}

// handOn notes what was taken for a submission to which the answer may lead, or finds what
// was noted by the one that led here: that answer said nothing yet.
func (s *Submission) handOn(answer *duplicate.Answer) {
	if len(s.taken) > 0 {
		answer.Take(s.taken)
	} else if led, ok := answer.Taken().([]taken); ok {
		s.taken = led
	}
}

// settlingTime is the longest that the store may take to settle.
const settlingTime = 5 * time.Second

// settle gives back what an allowed submission took of the limits, if it does not count, and
// charges what it cost. The answer is out by now, and nobody waits. If the store fails, the
// limits stay strict.
func (f *Form) settle(s *Submission, e Effect) {
	for _, takes := range f.settling(s, e) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.request.Context()), settlingTime)
		_, _ = f.visit(ctx, store.Trip{Now: f.guard.config.Clock(), Takes: takes})
		cancel()
	}
}

// settling returns the trips that settle a submission: one for the sender's own limits, and
// one for those by field. What is left of somebody else's bound must not keep the sender
// from getting back what is theirs.
func (f *Form) settling(s *Submission, e Effect) (trips [][]store.Take) {
	var own, others []store.Take
	gives, bounded := f.givesBack(e), false
	for i := range s.taken {
		t := &s.taken[i]
		switch {
		case t.rule.costs && s.costed:
			own = t.charge(own, s.cost)
		case !t.rule.costs && gives && t.rule.by.kind == byField:
			others = t.giveBack(others, f)
		case !t.rule.costs && gives:
			own = t.giveBack(own, f)
			if bounded && t.rule.by.kind == byNetwork { // neighbours must not use up a bound of the network
				own = own[:len(own)-1]
			}
			bounded = true
		}
	}
	for _, takes := range [...][]store.Take{own, others} {
		if len(takes) > 0 {
			trips = append(trips, takes)
		}
	}
	return trips
}

// giveBack appends the take that gives back, and that of the bound on what comes back.
func (t *taken) giveBack(takes []store.Take, f *Form) []store.Take {
	back := t.rule.take
	back.Key, back.Cost, back.Back = t.key, t.cost, t.at
	bound := t.rule.take
	bound.Key = store.Key(f.guard.keys.Lookup.TagString("back\x00", string(t.key[:])))
	bound.Every, bound.Burst, bound.Cost = max(bound.Every/4, 1), 4*bound.Burst, t.cost
	return append(takes, back, bound)
}

// charge appends the take of the difference between what was reserved and what it cost.
func (t *taken) charge(takes []store.Take, cost int) []store.Take {
	take := t.rule.take
	take.Key = t.key
	switch more := cost - t.cost; {
	case more == 0:
		return takes
	case more > 0:
		take.Force, take.Cost = true, more
	default:
		take.Back, take.Cost = t.at, -more
	}
	return append(takes, take)
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

// givesBack reports whether a limit gives anything back. A form is shared with everybody.
func (c *FormConfig) givesBack(l Limit) bool {
	switch by := l.By.kind; {
	case c.Count == CountAttempts, l.Reserve > 0:
		return false
	case by == byIP, by == byKey, by == byNetwork:
		return true
	default:
		return by == byField && c.Count == CountFailures
	}
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

// noted is a writer that notes the status of an answer, and where it leads.
type noted struct {
	http.ResponseWriter
	note     func(status int, location string) // is called before the answer is sent
	status   int                               // 0: nothing was answered, or the connection was taken over
	location string
}

// leadsBack reports whether the answer redirects to the form's own target, or to the page
// that the form was on: some apps answer so to what they reject.
func (w *noted) leadsBack(r *http.Request) bool {
	if w.location == "" {
		return false
	}
	to, err := r.URL.Parse(w.location)
	if err != nil || to.Path == r.URL.Path {
		return true
	}
	from, err := url.Parse(r.Referer())
	return err == nil && from.Path != "" && from.Path == to.Path
}

// is notes the status of the answer, which is the first of 200 and above.
func (w *noted) is(status int, location string) {
	if w.status == 0 && status >= 200 {
		w.status, w.location = status, location
		w.note(status, location)
	}
}

func (w *noted) WriteHeader(status int) {
	w.is(status, w.Header().Get("Location"))
	w.ResponseWriter.WriteHeader(status)
}

func (w *noted) Write(b []byte) (int, error) {
	w.is(http.StatusOK, "")
	return w.ResponseWriter.Write(b)
}

// Flush serves handlers that look for http.Flusher.
func (w *noted) Flush() {
	w.is(http.StatusOK, "")
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap serves http.ResponseController.
func (w *noted) Unwrap() http.ResponseWriter { return w.ResponseWriter }
