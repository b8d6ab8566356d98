package palisade

import (
	"net/http"

	"github.com/palisade-dev/palisade/internal/names"
)

// Peeked is the body of a request, read to find out which form the request is for.
type Peeked struct {
	guard  *Guard
	body   *submission
	sealed *submission // what the body holds sealed, or nil
	query  names.Query
}

// Peek reads the body of a request, up to limit bytes, and puts it back, also where
// it is longer or cannot be read; then it returns an error. It is for programs that
// choose a form by what is in the body. Nothing is judged by it.
//
// Of a challenge page's form it reads what that holds sealed: the form is the same as
// when it was sealed.
func (g *Guard) Peek(r *http.Request, limit int64) (*Peeked, error) {
	body, err := readSubmission(r, limitWithCapsule(r, limit))
	if err != nil {
		return nil, err
	}
	p := &Peeked{guard: g, body: body, query: names.OfQuery(r.URL.RawQuery)}
	if body.capsule == nil {
		return p, nil
	}
	ticket, err := body.oneOf(FieldTicket, HeaderTicket, r, p.query)
	if err != nil {
		return nil, err
	}
	t, _, why := g.keys.parseTicket(ticket)
	if why != "" {
		return nil, errCapsule
	}
	_, kind, inside, err := g.keys.openCapsule(body.capsule, seals(t.form, r, ticket))
	if err != nil {
		return nil, err
	}
	h := http.Header{}
	if kind != "" {
		h.Set("Content-Type", kind)
	}
	kind, params, err := contentType(h)
	if err != nil {
		return nil, err
	}
	if p.sealed, err = parseSubmission(inside, kind, params["boundary"]); err != nil {
		return nil, err
	}
	return p, nil
}

// Text returns the text of a field of a form, or of a member at the top of a JSON
// object. known is false where readers may disagree about it: it is there twice, or
// in the query, or under a name that some parser takes for it, or is no text, or
// stands beside what is sealed.
func (p *Peeked) Text(name string) (text string, found, known bool) {
	text, err := p.body.one(name, p.query)
	if err != nil {
		return "", false, false
	}
	_, count := p.body.count(name)
	if p.sealed == nil {
		return text, count > 0, true
	}
	if count > 0 {
		return "", false, false
	}
	if text, err = p.sealed.one(name, p.query); err != nil {
		return "", false, false
	}
	_, count = p.sealed.count(name)
	return text, count > 0, true
}

// Sealed reports whether the body holds a sealed submission, which only the handler of
// its form opens.
func (p *Peeked) Sealed() bool { return p.sealed != nil }

// Strip takes what our page put into the request out again, where it turns out to be
// for no form. Without a ticket of ours nothing in it is ours.
func (p *Peeked) Strip(r *http.Request) {
	if p.guard.ticketOf(r, p.body) == nil {
		return
	}
	putSubmission(r, p.body.without(p.guard.own(r, p.body)))
	for _, name := range []string{HeaderTicket, HeaderProof, HeaderCaptcha} {
		delete(r.Header, name)
	}
}

// count returns the value of a field and how often it is there.
func (s *submission) count(name string) (value string, count int) {
	for i := range s.fields {
		if f := &s.fields[i]; f.name == name {
			value = f.value
			count++
		}
	}
	return value, count
}
