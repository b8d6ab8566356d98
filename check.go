package palisade

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
)

// steps are what an attempt passes through, in this order: cheap before dear,
// local before remote, and nothing is spent before the store's one trip. Each
// step may end the judgement; an attempt that no step ends is allowed.
var steps = [...]step{
	{run: (*Form).exempt},                    // FormConfig.Exempt
	{run: (*Form).read},                      // bounded body; one value for each field that decides
	{run: (*Form).identify},                  // one typed client address
	{run: (*Form).inspectRequest},            // signals of the request: a cross-site browser is refused
	{run: (*Form).checkTicket},               // ours, for this form, old enough, not too old
	{run: (*Form).inspectTicket},             // signals that compare with the ticket
	{run: (*Form).weigh},                     // findings -> the level that a proof must show
	{run: (*Form).checkProof},                // format, signature, binding, level; no work yet
	{run: (*Form).derive, spends: true},      // the work of the embedded proof, within the network's budget
	{run: (*Form).spend, spends: true},       // ONE trip: the sender's limits, and ticket and proof are used up
	{run: (*Form).ask, spends: true},         // the provider, where the level asks for it
	{run: (*Form).takeTargets, spends: true}, // limits that belong to somebody else
}

type step struct {
	run    func(*Form, context.Context, *attempt) ending
	spends bool // it uses something up or asks somebody, so monitor mode leaves it out
}

func (f *Form) judge(ctx context.Context, a *attempt) Decision {
	for _, step := range steps {
		if step.spends && f.config.Monitor {
			continue
		}
		if v := step.run(f, ctx, a); v.ends {
			return a.decide(v)
		}
	}
	return a.decide(ending{outcome: Allow, reason: ReasonClean})
}

// ending is how a step ends the judgement; the zero value goes on.
type ending struct {
	ends    bool
	outcome Outcome
	reason  Reason
	wait    time.Duration
	err     error // the outage, never a refusal
}

var goOn ending

func deny(why Reason) ending      { return ending{ends: true, outcome: Deny, reason: why} }
func challenge(why Reason) ending { return ending{ends: true, outcome: Challenge, reason: why} }

// outage is the one place where something being gone becomes a decision. Only a
// provider that is really down has a stand-in, the next of the chain and at its end
// the embedded step; all else is refused.
func (f *Form) outage(a *attempt, why Reason, err error) ending {
	if next := a.link + 1; why == ReasonProviderDown && int(next) < len(f.guard.chain) {
		a.link = next
		return ending{ends: true, outcome: Challenge, reason: why, err: err}
	}
	if why == ReasonProviderDown && f.config.ProviderDown == StepDown {
		a.need, a.stepDown = topLevel, true
		return ending{ends: true, outcome: Challenge, reason: why, err: err}
	}
	return ending{ends: true, outcome: Deny, reason: why, err: err}
}

func (f *Form) exempt(_ context.Context, a *attempt) ending {
	if f.config.Exempt != nil && f.config.Exempt(a.req) {
		return ending{ends: true, outcome: Allow, reason: ReasonExempt}
	}
	return goOn
}

func (f *Form) read(_ context.Context, a *attempt) ending {
	err := a.read(f)
	switch {
	case err == nil:
		return goOn
	case errors.Is(err, errTooLarge):
		return deny(ReasonTooLarge)
	case errors.Is(err, errUnsupported):
		return deny(ReasonUnsupported)
	case errors.Is(err, errAmbiguous):
		return deny(ReasonAmbiguous)
	case errors.Is(err, errBrowser) && f.fromOurPage(a.req):
		a.need = topLevel
		return challenge(ReasonCapsule)
	case errors.Is(err, errCapsule), errors.Is(err, errBrowser):
		return deny(ReasonCapsule)
	}
	return deny(ReasonUnreadable)
}

// fromOurPage reports what only a browser says, of a page of ours.
func (f *Form) fromOurPage(r *http.Request) bool {
	_, found := signal.Origin(r.Header, f.guard.hostsOf(r))
	return !found
}

func (f *Form) identify(_ context.Context, a *attempt) ending {
	addr, err := f.guard.config.ClientIP.Addr(a.req)
	if err != nil {
		return deny(ReasonAddress)
	}
	a.addr = addr
	return goOn
}

func (f *Form) inspectRequest(_ context.Context, a *attempt) ending {
	a.evidence.Header, a.evidence.Hosts = a.req.Header, f.guard.hostsOf(a.req)
	return f.inspect(a, false)
}

func (f *Form) inspectTicket(_ context.Context, a *attempt) ending {
	e, t := &a.evidence, &a.ticket
	e.Age, e.MinFill, e.Retry = a.now.Sub(t.issued), f.config.MinFill, t.has(flagRetry)
	e.AgentChanged = t.agent != agentTag(a.req)
	e.NetworkChanged = t.network != f.guard.networkTag(a.addr)
	if t.has(flagDecoys) && !a.body.json {
		a.decoys = signal.Decoys(a.signer.decoySeed(t))
		e.Decoys, e.Fields = &a.decoys, a.body
	}
	return f.inspect(a, true)
}

// inspect asks the signals that need a ticket, or the others.
func (f *Form) inspect(a *attempt, ticket bool) ending {
	for i := range signal.All {
		s := &signal.All[i]
		if s.Ticket != ticket {
			continue
		}
		before := len(a.findings)
		a.findings = s.Inspect(&a.evidence, a.findings)
		for j := before; j < len(a.findings); j++ {
			finding := &a.findings[j]
			switch counts := a.weigh(s.Group, finding); {
			case counts && finding.Hard:
				return deny(finding.Reason)
			case counts && finding.Reason == signal.ReasonDecoyFilled && f.config.Divert != nil:
				return ending{ends: true, outcome: Divert, reason: finding.Reason}
			}
		}
	}
	return goOn
}

// checkTicket believes nothing in a ticket before its signature holds. A visitor without
// a good ticket starts at the highest level, because a page of ours always gives one.
func (f *Form) checkTicket(_ context.Context, a *attempt) ending {
	t, signer, why := f.guard.keys.parseTicket(a.ticketText)
	if why == "" && (t.form != f.id || t.level > topLevel || t.issued.After(a.now.Add(pow.ClockSkew))) {
		why = ReasonTicketForged
	}
	if why != "" {
		a.need = topLevel
		return challenge(why)
	}
	a.ticket, a.signer = t, signer
	a.link = f.guard.chain.linkOf(&t)
	a.token = a.tokens[a.link]
	a.need = max(f.baseLevel(a), t.level)
	age := a.now.Sub(t.issued)
	if age >= f.config.MaxAge {
		return challenge(ReasonTicketExpired)
	}
	if age < f.wait(t.level) {
		return challenge(ReasonTicketTooNew)
	}
	return goOn
}

// Suspicion, as the sum of log-odds, from which more proof is asked for. It
// never denies: that takes a hard finding.
const (
	suspicious     = 2.0
	verySuspicious = 5.0
)

func (f *Form) weigh(_ context.Context, a *attempt) ending {
	switch score := a.score.Total(); {
	case score >= verySuspicious:
		a.need = max(a.need, 2)
	case score >= suspicious:
		a.need = max(a.need, 1)
	}
	return goOn
}

// checkProof looks at everything about the proof that costs nothing: whether it
// is ours, for this ticket, and shows enough. It also sees to it that a needed
// captcha was tried at all.
func (f *Form) checkProof(_ context.Context, a *attempt) ending {
	if a.proofText == "" {
		return challenge(ReasonProofMissing)
	}
	binding := a.ticket.binding()
	proof, why := f.guard.pow.Check(a.proofText, binding[:], a.now)
	if why != "" {
		a.wrong(fromProof, Reason(why))
		a.need = max(a.need, 1)
		return challenge(ReasonProofBad)
	}
	a.proof = proof
	work, service := f.asks(a)
	if proof.Level() < work {
		if a.score.Total() >= suspicious {
			return challenge(ReasonSuspicious)
		}
		return challenge(ReasonProofWeak)
	}
	if service && a.token == "" {
		return challenge(ReasonCaptcha)
	}
	return goOn
}

// spend makes the one trip to the store. Up to here nothing is used up and the
// same ticket may be sent again; from here on ticket and proof are gone.
func (f *Form) spend(ctx context.Context, a *attempt) ending {
	trip, soft := a.trip(f)
	result, err := f.guard.config.Store.Spend(ctx, trip)
	if err != nil {
		return f.outage(a, ReasonStoreDown, err)
	}
	switch result.Status {
	case store.Granted:
		a.answer = f.recent.begin(a)
		return goOn
	case store.Limited:
		if result.Index >= soft {
			a.need = topLevel
			return challenge(ReasonNetworkLimit)
		}
		return ending{ends: true, outcome: Deny, reason: ReasonOverLimit, wait: result.Wait}
	case store.Forgotten:
		return challenge(ReasonForgotten)
	case store.Spent:
		if a.answer = f.recent.find(a); a.answer != nil {
			return deny(ReasonDuplicate)
		}
		return challenge(ReasonTicketSpent)
	}
	return f.outage(a, ReasonStoreDown, errNoAnswer)
}

// derive does the one costly look at a proof, before anything is claimed: made-up proofs
// must not fill the store, because people need it. Each costs a derivation, so a network
// has a budget of derivations. Over the budget, and where the processor's share is taken,
// the form asks for a step whose proof is known without a derivation.
func (f *Form) derive(ctx context.Context, a *attempt) ending {
	if a.proof.Derived() {
		return goOn
	}
	right, err := a.derive(ctx)
	switch {
	case errors.Is(err, pow.ErrBusy):
		a.need = max(a.need, 1)
		return challenge(ReasonBusy)
	case err != nil:
		return f.outage(a, ReasonBusy, err)
	case !right:
		a.need = topLevel
		return challenge(ReasonProofWrong)
	}
	return goOn
}

// ask has the provider verify the token. Its claim so far stands in the pool of
// unverified bytes; with the provider's word it is claimed for good.
func (f *Form) ask(ctx context.Context, a *attempt) ending {
	if _, service := f.asks(a); !service {
		return goOn
	}
	provider := f.guard.provider(&a.ticket)
	result, err := provider.Verify(ctx, captcha.Attempt{
		Token: a.token, Remote: a.addr, Now: a.now,
		Expect: captcha.Expect{Hosts: f.guard.hostnames, Action: f.config.Name},
	})
	switch {
	case errors.Is(err, captcha.ErrUnavailable):
		return f.outage(a, ReasonProviderDown, err)
	case err != nil:
		return f.outage(a, ReasonProviderMisfit, err)
	case !result.OK:
		why := Reason("captcha-" + string(result.Reason))
		a.wrong(fromCaptcha, why)
		return challenge(why)
	}
	return f.promote(ctx, a, cmp.Or(result.ID, a.token), provider.Service().Life)
}

// promote claims for good what a token is, by whichever text it came.
func (f *Form) promote(ctx context.Context, a *attempt, id string, life time.Duration) ending {
	claim := store.Claim{Key: tokenKey(id), Expires: a.now.Add(life + unverifiedLife)}
	result, err := f.guard.config.Store.Spend(ctx, store.Trip{Now: a.now, Claims: []store.Claim{claim}})
	switch {
	case err != nil:
		return f.outage(a, ReasonStoreDown, err)
	case result.Status == store.Granted:
		return goOn
	}
	return challenge("captcha-" + Reason(captcha.ReasonSpent))
}

// takeTargets takes the limits that belong to somebody other than the sender.
// Over them, the hardest proof is asked for, and whoever shows it goes through.
func (f *Form) takeTargets(ctx context.Context, a *attempt) ending {
	takes := a.fill(a.takes[:0], f.targets)
	if len(takes) == 0 || a.proof.Level() == topLevel {
		return goOn
	}
	result, err := f.guard.config.Store.Spend(ctx, store.Trip{Now: a.now, Takes: takes})
	switch {
	case err != nil:
		return f.outage(a, ReasonStoreDown, err)
	case result.Status == store.Granted:
		return goOn
	}
	a.need = topLevel
	return challenge(ReasonTargetLimit)
}

// Levels of proof: 0 is the silent one, 1 the visible step, 2 the hardest local
// one. The code and mailbox challenges will stand above them.
const topLevel uint8 = 2

// wait is how old a ticket of a level must be to be submitted. Age is what a bot
// cannot buy: it is measured here, from the signed time of issue. Being
// challenged must never be quicker than filling the form as people do.
func (f *Form) wait(level uint8) time.Duration {
	switch level {
	case 0:
		return 0
	case 1:
		return max(3*time.Second, f.config.MinFill)
	}
	return max(8*time.Second, 2*f.config.MinFill)
}

// baseLevel is what the form asks of everybody.
func (f *Form) baseLevel(a *attempt) uint8 {
	if f.config.Ask != Always || a.carried() {
		return 0
	}
	return 1
}

// asks tells what the needed level means for this attempt.
func (f *Form) asks(a *attempt) (work uint8, service bool) { return f.requires(a.need, &a.ticket) }

// requires tells what a level means under a ticket: how much embedded work, and
// whether the provider's token on top. Next to a provider's captcha the first
// step is that captcha and no more work than the silent proof's.
func (f *Form) requires(level uint8, t *ticket) (work uint8, service bool) {
	if f.guard.provider(t) == nil || f.config.Ask == Never || t.has(flagStepDown) {
		return level, false
	}
	if level == topLevel {
		return topLevel, true
	}
	return 0, level > 0
}

func tokenKey(token string) store.Key {
	sum := sha256.Sum256([]byte(token))
	return store.Key(sum[:])
}

var errNoAnswer = errors.New("palisade: the store gave no answer")
