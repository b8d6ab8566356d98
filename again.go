package palisade

import (
	"html/template"
	"net/http"

	"github.com/palisade-dev/palisade/signal"
)

// Again returns the markup for showing the form once more on a page of the app,
// and the ticket in it. It is for programs that call [Form.Check] themselves and
// answer with the page of the form instead of [Form.Refuse]. What it holds
// depends on what came of the attempt:
//
//   - The zero Decision says that nothing was judged, for instance because the app
//     looks at its own fields first. Ticket and proof that r brought are kept, so
//     that a visitor who took the visible step is not asked again.
//   - A challenge is put to the visitor in the form itself.
//   - After an allowed attempt it is what [Pass.Retry] gives.
//
// The ticket is nil where none may be minted now, and the markup then that of
// [Form.CachedFields]. A denied attempt gets an ordinary ticket.
func (f *Form) Again(r *http.Request, d Decision, page Page) (template.HTML, *Ticket) {
	if page.Cached {
		return f.markup(shown{}, page), nil
	}
	if !d.judged {
		if kept, ok := f.keep(r); ok {
			return f.markup(kept, page), kept.ticket
		}
	}
	w := f.wishAfter(d)
	w.decoys = !page.NoStyle && !page.Inline
	o, err := f.offer(r, w)
	if err != nil {
		return f.markup(shown{}, page), nil
	}
	return f.markup(shown{ticket: &o, ask: d.judged && d.Outcome == Challenge && o.Level > 0}, page), &o
}

// wishAfter is the ticket that follows a decision.
func (f *Form) wishAfter(d Decision) wish {
	switch {
	case d.Allowed():
		return Pass{form: f, decision: d}.retry()
	case d.judged && d.Outcome == Challenge:
		return wish{level: max(d.Level, 1), flags: flagRetry, stepDown: d.stepDown, link: d.link}
	}
	return wish{level: f.pageLevel()}
}

// keep returns what r brought, if its ticket is still good. Whether it was spent
// is not asked: that is seen when it is judged.
func (f *Form) keep(r *http.Request) (shown, bool) {
	a := f.begin(r)
	defer a.end()
	if err := a.read(f); err != nil {
		return shown{}, false
	}
	t, signer, why := f.guard.keys.parseTicket(a.ticketText)
	if why != "" || t.form != f.id || t.level > topLevel || a.now.Sub(t.issued) >= f.config.MaxAge {
		return shown{}, false
	}
	if _, err := f.guard.config.ClientIP.Addr(r); err != nil {
		return shown{}, false
	}
	if granted, err := f.afford(r, f.addrOf(r), t.level, a.now); err != nil || !granted {
		return shown{}, false
	}
	o, err := f.describe(r, &t)
	if err != nil {
		return shown{}, false
	}
	if o.Ticket = a.ticketText; t.has(flagDecoys) { // under whichever key it was signed
		decoys := signal.Decoys(signer.decoySeed(&t))
		o.Decoys = decoys[:]
	}
	binding := t.binding()
	proof, bad := f.guard.pow.Check(a.proofText, binding[:], a.now)
	if bad != "" {
		return shown{ticket: &o}, true
	}
	// A proof that shows as much as the ticket asks for need not be made again.
	work, _ := f.requires(t.level, &t)
	if proof.Level() < work {
		return shown{ticket: &o}, true
	}
	return shown{ticket: &o, proof: a.proofText}, true
}
