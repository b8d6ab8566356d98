package palisade

import (
	"net/http"

	"github.com/palisade-dev/palisade/internal/names"
)

// Peeked is the body of a request, read to find out which form the request is for.
type Peeked struct {
	body  *submission
	query names.Query
}

// Peek reads the body of a request, up to limit bytes, and puts it back, also where
// it is longer or cannot be read; then it returns an error. It is for programs that
// choose a form by what is in the body. Nothing is judged by it.
func Peek(r *http.Request, limit int64) (*Peeked, error) {
	body, err := readSubmission(r, limit)
	if err != nil {
		return nil, err
	}
	return &Peeked{body, names.OfQuery(r.URL.RawQuery)}, nil
}

// Text returns the text of a field of a form, or of a member at the top of a JSON
// object. known is false where readers may disagree about it: it is there twice, or
// in the query, or under a name that some parser takes for it, or is no text.
func (p *Peeked) Text(name string) (text string, found, known bool) {
	text, err := p.body.one(name, p.query)
	if err != nil {
		return "", false, false
	}
	_, count := p.body.count(name)
	return text, count > 0, true
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
