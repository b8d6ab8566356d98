package palisade

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// foldName returns the name of a field as the most generous parser may take it.
// PHP cuts a name at a NUL, drops spaces before it and writes "_" for a dot or a
// space in it; PHP, Rails and qs take "name[]", "[name]" and "]name" for name or a
// part of it, Rails "name(1i)" too; ASP.NET ignores case, and Spring reads "!name".
// Two fields whose names fold alike are one field to somebody.
func foldName(name string) string {
	if isPlainName(name) {
		return name
	}
	if i := strings.IndexByte(name, 0); i >= 0 {
		name = name[:i]
	}
	name = strings.TrimLeft(name, " \t\r\n+![]")
	if i := strings.IndexAny(name, "[("); i > 0 {
		name = name[:i]
	}
	name = strings.TrimRight(name, " \t\r\n+.])")
	name = strings.NewReplacer(".", "_", " ", "_").Replace(name)
	if !utf8.ValidString(name) {
		name = strings.ToValidUTF8(name, "")
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
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
type queryNames map[string]bool

// namesOf takes both & and ; for what stands between two pairs, as parsers do.
func namesOf(query string) queryNames {
	if query == "" {
		return nil
	}
	names := make(queryNames)
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		names[foldName(name)] = true
	}
	return names
}

// foldCase evens out case alone, as decoders of JSON do.
func foldCase(name string) string {
	if isPlainName(name) {
		return name
	}
	return cases.Fold().String(name)
}
