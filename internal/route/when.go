package route

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/names"
)

// When narrows a pattern to requests that say something besides their path: the
// paths of GraphQL, JSON-RPC and server actions are the same for all that they do.
// The zero When is no condition.
type When struct {
	// Header, Query and Field name what is looked at: a header, a parameter of the
	// query, or a field of a form or a member at the top of a JSON object. One of
	// them, or Fields.
	Header, Query, Field string
	// In are the values that count, whatever their case; none: any.
	In []string
	// GraphQL are names of which one must stand in the text of a GraphQL operation.
	// The name of an operation is chosen by the client and says nothing; the fields
	// that it asks for do.
	GraphQL []string
}

func (c *When) isZero() bool {
	return c.Header == "" && c.Query == "" && c.Field == "" && len(c.GraphQL) == 0
}

// Validate reports what is wrong with a condition.
func (c *When) Validate() error {
	named := 0
	for _, name := range []string{c.Header, c.Query, c.Field} {
		if name != "" {
			named++
		}
	}
	if len(c.GraphQL) > 0 {
		named++
	}
	switch {
	case named != 1:
		return errors.New("a condition looks at one of header, query, json, form and graphql")
	case c.Field == "operationName":
		return errors.New("the client chooses operationName as it likes; name the fields of the operation instead: graphql: [signUp]")
	case slices.ContainsFunc(c.GraphQL, func(name string) bool { return name == "" || strings.Trim(name, nameBytes) != "" }):
		return errors.New("graphql takes names of fields, e.g. graphql: [signUp]")
	}
	return nil
}

// ValidateExemption is Validate for a condition of an exemption.
func (c *When) ValidateExemption() error {
	if len(c.GraphQL) > 0 {
		return errors.New("graphql narrows no exemption: aliases and comments make an operation name what it does not ask for")
	}
	return c.Validate()
}

const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// Request is what conditions look at.
type Request struct {
	Method, Path string // as they stand in the request, without the query
	Header       http.Header
	Query        string
	// Body looks into the body and is only called where a condition needs it. It
	// returns nil for a body that could not be read: encoded, too long, a list. Nil:
	// nobody looks into it yet.
	Body func() Body

	any bool // conditions are not looked at
}

// Body is what is known of a body.
type Body interface {
	// Text returns the text of a field of a form, or of a member at the top of a JSON
	// object. known is false where two readers may disagree about it.
	Text(name string) (text string, found, known bool)
	// Names are those of all fields or members, as they were sent.
	Names() []string
	// JSON reports a JSON object.
	JSON() bool
}

// holding is what is known of a condition.
type holding uint8

const (
	no      holding = iota
	unknown         // readers may disagree
	unasked         // nobody looked
	yes
)

func (c *When) holds(r *Request) holding {
	switch {
	case c.isZero():
		return yes
	case r.any:
		return unasked
	case c.Header != "":
		return c.inHeader(r)
	case c.Query != "":
		return c.inQuery(r.Query)
	case r.Body == nil:
		return unasked
	}
	body := r.Body()
	switch {
	case body == nil:
		return unknown
	case len(c.GraphQL) > 0:
		return c.inOperation(body)
	}
	text, found, known := body.Text(c.Field)
	switch {
	case !known:
		return unknown
	case !found:
		return no
	}
	return c.among(text)
}

func (c *When) among(value string) holding {
	value = strings.Trim(value, " \t\r\n\v\f\x00") // as PHP does
	held := no
	for _, in := range c.In {
		switch {
		case strings.EqualFold(in, value):
			return yes
		case strings.EqualFold(cleaned(in), cleaned(value)):
			held = unknown
		}
	}
	if len(c.In) == 0 {
		return yes
	}
	return held
}

// cleaned leaves out what apps leave out of a value before they go by it (OpenCart).
func cleaned(value string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c == '/' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
			return c
		}
		return -1
	}, value)
}

func (c *When) inHeader(r *Request) holding {
	held := no
	for name, lines := range r.Header {
		if strings.EqualFold(name, c.Header) {
			for _, line := range lines {
				held = max(held, c.among(line))
			}
		} else if foldHeader(name) == foldHeader(c.Header) {
			held = max(held, unknown)
		}
	}
	if held == no && isAction(c.Header) && MayNameAction(r.Header) {
		return c.inActionField(r)
	}
	return held
}

// foldHeader writes the name of a header as CGI and its successors do, who tell no
// hyphen from an underscore.
func foldHeader(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// inActionField looks for an action where a form names it that is sent without a
// script: <input name="$ACTION_ID_40ab…">. Others of its names say only where to look.
func (c *When) inActionField(r *Request) holding {
	if r.Body == nil {
		return unasked
	}
	body := r.Body()
	if body == nil { // too long, for one; the gateway watches what it does not judge
		return no
	}
	held := no
	for _, name := range body.Names() {
		if _, id, found := strings.Cut(name, "$ACTION_ID_"); found {
			held = max(held, c.among(id))
		} else if strings.Contains(name, "$ACTION_") {
			held = max(held, unknown)
		}
	}
	return held
}

// inOperation looks for names in the text of an operation. It is not known where the
// text may come in another way than as the member "query" beside "variables": in the
// parts of an upload, or as the id of a text that the server has. What "extensions" say of
// such a text is for who sends none.
func (c *When) inOperation(body Body) holding {
	text, found, known := body.Text("query")
	if !known || !found || !body.JSON() || slices.ContainsFunc(body.Names(), isNoOperation) {
		return unknown
	}
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return !strings.ContainsRune(nameBytes, c) }) {
		if slices.Contains(c.GraphQL, word) {
			return yes
		}
	}
	return no
}

func isNoOperation(name string) bool {
	return name != "query" && name != "variables" && name != "operationName" && name != "extensions"
}

func (c *When) inQuery(query string) holding {
	held, folded := no, names.Fold(c.Query)
	for name, text := range names.Pairs(query) {
		name, text, known := decodePair(name, text)
		switch {
		case !known && names.TakenFor(names.Fold(name), folded):
			return unknown
		case strings.EqualFold(name, c.Query):
			held = max(held, c.among(text))
		case names.TakenFor(names.Fold(name), folded):
			held = max(held, unknown)
		}
	}
	return held
}

// isAlone reports that a condition holds and that nothing else is said that some app
// may go by instead, as an exemption needs it: one value, under exactly that name.
// What a GraphQL operation does not ask for is never known: fields have aliases.
func (c *When) isAlone(r *Request) bool {
	switch {
	case c.isZero():
		return true
	case r.any || len(c.GraphQL) > 0:
		return false
	case c.Header != "":
		var values []string
		for name, lines := range r.Header {
			if foldHeader(name) == foldHeader(c.Header) {
				values = append(values, lines...)
			}
		}
		return len(values) == 1 && len(r.Header.Values(c.Header)) == 1 && c.allows(values[0])
	case c.Query != "":
		return c.isAloneInQuery(r.Query) && !c.isBeside(r)
	case r.Body == nil:
		return false
	}
	body := r.Body()
	if body == nil {
		return false
	}
	text, found, known := body.Text(c.Field)
	return known && found && c.allows(text)
}

func (c *When) isAloneInQuery(query string) bool {
	count, folded := 0, names.Fold(c.Query)
	for name, text := range names.Pairs(query) {
		name, text, known := decodePair(name, text)
		if !names.TakenFor(names.Fold(name), folded) {
			continue
		}
		if count++; !known || name != c.Query || !c.allows(text) {
			return false
		}
	}
	return count == 1 && !strings.Contains(query, ";") // which is a part of the value to most
}

// isBeside reports that the parameter may be in a form, or in a cookie, too: many apps
// take them together and go by the form first.
func (c *When) isBeside(r *Request) bool {
	folded := names.Fold(c.Query)
	if names.OfCookies(r.Header).Has(folded) {
		return true
	}
	if kind := strings.ToLower(r.Header.Get("Content-Type")); kind != "" && !strings.Contains(kind, "form") && !strings.Contains(kind, "json") {
		return false
	}
	if r.Body == nil {
		return true
	}
	body := r.Body()
	return body == nil || slices.ContainsFunc(body.Names(), func(name string) bool { return names.TakenFor(names.Fold(name), folded) })
}

func (c *When) allows(value string) bool { return len(c.In) == 0 || slices.Contains(c.In, value) }

// actions are headers with which frameworks run a function of the app whatever the
// path is: server actions of Next.js, and of other servers of React components. An
// open path is not open to them unless its exemption names the header.
var actions = []string{"Next-Action", "Rsc-Action", "X-Rsc-Action"}

func isAction(header string) bool {
	return slices.Contains(actions, http.CanonicalHeaderKey(header))
}

// MayNameAction reports a body of the type in which a field may ask for one.
func MayNameAction(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "multipart/")
}

// RunsAction reports a header that asks for a server action.
func RunsAction(h http.Header) bool {
	return slices.ContainsFunc(actions, func(name string) bool { return len(h[name]) > 0 })
}
