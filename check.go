package palisade

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/internal/submission"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
)

// An attempt passes through the steps in this order: cheap before dear, local before
// remote. Nothing is spent before the store's one trip. If no step ends the judgement,
// the attempt is allowed.
var steps = [...]step{
	{run: (*attempt).exempt},                    // FormConfig.Exempt
	{run: (*attempt).read},                      // bounded body; one value for each field that decides
	{run: (*attempt).identify},                  // one typed client address
	{run: (*attempt).inspectRequest},            // signals of the request: a cross-site browser is refused
	{run: (*attempt).checkTicket},               // ours, for this form, old enough, not too old
	{run: (*attempt).inspectTicket},             // signals that compare with the ticket
	{run: (*attempt).weigh},                     // findings -> the rung that the answer must open
	{run: (*attempt).checkAnswer},               // enough for the level; format, signature, binding; no work yet
	{run: (*attempt).follow, spends: true},      // a redirect of the app led an allowed submission here
	{run: (*attempt).derive, spends: true},      // the work of the embedded proof, within the network's budget
	{run: (*attempt).spend, spends: true},       // ONE trip: the sender's limits, and ticket and proof are used up
	{run: (*attempt).judgeReply, spends: true},  // the captcha's service is asked, where one was
	{run: (*attempt).takeTargets, spends: true}, // limits that belong to somebody else
}

type step struct {
	run    func(*attempt, context.Context) ending
	spends bool // it uses something up or asks somebody, so monitor mode leaves it out
}

func (a *attempt) judge(ctx context.Context) Decision {
	list := steps[:]
	if a.hasSession() {
		list = sessionSteps[:]
	}
	for _, step := range list {
		if step.spends && a.form.config.Monitor {
			continue
		}
		if v := step.run(a, ctx); v.ends {
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

func deny(why Reason) ending       { return ending{ends: true, outcome: Deny, reason: why} }
func challenged(why Reason) ending { return ending{ends: true, outcome: Challenge, reason: why} }

// outage is the one place where something being gone becomes a decision. If the service
// of a kind of challenge is out of reach, the next kind of the ladder stands in. Any
// other failure refuses the attempt.
func (a *attempt) outage(why Reason, err error) ending {
	if why == ReasonProviderDown {
		if next := a.form.ladder.After(a.kind); next != nil {
			a.next = next.ID
			if next.StandIn {
				a.need = max(a.need, next.Rung)
			}
			return ending{ends: true, outcome: Challenge, reason: why, err: err}
		}
	}
	return ending{ends: true, outcome: Deny, reason: why, err: err}
}

func (a *attempt) exempt(_ context.Context) ending {
	if a.form.config.Exempt != nil && a.form.config.Exempt(a.req) {
		return ending{ends: true, outcome: Allow, reason: ReasonExempt}
	}
	return goOn
}

func (a *attempt) read(_ context.Context) ending {
	a.sub.readFor(a.form)
	switch err := a.sub.err; {
	case err == nil:
		return goOn
	case errors.Is(err, submission.ErrTooLarge):
		return deny(ReasonTooLarge)
	case errors.Is(err, submission.ErrUnsupported):
		return deny(ReasonUnsupported)
	case errors.Is(err, submission.ErrAmbiguous):
		return deny(ReasonAmbiguous)
	case errors.Is(err, errBrowser) && a.fromOurPage():
		a.need = challenge.Hard
		return challenged(ReasonCapsule)
	case errors.Is(err, errCapsule), errors.Is(err, errBrowser):
		return deny(ReasonCapsule)
	}
	return deny(ReasonUnreadable)
}

// fromOurPage reports that a browser names a page of ours as the origin.
func (a *attempt) fromOurPage() bool {
	_, found := signal.Origin(a.req.Header, a.form.guard.hostsOf(a.req))
	return !found
}

func (a *attempt) identify(_ context.Context) ending {
	addr, err := a.form.guard.config.ClientIP.Addr(a.req)
	if err != nil {
		return deny(ReasonAddress)
	}
	a.addr = addr
	return goOn
}

func (a *attempt) inspectRequest(_ context.Context) ending {
	a.evidence.Header, a.evidence.Told, a.evidence.Hosts = a.req.Header, a.sub.given, a.form.guard.hostsOf(a.req)
	return a.inspect(false)
}

func (a *attempt) inspectTicket(_ context.Context) ending {
	e, t := &a.evidence, &a.ticket
	e.Age, e.MinFill, e.Retry = a.now.Sub(t.Issued), a.form.fillOf(t), t.Has(ticket.Retry)
	e.AgentChanged = t.Agent != ticket.AgentOf(a.req.Header)
	e.NetworkChanged = t.Network != a.form.guard.keys.Network(a.addr)
	a.readReport()
	if t.Has(ticket.Decoys) && !a.sub.body.JSON() {
		a.decoys = signal.Decoys(t.DecoySeed())
		e.Decoys, e.Fields = &a.decoys, &a.sub.body
	}
	return a.inspect(true)
}

// readReport reads what the page's script says about browser and visitor. It comes with the
// proof.
func (a *attempt) readReport() {
	e := &a.evidence
	e.Proven = a.sub.proofText != ""
	if a.sub.reportText == "" {
		return
	}
	var ours bool
	if a.report, ours = signal.ParseReport(a.sub.reportText, a.sub.ticketText); ours {
		e.Report = &a.report
	}
	e.Foreign = !ours
}

// inspect asks the signals that need a ticket, or the others.
func (a *attempt) inspect(ticket bool) ending {
	for i := range signal.All {
		s, setting := &signal.All[i], &a.form.settings[i]
		if s.Ticket != ticket || setting.Mode == signal.Off {
			continue
		}
		before := len(a.findings)
		a.findings = s.Inspect(&a.evidence, a.findings)
		for j := before; j < len(a.findings); j++ {
			finding := &a.findings[j]
			switch counts := a.count(s.Group, finding, setting); {
			case counts && finding.Hard:
				return deny(finding.Reason)
			case counts && finding.Reason == signal.ReasonDecoyFilled && a.form.config.Divert != nil:
				return ending{ends: true, outcome: Divert, reason: finding.Reason}
			}
		}
	}
	return goOn
}

// checkTicket believes nothing in a ticket before its signature holds. A visitor without
// a good ticket is asked for a hard step, because a page of ours always gives one.
func (a *attempt) checkTicket(_ context.Context) ending {
	why := ReasonTicketMissing
	if a.sub.ticketText != "" {
		t, ours := a.sub.ticketOf(a.form.guard)
		if ours && a.form.fits(t) && !t.Issued.After(a.now.Add(pow.ClockSkew)) && (a.sub.inHeader || !t.Has(ticket.Script)) {
			a.ticket, why = *t, ""
		} else {
			why = ReasonTicketForged
		}
	}
	if why != "" {
		a.need = challenge.Hard
		return challenged(why)
	}
	a.kind = a.form.ladder.Kind(a.ticket.Kind)
	if !a.kind.StandIn {
		a.next = a.kind.ID
	}
	a.need = max(a.base(), a.ticket.Rung)
	age := a.now.Sub(a.ticket.Issued)
	if age >= a.form.config.MaxAge {
		return challenged(ReasonTicketExpired)
	}
	if age < a.ticket.Rung.Age(a.form.fillOf(&a.ticket)) {
		return challenged(ReasonTicketTooNew)
	}
	return goOn
}

// fits reports whether a ticket of ours is one of this form.
func (f *Form) fits(t *ticket.Ticket) bool {
	return t.Form == f.id && t.Rung <= f.ladder.Top() && !t.Has(ticket.Page|ticket.Session)
}

// weigh asks for more proof the more suspicious the attempt is. Suspicion never denies:
// that takes a hard finding.
func (a *attempt) weigh(_ context.Context) ending {
	switch score := a.score.Total(); {
	case score >= a.form.config.HardStep:
		a.need = max(a.need, challenge.Hard)
	case score >= a.form.config.Step:
		a.need = max(a.need, challenge.Visible)
	}
	return goOn
}

// checkAnswer checks everything about the answer that costs nothing. The kind of
// challenge must open the rung that is needed by now. The proof must be ours and for this
// ticket. There must be a reply if the kind asks for one.
func (a *attempt) checkAnswer(_ context.Context) ending {
	if a.kind.Work != challenge.NoWork {
		if v := a.checkProof(); v.ends {
			return v
		}
	}
	if a.kind.Field != "" {
		a.reply = a.sub.reply(a.kind.Field)
	}
	if a.kind.Rung < a.need {
		return challenged(a.missing())
	}
	switch {
	case a.kind.Check == nil || a.reply != "":
		return goOn
	case a.kind.Token:
		return challenged(ReasonCaptcha)
	}
	return challenged(ReasonUnanswered)
}

// missing says why the answer does not open the rung that is needed.
func (a *attempt) missing() Reason {
	switch next := a.form.ladder.Ask(a.need, a.next); {
	case next.Token && next.Work <= a.kind.Work:
		return ReasonCaptcha
	case a.score.Total() >= a.form.config.Step:
		return ReasonSuspicious
	}
	return ReasonProofWeak
}

func (a *attempt) checkProof() ending {
	if a.sub.proofText == "" {
		return challenged(ReasonProofMissing)
	}
	binding := a.ticket.Binding()
	proof, why := a.form.guard.proofs.Check(a.sub.proofText, binding[:], a.now)
	if why != "" {
		a.wrong(fromProof, Reason(why))
		a.need = max(a.need, challenge.Visible)
		return challenged(ReasonProofBad)
	}
	if a.proof = proof; proof.Level() < a.kind.Work.Level() {
		return challenged(ReasonProofWeak)
	}
	return goOn
}

// follow allows a submission that this process has allowed before, and that the app has
// sent on with 307 or 308 to this target. Ticket, proof and limits are used up already.
func (a *attempt) follow(_ context.Context) ending {
	if a.answer = a.form.recent.Follow(a.duplicateKey(), a.now); a.answer == nil {
		return goOn
	}
	return ending{ends: true, outcome: Allow, reason: ReasonClean}
}

// spend makes the one trip to the store. Up to here nothing is used up and the
// same ticket may be sent again; from here on ticket and proof are gone.
func (a *attempt) spend(ctx context.Context) ending {
	trip, soft := a.trip()
	result, err := a.form.visit(ctx, trip)
	if err != nil {
		return a.outage(ReasonStoreDown, err)
	}
	switch result.Status {
	case store.Granted:
		a.keep(trip.Takes)
		a.answer = a.form.recent.Begin(a.duplicateKey(), a.now)
		return goOn
	case store.Spent:
		if a.answer = a.form.recent.Find(a.duplicateKey(), a.now); a.answer != nil {
			return deny(ReasonDuplicate)
		}
		return challenged(ReasonTicketSpent)
	}
	return a.refused(ctx, result, soft)
}

// refused is the ending of a trip that the store refused by a limit or by its memory. The
// takes from soft on ask for a step.
func (a *attempt) refused(ctx context.Context, result store.Result, soft int) ending {
	switch {
	case result.Status == store.Forgotten:
		return challenged(ReasonForgotten)
	case result.Status != store.Limited:
		return a.outage(ReasonStoreDown, errNoAnswer)
	}
	over := a.rules[result.Index]
	a.form.tellLimit(ctx, over, result.Index >= soft)
	if result.Index < soft {
		return ending{ends: true, outcome: Deny, reason: ReasonOverLimit, wait: result.Wait}
	}
	a.need = challenge.Hard
	v := challenged(ReasonNetworkLimit)
	switch over.by.kind {
	case byIP:
		v.reason = ReasonAddressLimit
	case byForm:
		v.reason = ReasonTargetLimit
	}
	v.wait = result.Wait
	return v
}

// derive does the one costly look at a proof, before anything is claimed: made-up proofs
// must not fill the store, because people need it. Each costs a derivation, so a network
// has a budget of derivations. Over the budget, and where the processor's share is taken,
// the form asks for a step whose proof is known without a derivation.
func (a *attempt) derive(ctx context.Context) ending {
	if a.kind.Work == challenge.NoWork || a.proof.Derived() {
		return goOn
	}
	right, err := a.work(ctx)
	switch {
	case errors.Is(err, pow.ErrBusy):
		a.need = max(a.need, challenge.Visible)
		return challenged(ReasonBusy)
	case err != nil:
		return a.outage(ReasonBusy, err)
	case !right:
		a.need = challenge.Hard
		return challenged(ReasonProofWrong)
	}
	return goOn
}

// judgeReply has the kind of challenge judge the reply. The ticket is used up by now, so
// a wrong reply costs one. A token is in the pool of unverified bytes so far. When its
// maker vouches for it, it is claimed for good.
func (a *attempt) judgeReply(ctx context.Context) ending {
	if a.kind.Check == nil {
		return goOn
	}
	result, err := a.askKind(ctx)
	switch {
	case errors.Is(err, challenge.ErrUnavailable):
		return a.outage(ReasonProviderDown, err)
	case err != nil:
		return a.outage(ReasonProviderMisfit, err)
	case !result.OK:
		a.wrong(fromCaptcha, result.Reason)
		return challenged(result.Reason)
	case a.kind.Token:
		return a.promote(ctx, cmp.Or(result.ID, a.reply), result.Life)
	}
	return goOn
}

// promote claims a token for good, by its identity: one token may have several spellings.
func (a *attempt) promote(ctx context.Context, id string, life time.Duration) ending {
	claim := store.Claim{Key: tokenKey(id), Expires: a.now.Add(life + unverifiedLife)}
	result, err := a.form.visit(ctx, store.Trip{Now: a.now, Claims: []store.Claim{claim}})
	switch {
	case err != nil:
		return a.outage(ReasonStoreDown, err)
	case result.Status == store.Granted:
		return goOn
	}
	return challenged("captcha-" + Reason(captcha.ReasonSpent))
}

// takeTargets takes the limits that belong to somebody other than the sender. Above them
// the form asks for a hard step. A visitor who passed a hard step already is not
// affected.
func (a *attempt) takeTargets(ctx context.Context) ending {
	takes := a.fill(a.takes[:0], a.form.targets)
	if a.sub.opens || len(takes) == 0 || a.kind.Rung >= challenge.Hard {
		return goOn
	}
	result, err := a.form.visit(ctx, store.Trip{Now: a.now, Takes: takes})
	switch {
	case err != nil:
		return a.outage(ReasonStoreDown, err)
	case result.Status == store.Granted:
		a.keep(takes)
		return goOn
	}
	a.form.tellLimit(ctx, a.rules[result.Index], true)
	a.need = challenge.Hard
	return challenged(ReasonTargetLimit)
}

// base is the rung that the form asks of everybody.
func (a *attempt) base() challenge.Rung {
	if a.carried() {
		return challenge.Silent
	}
	return a.form.pageRung()
}

func tokenKey(token string) store.Key {
	sum := sha256.Sum256([]byte(token))
	return store.Key(sum[:])
}

var errNoAnswer = errors.New("palisade: the store gave no answer")
