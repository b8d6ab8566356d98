package palisade

import (
	"html/template"
	"net/http"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/internal/ticket"
)

// Again returns the markup for showing the form once more on a page of the app,
// and the offer in it. It is for programs that call [Form.Check] themselves and
// answer with the page of the form instead of [Form.Refuse]. What it holds
// depends on what came of the attempt:
//
//   - The zero Decision says that nothing was judged, for instance because the app
//     looks at its own fields first. Ticket and proof that r brought are kept, so
//     that a visitor who took the visible step is not asked again.
//   - A challenge is put to the visitor in the form itself.
//   - After an allowed attempt it is what [Pass.Retry] gives.
//
// The offer is nil where none may be minted now, and the markup then that of
// [Form.CachedFields]. A denied attempt gets an ordinary ticket.
func (f *Form) Again(r *http.Request, d Decision, page Page) (template.HTML, *Offer) {
	return f.Show(d.submission(r), d, page)
}

// Show is [Form.Again] for a submission.
func (f *Form) Show(s *Submission, d Decision, page Page) (template.HTML, *Offer) {
	r := s.request
	if page.Cached {
		return f.markup(shown{}, page), nil
	}
	if !d.judged {
		if kept, ok := f.keep(s); ok {
			return f.markup(kept, page), kept.offer
		}
	}
	w := f.wishAfter(d)
	w.decoys = !page.NoStyle && !page.Inline
	o, err := f.offer(r, w)
	if err != nil {
		return f.markup(shown{}, page), nil
	}
	if w.flags&ticket.Challenged != 0 {
		f.tellShown(r.Context(), &o, d.ID.String())
	}
	return f.markup(shown{offer: &o, ask: d.judged && d.Outcome == Challenge && o.Level > 0}, page), &o
}

// wishAfter is the ticket that follows a decision.
func (f *Form) wishAfter(d Decision) wish {
	switch {
	case d.Allowed():
		return Pass{form: f, decision: d}.retry()
	case d.judged && d.Outcome == Challenge:
		return d.retry()
	}
	return wish{rung: f.pageRung()}
}

// keep returns what a submission brought, if its ticket is still good. Whether it was spent
// is not asked: that is seen when it is judged.
func (f *Form) keep(s *Submission) (shown, bool) {
	r, now := s.request, f.guard.config.Clock()
	if s.readFor(f); s.err != nil {
		return shown{}, false
	}
	t, ours := s.ticketOf(f.guard)
	if !ours || !f.fits(t) || now.Sub(t.Issued) >= f.config.MaxAge {
		return shown{}, false
	}
	if _, err := f.guard.config.ClientIP.Addr(r); err != nil {
		return shown{}, false
	}
	if granted, err := f.afford(r, f.addrOf(r), t.Rung, now); err != nil || !granted {
		return shown{}, false
	}
	o, err := f.describe(r, t, s.ticketText)
	if err != nil {
		return shown{}, false
	}
	if f.shows(s, t, now) { // it need not be made again
		return shown{offer: &o, proof: s.proofText}, true
	}
	return shown{offer: &o}, true
}

// shows reports whether the proof of a submission is as much as its ticket asks for.
func (f *Form) shows(s *Submission, t *ticket.Ticket, now time.Time) bool {
	kind, binding := f.ladder.Kind(t.Kind), t.Binding()
	if kind.Work == challenge.NoWork {
		return false
	}
	proof, bad := f.guard.proofs.Check(s.proofText, binding[:], now)
	return bad == "" && proof.Level() >= kind.Work.Level()
}
