package palisade

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/duplicate"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
)

// attempt is one request under judgement: read once, with the clock read once.
type attempt struct {
	form *Form
	req  *http.Request
	now  time.Time
	addr netip.Addr
	sub  *Submission

	ticket  ticket.Ticket
	session bool            // something came in the cookie of a session; a claim
	unread  bool            // the body was left alone, because a session was looked for
	kind    *challenge.Kind // of challenge that the page asked for
	reply   string          // in the field of the kind
	proof   pow.Proof

	address   store.Key // of the sender's address, if addressed
	addressed bool

	need     challenge.Rung // that the answer must open
	next     challenge.ID   // from which kind on the visitor is asked next
	evidence signal.Evidence
	decoys   [2]signal.Decoy
	report   signal.Report
	score    signal.Score
	findings []Finding
	answer   *duplicate.Answer // to this submission, or to the same one sent before

	// Room for one trip, so that a decision does not allocate it.
	takes  [maxTakes]store.Take
	rules  [maxTakes]*rule // of the takes; nil where no limit asks for one
	claims [2]store.Claim
}

// maxTakes is the most of a trip: the limits, the ceiling, a token of a service, and a ticket
// that came from elsewhere.
const maxTakes = maxLimits + 3

var attempts = sync.Pool{New: func() any { return new(attempt) }}

func (f *Form) begin(s *Submission) *attempt {
	a := attempts.Get().(*attempt)
	*a = attempt{form: f, sub: s, req: s.request, now: f.guard.config.Clock()}
	return a
}

func (a *attempt) end() {
	*a = attempt{} // keep nothing of a visitor, nor the request, alive in the pool
	attempts.Put(a)
}

// duplicateKey identifies a double click.
func (a *attempt) duplicateKey() duplicate.Key {
	return duplicate.KeyOf(a.ticket.Nonce, a.sub.body.Digest(), a.req.Method, a.req.URL)
}

// value returns a field that read has found to be sent once at most.
func (a *attempt) value(name string) string {
	value, _ := a.sub.body.Count(name)
	return value
}

// count adds a finding to the score. It reports false where the form only records
// findings of this signal.
func (a *attempt) count(g signal.Group, f *Finding, by *signal.Setting) (counts bool) {
	if weight, told := by.Weights[f.Reason]; told && !f.Hard {
		f.Weight = weight
	}
	if by.Mode == signal.Observe {
		f.Weight, f.Hard, f.Monitored = 0, false, true
	}
	a.score.Add(g, f.Weight)
	return !f.Monitored
}

// wrong records a wrong answer to a challenge.
func (a *attempt) wrong(from string, why Reason) {
	a.findings = append(a.findings, Finding{Signal: from, Reason: why, Weight: signal.WrongAnswer})
	a.score.Add(signal.Answer, signal.WrongAnswer)
}

// carried reports whether the ticket carries an earlier visible solve, which
// needs the browser that did the solving.
func (a *attempt) carried() bool {
	return a.ticket.Carry > 0 && a.ticket.Agent == ticket.AgentOf(a.req.Header)
}

// Life of marks, and bounds of the work that one network can cause.
const (
	// unverifiedLife is how long a token is remembered before its provider has
	// vouched for it; longer than any provider call may take.
	unverifiedLife = 90 * time.Second

	unverifiedBurst = 30 // tokens of one network under way at once …
	unverifiedEvery = unverifiedLife / unverifiedBurst

	deriveBurst = 60 // derivations for one network at once …
	deriveEvery = time.Second
)

// work does the work of the proof, if the network's budget has a derivation left.
func (a *attempt) work(ctx context.Context) (right bool, err error) {
	take := store.Take{Key: a.networkKey("derive\x00"), Every: deriveEvery, Burst: deriveBurst}
	result, err := a.form.guard.budget.Spend(ctx, store.Trip{Now: a.now, Takes: []store.Take{take}})
	switch {
	case err != nil:
		return false, err
	case result.Status != store.Granted:
		return false, pow.ErrBusy
	}
	return a.form.guard.proofs.Derive(ctx, a.proof)
}

// trip is all that this attempt asks of the store. The takes from soft on do not refuse:
// above these limits the form asks for a step. A visitor who took the step is not
// affected.
func (a *attempt) trip() (trip store.Trip, soft int) {
	f := a.form
	takes := a.takes[:0]
	if !a.sub.opens { // the limits count what a session is used for
		takes = a.fill(takes, f.strict)
		if a.kind.StandIn { // the step is one that everybody takes now
			takes = a.fill(takes, f.own)
		}
	}
	expires := a.ticket.Issued.Add(f.config.MaxAge)
	// The proof is bound to the ticket, so the ticket's claim uses up both.
	claims := append(a.claims[:0], store.Claim{Key: a.ticket.Key(), Issued: a.ticket.Issued, Expires: expires})
	if a.kind.Token {
		takes = append(takes, store.Take{Key: a.networkKey("unverified\x00"), Every: unverifiedEvery, Burst: unverifiedBurst})
		claims = append(claims, store.Claim{Key: tokenKey(a.reply), Pool: store.Unverified, Expires: a.now.Add(unverifiedLife)})
	}
	soft = len(takes)
	if a.kind.Rung < challenge.Hard && !a.sub.opens {
		takes = a.fill(takes, f.own)
		takes = a.fill(takes, f.networks)
		if take, ok := f.minted(a); ok {
			a.rules[len(takes)] = f.travel
			takes = append(takes, take)
		}
	}
	return store.Trip{Now: a.now, Claims: claims, Takes: takes}, soft
}

// cost is what the attempt takes of a limit. While something stands in for a kind that is
// out of reach, every limit counts double.
func (a *attempt) cost() int {
	if a.kind.StandIn {
		return 2
	}
	return 1
}

// fill makes the rules' takes ready.
func (a *attempt) fill(takes []store.Take, rules []rule) []store.Take {
	for i := range rules {
		if take, ok := rules[i].fill(a, a.cost()); ok {
			a.rules[len(takes)] = &rules[i]
			takes = append(takes, take)
		}
	}
	return takes
}

func (a *attempt) networkKey(purpose string) store.Key {
	return store.Key(a.form.guard.keys.Lookup.TagAddr(purpose, clientip.Network(a.addr).Addr()))
}

// decide turns an ending into the decision, the only thing that leaves.
func (a *attempt) decide(v ending) Decision {
	f := a.form
	d := Decision{
		ID: NewID(), Site: f.guard.config.Site, Form: f.config.Name, Time: a.now,
		Outcome: v.outcome, Would: v.outcome, Reason: v.reason, Level: uint8(a.need), Score: a.score.Total(),
		RetryAfter: v.wait, Err: v.err, Findings: a.findings,
		judged: true, next: a.next, carry: a.ticket.Carry, unread: a.unread,
	}
	if a.addr.IsValid() {
		tag := f.guard.keys.Lookup.TagAddr("visitor\x00", clientip.Prefix(a.addr).Addr())
		d.Visitor = Visitor(tag[:])
	}
	if f.config.Monitor && d.Reason != ReasonExempt {
		d.Outcome, d.Monitored = Allow, true
	}
	if a.kind != nil {
		d.kind = a.kind.ID
	}
	if d.Outcome == Allow {
		d.visible = a.kind != nil && a.kind.Rung > challenge.Silent || a.carried()
	}
	return d
}
