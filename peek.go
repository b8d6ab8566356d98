package palisade

import (
	"net/http"

	"github.com/palisade-dev/palisade/internal/names"
	"github.com/palisade-dev/palisade/internal/submission"
)

// Peeked is the body of a request, read to find out which form the request is for.
type Peeked struct {
	guard  *Guard
	body   submission.Submission
	sealed *submission.Submission // what the body holds sealed, or nil
	beside names.Query            // names in the query and in cookies
}

// Peek reads the body of a request, up to limit bytes, and puts it back, also where
// it is longer or cannot be read; then it returns an error. It is for programs that
// choose a form by what is in the body. Nothing is judged by it. A body that is neither
// a form nor JSON has no fields.
//
// Of a challenge page's form it reads what that holds sealed: the form is the same as
// when it was sealed.
func (g *Guard) Peek(r *http.Request, limit int64) (*Peeked, error) {
	p := &Peeked{guard: g, beside: besideBody(r)}
	if err := p.body.ReadAny(r, submission.Limit(r, limit)); err != nil {
		return nil, err
	}
	if p.body.Capsule() == nil {
		return p, nil
	}
	var err error
	if p.sealed, err = g.peekSealed(r, &p.body); err != nil {
		return nil, err
	}
	return p, nil
}

// peekSealed reads what a body holds sealed.
func (g *Guard) peekSealed(r *http.Request, body *submission.Submission) (*submission.Submission, error) {
	text, err := body.OneOf(FieldTicket, HeaderTicket, r, names.OfQuery(r.URL.RawQuery))
	if err != nil {
		return nil, err
	}
	t, ours := g.keys.Parse(text)
	if !ours {
		return nil, errCapsule
	}
	c, opens := g.keys.Open(body.Capsule(), place(t.Form, r, text))
	if !opens {
		return nil, errCapsule
	}
	sealed := new(submission.Submission)
	return sealed, sealed.Parse(c.Type, c.Body)
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
	text, err := s.One(name, p.beside)
	if err != nil || s.IsElsewhere(name) {
		return "", false, false
	}
	_, count := s.Count(name)
	return text, count > 0, true
}

// Names returns the names of all fields of a form, or of all members at the top of a
// JSON object, as they were sent.
func (p *Peeked) Names() (list []string) {
	for _, f := range p.submission().Fields() {
		list = append(list, f.Name)
	}
	return list
}

// JSON reports a JSON object.
func (p *Peeked) JSON() bool { return p.submission().JSON() }

func (p *Peeked) submission() *submission.Submission {
	if p.sealed != nil {
		return p.sealed
	}
	return &p.body
}

// Sealed reports whether the body holds a sealed submission, which only the handler of
// its form opens.
func (p *Peeked) Sealed() bool { return p.sealed != nil }

// Strip takes what our page put into the request out again, where it turns out to be
// for no form. Without a ticket of ours nothing in it is ours.
func (p *Peeked) Strip(r *http.Request) {
	read := &reading{Submission: p.body, request: r}
	read.ticketText, _ = p.body.OneOf(FieldTicket, HeaderTicket, r, nil)
	if _, ours := read.ticketOf(p.guard); !ours {
		return
	}
	submission.Put(r, p.body.Without(read.own(p.guard)))
	for _, name := range []string{HeaderTicket, HeaderProof, HeaderCaptcha} {
		delete(r.Header, name)
	}
}
