package route

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
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

const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// Request is what conditions look at.
type Request struct {
	Method, Path string // as they stand in the request, without the query
	Header       http.Header
	Query        string
	// Field looks into the body and is only called where a condition needs it. known
	// is false where the body could not be read or two readers may disagree about
	// it: encoded, too long, a list, a name twice. Nil: nothing is known.
	Field func(name string) (text string, found, known bool)

	any bool // conditions are not looked at
}

// holding is what is known of a condition.
type holding uint8

const (
	no holding = iota
	unknown
	yes
)

func (c *When) holds(r *Request) holding {
	switch {
	case c.isZero():
		return yes
	case r.any:
		return unknown
	case c.Header != "":
		return c.among(r.Header.Values(c.Header))
	case c.Query != "":
		return c.among(valuesIn(r.Query, c.Query))
	case r.Field == nil:
		return unknown
	case len(c.GraphQL) > 0:
		return c.asksFor(r)
	}
	text, found, known := r.Field(c.Field)
	switch {
	case !known:
		return unknown
	case !found:
		return no
	}
	return c.among([]string{text})
}

func (c *When) among(values []string) holding {
	for _, value := range values {
		if len(c.In) == 0 || slices.ContainsFunc(c.In, func(in string) bool { return strings.EqualFold(in, strings.TrimSpace(value)) }) {
			return yes
		}
	}
	return no
}

// asksFor looks for names in the text of an operation. What comes without its text,
// such as a persisted query, is not known.
func (c *When) asksFor(r *Request) holding {
	text, found, known := r.Field("query")
	if !known || !found {
		return unknown
	}
	for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return !strings.ContainsRune(nameBytes, c) }) {
		if slices.Contains(c.GraphQL, word) {
			return yes
		}
	}
	return no
}

// valuesIn returns the values of a parameter, with both & and ; between pairs.
func valuesIn(query, name string) (values []string) {
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		key, value, _ := strings.Cut(pair, "=")
		if key, err := url.QueryUnescape(key); err != nil || !strings.EqualFold(key, name) {
			continue
		}
		if plain, err := url.QueryUnescape(value); err == nil {
			value = plain
		}
		values = append(values, value)
	}
	return values
}

// actions are headers with which frameworks run a function of the app whatever the
// path is: server actions of Next.js, and of other servers of React components. An
// open path is not open to them unless its exemption names the header.
var actions = []string{"Next-Action", "Rsc-Action", "X-Rsc-Action"}

func runsAction(r *Request) bool {
	return slices.ContainsFunc(actions, func(name string) bool { return len(r.Header[name]) > 0 })
}
