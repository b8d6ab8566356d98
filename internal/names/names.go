// Package names compares the names of fields as the most generous parsers do: a rule
// about a field also means what some app takes for that field.
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

// Fold returns the name of a field as the most generous parser may take it.
// PHP cuts a name at a NUL, drops spaces before it and writes "_" for a dot or a
// space in it; Sinatra and qs take "[name]" and "]name" for name; ASP.NET ignores
// case, and Spring reads "!name". A NUL stands for a bracket that is never
// closed: to PHP it is "_", to Rack it begins a part. Two fields whose names fold alike are one field to
// somebody; see TakenFor for what is a part of a field. Closing brackets are left
// out: parsers differ over them.
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

// isBlank reports what some languages trim: all space to Python, control characters to
// Java.
func isBlank(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) && c != 0 }

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(c rune) bool { return c >= utf8.RuneSelf }) < 0
}

const unclosed = "\x00" // which no folded name has

// TakenFor reports whether some parser takes a folded name for another, or for a part
// of it: "name[]" and "name[0]" to PHP, Rails and qs, "name(1i)" to Rails. A sibling
// is none: "user[name]" is no part of "user[email]".
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

// isPlain reports a name that folds into itself.
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

// Query is the names in a query, or in cookies, folded.
type Query []string

// Pairs are names and values in a query as they were sent, with both & and ; for what
// stands between two pairs, as parsers take them.
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

// OfCookies returns the names in the lines of the header Cookie, those too that net/http
// leaves out because it does not like them or because there are many.
func OfCookies(h http.Header) (names Query) {
	for _, line := range h["Cookie"] {
		names = append(names, OfQuery(strings.ReplaceAll(line, "&", ";"))...)
	}
	return names
}

// Unescape takes the escapes out of a name or a value. Broken ones, which known tells of,
// are kept, as most parsers do that do not refuse them.
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

// Has reports whether some parser finds the field of a folded name in the query.
func (q Query) Has(wanted string) bool {
	return slices.ContainsFunc(q, func(name string) bool { return TakenFor(name, wanted) })
}

// FoldCase evens out case alone, as decoders of JSON do.
func FoldCase(name string) string {
	if isPlain(name) {
		return name
	}
	return cases.Fold().String(name)
}
