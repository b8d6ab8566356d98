package palisade

import (
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// foldName returns the name of a field as the most generous parser may take it.
// PHP cuts a name at a NUL, drops spaces before it and writes "_" for a dot or a
// space in it; Sinatra and qs take "[name]" and "]name" for name; ASP.NET ignores
// case, and Spring reads "!name". Two fields whose names fold alike are one field to
// somebody; see takenFor for what is a part of a field. Closing brackets are left
// out: parsers differ over them.
func foldName(name string) string {
	if isPlainName(name) {
		return name
	}
	if i := strings.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	name = strings.TrimLeft(name, " \t\r\n+![]")
	name = strings.TrimRight(name, " \t\r\n+.])")
	name = strings.NewReplacer(".", "_", " ", "_", "]", "").Replace(name)
	if !utf8.ValidString(name) {
		name = strings.ToValidUTF8(name, "")
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
}

// takenFor reports whether some parser takes a folded name for another, or for a part
// of it: "name[]" and "name[0]" to PHP, Rails and qs, "name(1i)" to Rails. A sibling
// is none: "user[name]" is no part of "user[email]".
func takenFor(folded, wanted string) bool {
	rest, found := strings.CutPrefix(folded, wanted)
	return found && (rest == "" || rest[0] == '[' || rest[0] == '(')
}

// isPlainName reports a name that folds into itself.
func isPlainName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// queryNames are the names in a query, folded.
type queryNames []string

// namesOf takes both & and ; for what stands between two pairs, as parsers do.
func namesOf(query string) (names queryNames) {
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		names = append(names, foldName(name))
	}
	return names
}

// has reports whether some parser finds the field of a folded name in the query.
func (q queryNames) has(wanted string) bool {
	return slices.ContainsFunc(q, func(name string) bool { return takenFor(name, wanted) })
}

// foldCase evens out case alone, as decoders of JSON do.
func foldCase(name string) string {
	if isPlainName(name) {
		return name
	}
	return cases.Fold().String(name)
}
