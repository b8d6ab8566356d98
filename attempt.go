package palisade

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/names"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
)

// attempt is one request under judgement: parsed once, with the clock read once.
type attempt struct {
	form *Form
	req  *http.Request
	now  time.Time
	addr netip.Addr
	body *submission

	ticketText, proofText string                   // as sent; claims, not facts
	tokens                [maxFallbacks + 1]string // by link of the chain
	token                 string                   // of the link that the ticket was shown with
	ticket                ticket
	signer                *ticketKey
	proof                 pow.Proof

	need     uint8 // level that a proof must show
	stepDown bool
	link     uint8 // of the chain, for what is asked next
	evidence signal.Evidence
	decoys   [2]signal.Decoy
	score    signal.Score
	findings []Finding
	answer   *answer // to this submission, or to the same one sent before

	// Room for one trip, so that a decision does not allocate it.
	takes  [maxLimits + 2]store.Take
	claims [2]store.Claim
}

var attempts = sync.Pool{New: func() any { return new(attempt) }}

func (f *Form) begin(r *http.Request) *attempt {
	a := attempts.Get().(*attempt)
	*a = attempt{form: f, req: r, now: f.guard.config.Clock()}
	return a
}

func (a *attempt) end() {
	*a = attempt{} // keep nothing of a visitor, nor the request, alive in the pool
	attempts.Put(a)
}

// read parses the request and takes out the fields that decide.
func (a *attempt) read(f *Form) (err error) {
	if a.body, err = readSubmission(a.req, f.bodyLimit(a.req)); err != nil {
		return err
	}
	query := names.OfQuery(a.req.URL.RawQuery)
	if a.ticketText, err = a.body.oneOf(FieldTicket, HeaderTicket, a.req, query); err != nil {
		return err
	}
	if a.proofText, err = a.body.oneOf(FieldProof, HeaderProof, a.req, query); err != nil {
		return err
	}
	for link, provider := range f.guard.chain {
		if a.tokens[link], err = a.body.oneOf(provider.Service().Field, HeaderCaptcha, a.req, query); err != nil {
			return err
		}
	}
	if err = a.unseal(f); err != nil {
		return err
	}
	for _, name := range f.counted {
		if _, err = a.body.one(name, query); err != nil {
			return err
		}
	}
	return nil
}

// unseal puts what a capsule holds in its place. A capsule in any other way than a
// challenge page sends it would leave an empty submission.
func (a *attempt) unseal(f *Form) error {
	if !f.config.Transparent {
		return nil
	}
	if a.body.capsule == nil {
		if _, count := a.lookup(FieldCapsule); count > 0 {
			return errCapsule
		}
		return nil
	}
	opened, err := f.unseal(a.req, a.body, a.ticketText)
	if opened != nil {
		a.body = opened
	}
	return err
}

// unveil hands the request on as the page's own form would have sent it.
func (a *attempt) unveil(f *Form) {
	if a.body == nil { // exempt, or watched only and not to be read
		return
	}
	putSubmission(a.req, a.body.without(f.guard.own(a.req, a.body)))
	for _, name := range []string{HeaderTicket, HeaderProof, HeaderCaptcha} {
		a.req.Header.Del(name)
	}
}

// value returns a field that read has found to be sent once at most.
func (a *attempt) value(name string) string {
	value, _ := a.lookup(name)
	return value
}

func (a *attempt) lookup(name string) (value string, count int) { return a.body.Count(name) }

// weigh adds a finding to the score. It reports false where the form only records what
// the signal finds.
func (a *attempt) weigh(g signal.Group, f *Finding) (counts bool) {
	if slices.Contains(a.form.config.MonitorSignals, f.Signal) {
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
	return a.ticket.carry > 0 && a.ticket.agent == agentTag(a.req)
}

// Life of marks, and caps that bound what one network can make the guard do.
const (
	// unverifiedLife is how long a token is remembered before its provider has
	// vouched for it; longer than any provider call may take.
	unverifiedLife = 90 * time.Second

	unverifiedBurst = 30 // tokens of one network under way at once …
	unverifiedEvery = unverifiedLife / unverifiedBurst

	deriveBurst = 60 // derivations for one network at once …
	deriveEvery = time.Second
)

// derive does the work of the proof, if the network's budget has a derivation left.
func (a *attempt) derive(ctx context.Context) (right bool, err error) {
	take := store.Take{Key: a.networkKey("derive\x00"), Every: deriveEvery, Burst: deriveBurst}
	result, err := a.form.guard.budget.Spend(ctx, store.Trip{Now: a.now, Takes: []store.Take{take}})
	switch {
	case err != nil:
		return false, err
	case result.Status != store.Granted:
		return false, pow.ErrBusy
	}
	return a.form.guard.pow.Derive(ctx, a.proof)
}

// trip is all that this attempt asks of the store. The takes from soft on do not refuse:
// above these limits the form asks for a step. A visitor who took the step is not
// affected.
func (a *attempt) trip(f *Form) (trip store.Trip, soft int) {
	takes := a.fill(a.takes[:0], f.limits)
	expires := a.ticket.issued.Add(f.config.MaxAge)
	// The proof is bound to the ticket, so the ticket's claim uses up both.
	claims := append(a.claims[:0], store.Claim{Key: a.ticket.key(), Issued: a.ticket.issued, Expires: expires})
	if _, service := f.asks(a); service {
		takes = append(takes, store.Take{Key: a.networkKey("unverified\x00"), Every: unverifiedEvery, Burst: unverifiedBurst})
		claims = append(claims, store.Claim{Key: tokenKey(a.token), Pool: store.Unverified, Expires: a.now.Add(unverifiedLife)})
	}
	soft = len(takes)
	if a.proof.Level() < topLevel {
		takes = a.fill(takes, f.networks)
		if take, ok := f.minted(a); ok {
			takes = append(takes, take)
		}
	}
	return store.Trip{Now: a.now, Claims: claims, Takes: takes}, soft
}

// fill makes the rules' takes ready. While a step-down stands in for a provider
// every limit counts double.
func (a *attempt) fill(takes []store.Take, rules []rule) []store.Take {
	cost := 1
	if a.ticket.has(flagStepDown) {
		cost = 2
	}
	for i := range rules {
		if take, ok := rules[i].fill(a, cost); ok {
			takes = append(takes, take)
		}
	}
	return takes
}

func (a *attempt) networkKey(purpose string) store.Key {
	return store.Key(a.form.guard.keys.lookup.TagAddr(purpose, clientip.Network(a.addr).Addr()))
}

// decide turns an ending into the decision, the only thing that leaves.
func (a *attempt) decide(v ending) Decision {
	f := a.form
	d := Decision{
		ID: NewID(), Site: f.guard.config.Site, Form: f.config.Name, Time: a.now,
		Outcome: v.outcome, Would: v.outcome, Reason: v.reason, Level: a.need, Score: a.score.Total(),
		RetryAfter: v.wait, Err: v.err, Findings: a.findings,
		judged: true, stepDown: a.stepDown, link: a.link, carry: a.ticket.carry,
	}
	if a.addr.IsValid() {
		tag := f.guard.keys.lookup.TagAddr("visitor\x00", clientip.Prefix(a.addr).Addr())
		d.Visitor = Visitor(tag[:])
	}
	if f.config.Monitor && d.Reason != ReasonExempt {
		d.Outcome, d.Monitored = Allow, true
	}
	if d.Outcome == Allow {
		_, service := f.asks(a)
		d.visible = service || a.proof.Level() > 0 || a.carried()
	}
	return d
}

func agentTag(r *http.Request) [2]byte {
	if lines := r.Header["User-Agent"]; len(lines) > 0 {
		return tag16(lines[0])
	}
	return tag16("")
}

// networkTag stands for a network, /24 of IPv4 and /48 of IPv6: a keyed hash, long
// enough that no two networks share a limit by chance or by search.
type networkTag [8]byte

func (g *Guard) networkTag(addr netip.Addr) (tag networkTag) {
	full := g.keys.lookup.TagAddr("network\x00", clientip.Network(addr).Addr())
	copy(tag[:], full[:])
	return tag
}

// tag16 folds text into 16 bits (FNV-1a): enough to notice a change, too few to
// tell one visitor from another.
func tag16(text string) [2]byte {
	hash := uint32(2166136261)
	for i := range len(text) {
		hash = (hash ^ uint32(text[i])) * 16777619
	}
	hash ^= hash >> 16
	return [2]byte{byte(hash >> 8), byte(hash)}
}

// binding is what a proof is bound to besides the site, whose name is in the
// key: the form and this one ticket.
func (t *ticket) binding() (b [formIDSize + nonceSize]byte) {
	copy(b[:], t.form[:])
	copy(b[formIDSize:], t.nonce[:])
	return b
}

// key names the ticket in the store. The nonce is random, so it needs no hash.
func (t *ticket) key() store.Key {
	var key store.Key
	copy(key[:], t.nonce[:])
	copy(key[nonceSize:], "tick")
	return key
}
