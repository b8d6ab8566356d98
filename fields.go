package palisade

import (
	"context"
	"html"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/challenge/work"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/web"
)

type nonceKey struct{}

// WithNonce returns a context that holds the nonce of a page's Content Security
// Policy. [Form.Fields] puts it on the tags it writes. Without one they are
// same-origin files, which 'self' allows.
func WithNonce(ctx context.Context, nonce string) context.Context {
	return context.WithValue(ctx, nonceKey{}, nonce)
}

// Page says what the page of a form allows to be put into it, for [Form.FieldsIn].
// The zero Page allows everything.
type Page struct {
	Nonce    string // of the page's Content Security Policy, for the tags
	Cached   bool   // others may get the same page: the markup must hold no ticket
	NoScript bool   // the policy leaves no room for our script
	NoStyle  bool   // nor for our stylesheet, so nothing may need hiding
	Inline   bool   // the markup may stand in a paragraph, which a div would end
	// Origin is the origin of the page, such as https://example.com, if its base element
	// leads to another host. Script and stylesheet then have absolute addresses.
	Origin string
}

// Fields returns the markup that goes inside the form's element: a fresh ticket,
// the decoys, the silent proof's challenge, and the script that solves it. The
// page must not be cached by anything shared, since a ticket is good for one
// submission; see [Form.CachedFields] for pages that are.
func (f *Form) Fields(r *http.Request) template.HTML {
	return f.FieldsIn(r, Page{Nonce: nonceOf(r)})
}

// CachedFields returns markup that is the same for every visitor: the script
// fetches the ticket. A visitor without JavaScript gets none and is challenged.
func (f *Form) CachedFields() template.HTML { return f.markup(shown{}, Page{Cached: true}) }

// FieldsIn is Fields, or CachedFields, for a page that does not allow everything.
func (f *Form) FieldsIn(r *http.Request, page Page) template.HTML {
	return f.fields(r, page, wish{rung: f.pageRung(), decoys: true})
}

func nonceOf(r *http.Request) string {
	nonce, _ := r.Context().Value(nonceKey{}).(string)
	return nonce
}

// fields falls back to the cached markup when no ticket may be minted: the
// script then tries again, and the server's answer says when.
func (f *Form) fields(r *http.Request, page Page, w wish) template.HTML {
	if page.Cached {
		return f.markup(shown{}, page)
	}
	w.decoys = w.decoys && !page.NoStyle && !page.Inline
	o, err := f.offer(r, w)
	if err != nil {
		return f.markup(shown{}, page)
	}
	return f.markup(shown{offer: &o}, page)
}

// shown is the part of a form's markup that differs between visitors. The zero value is
// the same for everybody.
type shown struct {
	offer *Offer
	proof string // made already
	ask   bool   // take the visible step, even if the form does not ask it of everybody
}

// markup writes the element that palisade.js works on, with script and stylesheet.
func (f *Form) markup(s shown, page Page) template.HTML {
	var b strings.Builder
	b.Grow(3 << 10)
	f.writeElement(&b, s, page)
	base := page.Origin + f.guard.config.Base
	if !page.NoStyle {
		b.WriteString(`<link rel="stylesheet"`)
		attribute(&b, "href", web.URL(base, "palisade.css"))
		attributeIf(&b, "nonce", page.Nonce)
		b.WriteString(`>`)
	}
	if !page.NoScript && s.proves() {
		b.WriteString(`<script defer`)
		attribute(&b, "src", web.URL(base, "palisade.js"))
		attributeIf(&b, "nonce", page.Nonce)
		b.WriteString(`></script>`)
	}
	return template.HTML(b.String())
}

// proves reports whether the script has a proof to make.
func (s *shown) proves() bool { return s.offer == nil || s.offer.Challenge != nil }

func (f *Form) writeElement(b *strings.Builder, s shown, page Page) {
	element, o := "div", s.offer
	if page.Inline {
		element = "span"
	}
	b.WriteString("<" + element + ` class="palisade"`)
	if s.proves() {
		f.writeProof(b, s)
	}
	b.WriteString(`>`)
	if o == nil {
		writeHidden(b, FieldTicket, "")
	} else {
		writeHidden(b, FieldTicket, o.Ticket)
	}
	if s.proves() {
		writeHidden(b, FieldProof, s.proof)
	}
	if o != nil {
		for _, d := range o.Decoys {
			b.WriteString(d.HTML())
		}
		if !page.Inline {
			writeQuestion(b, o, page)
		}
	}
	b.WriteString("</" + element + ">")
}

// writeProof writes the attributes that palisade.js reads.
func (f *Form) writeProof(b *strings.Builder, s shown) {
	attribute(b, "data-palisade-form", f.config.Name)
	attribute(b, "data-palisade-base", f.guard.config.Base)
	visible := false
	if o := s.offer; o == nil {
		visible = f.ladder.Ask(f.pageRung(), work.Silent.ID).ID == work.Visible.ID
	} else {
		visible = o.Level > challenge.Silent && o.Captcha == nil && o.Prompt == nil
		attribute(b, "data-palisade-expires", strconv.FormatInt(o.Expires, 10))
		attribute(b, "data-palisade-wait", strconv.FormatInt(o.Wait, 10))
		attribute(b, "data-palisade-challenge", string(o.Challenge))
	}
	if visible && s.proof == "" && (f.config.Ask == Always || s.ask) {
		attribute(b, "data-palisade-visible", "1")
	}
}

// writeQuestion writes the question that is asked beside the proof.
func writeQuestion(b *strings.Builder, o *Offer, page Page) {
	if o.Captcha != nil && !page.NoScript {
		writeWidget(b, o.Captcha, page.Nonce)
	}
	b.WriteString(string(o.html))
}

func writeHidden(b *strings.Builder, name, value string) {
	b.WriteString(`<input type="hidden" name="`)
	b.WriteString(name)
	b.WriteByte('"')
	attribute(b, "value", value)
	b.WriteString(`>`)
}

// writeWidget writes the provider's own element and script; or, for a provider
// without an element, the field that palisade.js fills when the form is sent.
func writeWidget(b *strings.Builder, w *Widget, nonce string) {
	if w.Execute != "" {
		b.WriteString(`<input type="hidden" value=""`)
		attribute(b, "name", w.Field)
		attribute(b, "data-palisade-execute", w.Execute)
	} else {
		b.WriteString(`<div`)
		attribute(b, "class", w.Class)
	}
	attribute(b, "data-sitekey", w.Sitekey)
	attribute(b, "data-action", w.Action)
	if w.Execute == "" {
		b.WriteString(`></div`)
	}
	b.WriteString(`><script async defer`)
	attribute(b, "src", w.Script)
	attributeIf(b, "nonce", nonce)
	b.WriteString(`></script>`)
}

func attribute(b *strings.Builder, name, value string) {
	b.WriteByte(' ')
	b.WriteString(name)
	b.WriteString(`="`)
	b.WriteString(html.EscapeString(value))
	b.WriteByte('"')
}

func attributeIf(b *strings.Builder, name, value string) {
	if value != "" {
		attribute(b, name, value)
	}
}

// Again returns the markup for showing the form once more on a page of the app, and the
// offer in it. It is for programs that call [Form.Check] themselves and answer with the
// page of the form instead of [Form.Refuse]. The content depends on the decision:
//
//   - The zero Decision says that nothing was judged, for instance because the app
//     looks at its own fields first. Ticket and proof that r brought are kept, so
//     that a visitor who took the visible step is not asked again.
//   - A challenge is put to the visitor in the form itself.
//   - After an allowed attempt it is the markup of [Pass.Retry].
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

// keep returns ticket and proof of a submission, if the ticket is still good. Whether it
// was spent is not asked: that is seen when it is judged.
func (f *Form) keep(s *Submission) (shown, bool) {
	r, now := s.request, f.guard.config.Clock()
	if s.readFor(f); s.err != nil {
		return shown{}, false
	}
	t, ours := s.ticketOf(f.guard)
	if !ours || !f.fits(t) || t.Has(ticket.Script) || now.Sub(t.Issued) >= f.config.MaxAge {
		return shown{}, false // one for a script does not count in a form
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
