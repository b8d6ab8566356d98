package palisade

import (
	"context"
	"html/template"
	"net/http"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/web"
)

// Pass shows that an attempt was allowed. Only a guard can make one: the zero
// Pass, and any that was not handed out by [Form.Handle] or [Form.Protect], is
// not valid.
type Pass struct {
	form     *Form
	request  *http.Request
	decision Decision
}

// Valid reports whether the pass stands for an allowed attempt.
func (p Pass) Valid() bool { return p.form != nil && p.decision.Allowed() }

// Decision returns the decision behind the pass. That of an invalid pass denies.
func (p Pass) Decision() Decision { return p.decision }

// Form returns the name of the form that the pass is for.
func (p Pass) Form() string { return p.decision.Form }

// maxCarry is how many corrections one visible solve is good for.
const maxCarry = 2

// Retry returns the markup of [Form.Fields] for a form that is shown again because the
// application found something to correct. The visible solve is carried over, at most
// twice, so that a person who mistyped a field is not asked again. The silent proof is
// made anew. The limits are taken again, and get back what this submission took, as
// FormConfig.Count says. Call it only when the submission had no
// effect.
func (p Pass) Retry() template.HTML {
	if !p.Valid() {
		return ""
	}
	return p.RetryIn(Page{Nonce: nonceOf(p.request)})
}

// RetryIn is Retry for a page that does not allow everything.
func (p Pass) RetryIn(page Page) template.HTML {
	if !p.Valid() {
		return ""
	}
	p.corrected()
	return p.form.fields(p.request, page, p.retry())
}

// RetryOffer is Retry for programs.
func (p Pass) RetryOffer() (Offer, error) {
	if !p.Valid() {
		return Offer{}, errInvalidPass
	}
	p.corrected()
	return p.form.offer(p.request, p.retry())
}

// retry is the wish for a ticket that carries the solve, or for an ordinary one
// when it was carried often enough.
func (p Pass) retry() wish {
	if p.decision.carry >= maxCarry || p.decision.Reason == ReasonExempt {
		return wish{rung: p.form.pageRung(), decoys: true}
	}
	w := wish{flags: ticket.Retry, decoys: true}
	if p.decision.visible {
		w.carry = p.decision.carry + 1
	} else {
		w.rung = p.form.pageRung()
	}
	return w
}

// Resend answers for a handler that could not be reached. The page keeps all input and
// sends it again, like the page of [Form.Refuse]. Its new ticket carries the solve like
// that of [Pass.Retry]. Call it only when the submission had no effect. r must still have
// its body.
func (p Pass) Resend(w http.ResponseWriter, r *http.Request, status int) {
	if !p.Valid() {
		http.Error(w, http.StatusText(status), status)
		return
	}
	p.Settle(EffectRejected)
	again := p.retry()
	again.decoys = false // the page has no form of the app's to hide them in
	again.rung = max(again.rung, challenge.Visible)
	p.form.reply(w, p.decision.submission(r), p.decision).ask(again, status, web.WhyDown)
}

type passKey struct{}

// PassFrom returns the pass of a request that came through [Form.Protect].
func PassFrom(ctx context.Context) (Pass, bool) {
	pass, ok := ctx.Value(passKey{}).(Pass)
	return pass, ok && pass.Valid()
}
