package route

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/names"
)

// When restricts a pattern to requests with further properties besides the path. GraphQL,
// JSON-RPC and server actions use one path for all operations. The zero When is no
// condition.
type When struct {
	// Header, Query and Field name the part of the request to check: a header, a
	// parameter of the query, or a field of a form or a member at the top of a JSON
	// object. Set one of them, or Fields.
	Header, Query, Field string
	// In are the values that match, in any case; none: any value.
	In []string
	// GraphQL are names; one of them must be in the text of a GraphQL operation.
	// The fields that it asks for count. The client chooses the name of the operation,
	// so that name proves nothing.
	GraphQL []string
}

func (c *When) isZero() bool {
	return c.Header == "" && c.Query == "" && c.Field == "" && len(c.GraphQL) == 0
}

// Validate reports the mistakes in a condition.
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

// Request is the part of a request that conditions check.
type Request struct {
	Method, Path string // as in the request, without the query
	Header       http.Header
	Query        string
	// Body reads the body. It is called only if a condition needs the body. It returns
	// nil for a body that could not be read: encoded, too long, a list. Nil: the body
	// has not been read yet.
	Body func() Body

	any bool // conditions are ignored
}

// Body is the readable content of a body.
type Body interface {
	// Text returns the text of a field of a form, or of a member at the top of a JSON
	// object. known is false if two readers may disagree about it.
	Text(name string) (text string, found, known bool)
	// Names returns the names of all fields or members, as they were sent.
	Names() []string
	// JSON reports whether the body is a JSON object.
	JSON() bool
}

// holding says whether a condition holds.
type holding uint8

const (
	no      holding = iota
	unknown         // readers may disagree
	unasked         // the body was not read
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

// cleaned removes the characters that apps remove from a value before they use it (OpenCart).
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

// foldHeader returns the name of a header as CGI and its successors write it: they do not
// distinguish a hyphen from an underscore.
func foldHeader(name string) string { return strings.ReplaceAll(strings.ToLower(name), "_", "-") }

// inActionField looks for an action in the fields of a form that is sent without a script:
// <input name="$ACTION_ID_40ab…">. Other $ACTION_ names only refer to another field.
func (c *When) inActionField(r *Request) holding {
	if r.Body == nil {
		return unasked
	}
	body := r.Body()
	if body == nil { // too long, for example; the gateway searches bodies that it does not judge
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

// inOperation looks for names in the text of an operation. The result is unknown if the
// text may come in another way than as the member "query" beside "variables": in the
// parts of an upload, or as the id of a text that the server has. A text id in
// "extensions" does not count, because servers use it only for requests without a text.
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

// isAlone reports that a condition holds, and that the request has no second value that
// an app may use instead. An exemption needs this: one value, under exactly that name.
// The fields that a GraphQL operation does not ask for are unknown, because of aliases.
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
	return count == 1 && !strings.Contains(query, ";") // most servers read a semicolon as part of the value
}

// isBeside reports that the parameter may be in a form, or in a cookie, too. Many apps
// merge the three and prefer the form.
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

// actions are headers with which frameworks run a function of the app whatever the path
// is: server actions of Next.js, and of other servers of React components. An open path
// does not allow them unless its exemption names the header.
var actions = []string{"Next-Action", "Rsc-Action", "X-Rsc-Action"}

func isAction(header string) bool {
	return slices.Contains(actions, http.CanonicalHeaderKey(header))
}

// MayNameAction reports whether the type of the body allows a field to name an action.
func MayNameAction(h http.Header) bool {
	return strings.HasPrefix(strings.ToLower(h.Get("Content-Type")), "multipart/")
}

// RunsAction reports whether a header asks for a server action.
func RunsAction(h http.Header) bool {
	return slices.ContainsFunc(actions, func(name string) bool { return len(h[name]) > 0 })
}
