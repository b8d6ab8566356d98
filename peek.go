package palisade

import (
	"net/http"

	"github.com/palisade-dev/palisade/internal/names"
	"github.com/palisade-dev/palisade/internal/submission"
)

// Read reads the body of a request, up to limit bytes, and puts it back, also where
// it is longer or cannot be read; then it returns an error. It is for programs that
// choose a form by what is in the body; the form then judges the submission without
// reading it again. A body that is neither a form nor JSON has no fields.
//
// Of a challenge page's form it reads what that holds sealed: the form is the same as
// when it was sealed.
func (g *Guard) Read(r *http.Request, limit int64) (*Submission, error) {
	s := &Submission{request: r, read: true, beside: besideBody(r)}
	if s.err = s.body.ReadAny(r, submission.Limit(r, limit)); s.err == nil && s.body.Capsule() != nil {
		s.err = s.openAny(g)
	}
	if s.err != nil {
		return nil, s.err
	}
	return s, nil
}

// openAny opens what the body holds sealed for whichever form.
func (s *Submission) openAny(g *Guard) (err error) {
	s.ticketText, err = s.body.OneOf(FieldTicket, HeaderTicket, s.request, names.OfQuery(s.request.URL.RawQuery))
	if err != nil {
		return err
	}
	t, ours := s.ticketOf(g)
	if !ours {
		return errCapsule
	}
	return s.open(g, t.Form)
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
func (s *Submission) Text(name string) (text string, found, known bool) {
	if s.sealed != nil {
		if _, count := s.body.Count(name); count > 0 {
			return "", false, false
		}
	}
	inside := s.inside()
	text, err := inside.One(name, s.beside)
	if err != nil || inside.IsElsewhere(name) {
		return "", false, false
	}
	_, count := inside.Count(name)
	return text, count > 0, true
}

// Names returns the names of all fields of a form, or of all members at the top of a
// JSON object, as they were sent.
func (s *Submission) Names() (list []string) {
	for _, f := range s.inside().Fields() {
		list = append(list, f.Name)
	}
	return list
}

// JSON reports a JSON object.
func (s *Submission) JSON() bool { return s.inside().JSON() }

// Sealed reports whether the body holds a sealed submission, which only the handler of
// its form opens.
func (s *Submission) Sealed() bool { return s.sealed != nil }

// inside is what the body holds sealed, or the body.
func (s *Submission) inside() *submission.Submission {
	if s.sealed != nil {
		return &s.sealed.body
	}
	return &s.body
}

// Strip takes what our page put into the request out again, where it turns out to be
// for no form. Without a ticket of ours nothing in it is ours.
func (s *Submission) Strip(g *Guard) {
	s.ticketText, _ = s.body.OneOf(FieldTicket, HeaderTicket, s.request, nil)
	s.parsed = false
	if _, ours := s.ticketOf(g); ours {
		s.strip(g)
	}
}
