package palisade

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/palisade-dev/palisade/internal/names"
)

// Peeked is the body of a request, read to find out which form the request is for.
type Peeked struct {
	guard  *Guard
	body   *submission
	sealed *submission // what the body holds sealed, or nil
	beside names.Query // names in the query and in cookies
}

// Peek reads the body of a request, up to limit bytes, and puts it back, also where
// it is longer or cannot be read; then it returns an error. It is for programs that
// choose a form by what is in the body. Nothing is judged by it. A body that is neither
// a form nor JSON has no fields.
//
// Of a challenge page's form it reads what that holds sealed: the form is the same as
// when it was sealed.
func (g *Guard) Peek(r *http.Request, limit int64) (*Peeked, error) {
	kind, params, err := contentType(r.Header)
	if err != nil {
		return nil, err
	}
	text, err := takeBody(r, limitWithCapsule(r, limit))
	if err != nil {
		return nil, err
	}
	body, err := parseSubmission(text, kind, params["boundary"])
	if errors.Is(err, errUnsupported) {
		body, err = &submission{body: text, other: true}, nil
	}
	if err != nil {
		return nil, err
	}
	p := &Peeked{guard: g, body: body, beside: besideBody(r)}
	if body.capsule != nil {
		if p.sealed, err = g.peekSealed(r, body); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// peekSealed reads what a body holds sealed.
func (g *Guard) peekSealed(r *http.Request, body *submission) (*submission, error) {
	ticket, err := body.oneOf(FieldTicket, HeaderTicket, r, names.OfQuery(r.URL.RawQuery))
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
	return parseSubmission(inside, kind, params["boundary"])
}

// besideBody are the names of what apps look up with the fields of a body: parameters
// of the query, and cookies, which PHP takes in where nobody configures it.
func besideBody(r *http.Request) names.Query {
	return append(names.OfQuery(r.URL.RawQuery), names.OfCookies(r.Header)...)
}

// Text returns the text of a field of a form, or of a member at the top of a JSON
// object. known is false where readers may disagree about it: it is there twice, or
// in the query or a cookie, or under a name that some parser takes for it, or is no
// text, or stands beside what is sealed, or is in the body for somebody who takes that
// for a form or for JSON, whatever its type says.
func (p *Peeked) Text(name string) (text string, found, known bool) {
	if p.sealed != nil {
		if _, count := p.body.Count(name); count > 0 {
			return "", false, false
		}
	}
	s := p.submission()
	text, err := s.one(name, p.beside)
	if err != nil || s.isOtherwise(name) {
		return "", false, false
	}
	_, count := s.Count(name)
	return text, count > 0, true
}

// Names returns the names of all fields of a form, or of all members at the top of a
// JSON object, as they were sent.
func (p *Peeked) Names() (list []string) {
	for _, f := range p.submission().fields {
		list = append(list, f.name)
	}
	return list
}

// JSON reports a JSON object.
func (p *Peeked) JSON() bool { return p.submission().json }

func (p *Peeked) submission() *submission {
	if p.sealed != nil {
		return p.sealed
	}
	return p.body
}

// isOtherwise reports whether the body has a field of a name for readers who do not
// look at its type: as JSON, if it looks like it, or as a urlencoded form.
func (s *submission) isOtherwise(name string) bool {
	if (s.json || s.other || s.boundary != "") && names.OfQuery(string(s.body)).Has(names.Fold(name)) {
		return true
	}
	if s.json || s.boundary != "" {
		return false
	}
	start := bytes.TrimLeft(s.body, " \t\r\n\ufeff")
	return len(start) > 0 && (start[0] == '{' || start[0] == '[')
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

// Count returns the value of a field and how often it is there.
func (s *submission) Count(name string) (value string, count int) {
	for i := range s.fields {
		if f := &s.fields[i]; f.name == name {
			value = f.value
			count++
		}
	}
	return value, count
}
