// Package scraper reads a protected form from a page and solves its embedded proof natively,
// like a bot that was written for this very site.
package scraper

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/url"

	"golang.org/x/net/html"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/pow"
)

// Form is a form that a scraper found in a page.
type Form struct {
	Fields    url.Values // name and value of every input
	Shown     []string   // inputs that a person fills in, as far as a scraper can tell
	Challenge []byte     // of the embedded proof; nil on a site without the guard
}

// Read reads the form of a page.
func Read(page io.Reader) (*Form, error) {
	f := &Form{Fields: make(url.Values)}
	tokens := html.NewTokenizer(page)
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if err := tokens.Err(); !errors.Is(err, io.EOF) {
				return nil, err
			}
			return f, nil
		case html.StartTagToken, html.SelfClosingTagToken:
			f.read(tokens.Token())
		}
	}
}

func (f *Form) read(tag html.Token) {
	attributes := make(map[string]string, len(tag.Attr))
	for _, a := range tag.Attr {
		attributes[a.Key] = a.Val
	}
	if text := attributes["data-palisade-challenge"]; text != "" {
		f.Challenge = []byte(text)
	}
	name := attributes["name"]
	if name == "" || tag.Data != "input" && tag.Data != "textarea" {
		return
	}
	switch attributes["type"] {
	case "hidden":
		f.Fields.Set(name, attributes["value"])
	case "radio": // the scraper picks the first choice
		if !f.Fields.Has(name) {
			f.Fields.Set(name, attributes["value"])
		}
	default:
		f.Fields.Set(name, attributes["value"])
		f.Shown = append(f.Shown, name)
	}
}

// Offered returns the form of a ticket in a JSON answer.
func Offered(t *palisade.Offer) *Form {
	return &Form{Fields: url.Values{palisade.FieldTicket: {t.Ticket}}, Challenge: t.Challenge}
}

// Solve makes the embedded proof. Without the guard it does nothing.
func (f *Form) Solve(ctx context.Context) error {
	if f.Challenge == nil {
		return nil
	}
	proof, err := pow.Solve(ctx, f.Challenge)
	if err != nil {
		return err
	}
	f.Fields.Set(palisade.FieldProof, proof)
	return nil
}

// Filled returns the fields with typed values.
func (f *Form) Filled(typed url.Values) url.Values {
	fields := maps.Clone(f.Fields)
	maps.Copy(fields, typed)
	return fields
}

// Headers returns the headers with ticket and proof, as a script sends them.
func (f *Form) Headers() map[string]string {
	headers := make(map[string]string)
	for field, name := range map[string]string{palisade.FieldTicket: palisade.HeaderTicket, palisade.FieldProof: palisade.HeaderProof} {
		if value := f.Fields.Get(field); value != "" {
			headers[name] = value
		}
	}
	return headers
}

// JSON returns a JSON object with ticket, proof and further members.
func (f *Form) JSON(members map[string]string) map[string]string {
	object := maps.Clone(members)
	for _, name := range []string{palisade.FieldTicket, palisade.FieldProof} {
		if value := f.Fields.Get(name); value != "" {
			object[name] = value
		}
	}
	return object
}
