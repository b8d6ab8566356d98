// Package names compares the names of fields as the most generous parsers do. A rule
// about a field also applies to other names that some app reads as that field.
package names

import (
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns the name of a field as the most generous parser may read it.
// PHP cuts a name at a NUL, drops spaces before it and writes "_" for a dot or a
// space in it. Sinatra and qs read "[name]" and "]name" as name. ASP.NET ignores
// case, and Spring reads "!name". In the result, a NUL stands for a bracket that is never
// closed: PHP reads it as "_", Rack as the begin of a part. If two names fold to the same
// name, some parser reads them as one field; see TakenFor for the parts of a field.
// Closing brackets are dropped, because parsers differ over them.
func Fold(name string) string {
	if isPlain(name) {
		return name
	}
	if i := strings.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	if isASCII(name) {
		name = strings.ToLower(name)
	} else {
		name = strings.ToValidUTF8(name, "")
		name = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
	}
	name = strings.TrimLeftFunc(name, func(c rune) bool { return isBlank(c) || strings.ContainsRune("+![]", c) })
	if i := strings.IndexByte(name, '['); i >= 0 && strings.IndexByte(name[i:], ']') < 0 {
		name = name[:i] + unclosed + strings.ReplaceAll(name[i+1:], "[", "_")
	}
	name = strings.TrimRightFunc(name, func(c rune) bool { return isBlank(c) || strings.ContainsRune("+.])", c) })
	return spelled.Replace(name)
}

var spelled = strings.NewReplacer(".", "_", " ", "_", "]", "")

// isBlank reports whether some language trims the character: Python trims all space, Java
// control characters.
func isBlank(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) && c != 0 }

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(c rune) bool { return c >= utf8.RuneSelf }) < 0
}

const unclosed = "\x00" // no folded name contains it

// TakenFor reports whether some parser reads a folded name as another one, or as a part
// of it: PHP, Rails and qs do so with "name[]" and "name[0]", Rails with "name(1i)". A
// sibling is no part: "user[name]" is no part of "user[email]".
func TakenFor(folded, wanted string) bool {
	if strings.Contains(folded, unclosed) {
		return isPart(strings.Replace(folded, unclosed, "_", 1), wanted) || isPart(strings.Replace(folded, unclosed, "[", 1), wanted)
	}
	return isPart(folded, wanted)
}

func isPart(folded, wanted string) bool {
	rest, found := strings.CutPrefix(folded, wanted)
	return found && (rest == "" || rest[0] == '[' || rest[0] == '(')
}

// isPlain reports whether a name folds into itself.
func isPlain(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// Query is the list of names in a query, or in cookies, folded.
type Query []string

// Pairs returns the names and values in a query as they were sent. Both & and ; separate
// pairs, because parsers differ here.
func Pairs(query string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
			name, value, _ := strings.Cut(pair, "=")
			if !yield(name, value) {
				return
			}
		}
	}
}

// OfQuery returns the names in a query.
func OfQuery(query string) (names Query) {
	for name := range Pairs(query) {
		name, _ = Unescape(name)
		names = append(names, Fold(name))
	}
	return names
}

// OfCookies returns the names in the lines of the header Cookie. It includes cookies that
// net/http drops because they are malformed or too many.
func OfCookies(h http.Header) (names Query) {
	for _, line := range h["Cookie"] {
		names = append(names, OfQuery(strings.ReplaceAll(line, "&", ";"))...)
	}
	return names
}

// Unescape decodes the escapes in a name or a value. It keeps broken escapes, as most
// parsers do that do not refuse them, and then known is false.
func Unescape(text string) (plain string, known bool) {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain, true
	}
	var b strings.Builder
	for text != "" {
		n := 1
		if text[0] == '%' && len(text) > 2 {
			n = 3
		}
		plain, err := url.QueryUnescape(text[:n])
		if err != nil {
			plain, n = "%", 1
		}
		b.WriteString(plain)
		text = text[n:]
	}
	return b.String(), false
}

// Has reports whether some parser finds the field with a folded name in the query.
func (q Query) Has(wanted string) bool {
	return slices.ContainsFunc(q, func(name string) bool { return TakenFor(name, wanted) })
}
