package inject

import (
	"bytes"
	"html"
	"strconv"
	"strings"
	"unicode"
)

// attributes reads the attributes of a whole tag, one after the other.
type attributes struct {
	tag         []byte
	i           int
	name, value []byte // raw, as in the tag
}

func newAttributes(tag []byte) attributes {
	i := 0
	for i < len(tag) && class[tag[i]] == 0 || i < 2 { // the "/" of "</" does not end a name
		i++
	}
	return attributes{tag: tag, i: i}
}

// next goes to the next attribute. A name may occur several times; its first
// attribute counts.
func (a *attributes) next() bool {
	a.skip(classSpace | classSlash)
	if a.i >= len(a.tag) || a.tag[a.i] == '>' {
		return false
	}
	begin := a.i
	a.i++ // even if it is a "="
	a.find(classSpace | classSlash | classGreater | classEquals)
	a.name, a.value = a.tag[begin:a.i], nil
	a.skip(classSpace)
	if a.i < len(a.tag) && a.tag[a.i] == '=' {
		a.i++
		a.skip(classSpace)
		a.readValue()
	}
	return true
}

func (a *attributes) readValue() {
	if a.i >= len(a.tag) {
		return
	}
	begin := a.i
	quote := a.tag[begin]
	if quote != '"' && quote != '\'' {
		a.find(classSpace | classGreater)
		a.value = a.tag[begin:a.i]
		return
	}
	length := bytes.IndexByte(a.tag[begin+1:], quote)
	if length < 0 {
		length = len(a.tag) - begin - 1 // not possible in a whole tag
	}
	a.value = a.tag[begin+1:][:length]
	a.i = min(begin+length+2, len(a.tag))
}

func (a *attributes) skip(classes uint8) {
	for a.i < len(a.tag) && class[a.tag[a.i]]&classes != 0 {
		a.i++
	}
}

func (a *attributes) find(classes uint8) {
	for a.i < len(a.tag) && class[a.tag[a.i]]&classes == 0 {
		a.i++
	}
}

// formAttributes are the attributes of a form, a submitter or a base, still undecoded:
// most tags turn out to be irrelevant, and are not worth decoding.
type formAttributes struct {
	action, method, id, kind             []byte
	hasAction, hasMethod, hasID, hasKind bool
}

// read reads the attributes of a tag, given their names.
func (f *formAttributes) read(tag []byte, action, method, id string) {
	for a := newAttributes(tag); a.next(); {
		switch {
		case is(a.name, action):
			first(&f.action, &f.hasAction, a.value)
		case is(a.name, method):
			first(&f.method, &f.hasMethod, a.value)
		case is(a.name, id):
			first(&f.id, &f.hasID, a.value)
		case is(a.name, "type"):
			first(&f.kind, &f.hasKind, a.value)
		}
	}
}

func first(value *[]byte, has *bool, found []byte) {
	if !*has {
		*value, *has = found, true
	}
}

// sends reports whether a button or an input with this type submits the form.
func (f *formAttributes) sends(button bool) bool {
	kind := lowerString(unescape(f.kind))
	if button {
		return kind != "button" && kind != "reset"
	}
	return kind == "submit" || kind == "image"
}

// address decodes a URL and cleans it as a browser does before parsing.
func address(value []byte) string {
	s := strings.TrimFunc(unescape(value), func(r rune) bool { return r <= ' ' })
	if strings.ContainsAny(s, "\t\n\r") {
		s = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(s)
	}
	return s
}

// lowerString lowers only ASCII, because browsers compare attribute values so.
func lowerString(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r | 0x20
		}
		return r
	}, s)
}

// is reports whether a name equals another one, which is in lower case.
func is(name []byte, lowered string) bool {
	if len(name) != len(lowered) {
		return false
	}
	for i, c := range name {
		if lower(c) != lowered[i] {
			return false
		}
	}
	return true
}

// unescape decodes the character references of an attribute value. In an attribute, a
// name without a semicolon is no reference if a letter, a digit or "=" follows. So
// "?a=1&copy=2" stays as it is; package html does not know this rule.
func unescape(value []byte) string {
	if bytes.IndexByte(value, 0) >= 0 {
		value = bytes.ReplaceAll(value, []byte{0}, []byte("\uFFFD")) // as the tokenizer does
	}
	i := bytes.IndexByte(value, '&')
	if i < 0 {
		return string(value)
	}
	var b strings.Builder
	for i >= 0 {
		b.Write(value[:i])
		length := referenceLength(value[i:])
		b.WriteString(reference(value[i:][:length], value[i+length:]))
		value = value[i+length:]
		i = bytes.IndexByte(value, '&')
	}
	b.Write(value)
	return b.String()
}

// referenceLength returns the length of a possible reference, "&" included.
func referenceLength(value []byte) int {
	i := 1
	if i < len(value) && value[i] == '#' {
		i++
	}
	for i < len(value) && isAlphanumeric(value[i]) {
		i++
	}
	if i < len(value) && value[i] == ';' {
		i++
	}
	return i
}

func reference(text, rest []byte) string {
	s := string(text)
	if strings.HasPrefix(s, "&#") {
		return number(s)
	}
	decoded := html.UnescapeString(s)
	if decoded == s {
		return s
	}
	name := strings.TrimSuffix(s, ";")
	// Only the beginning of the name was a reference, so its end is still there.
	if strings.HasSuffix(decoded, s[len(name)-1:]) {
		return s
	}
	if name == s && len(rest) > 0 && rest[0] == '=' {
		return s
	}
	return decoded
}

// number decodes a numeric reference. Package html decodes a reference only if it has
// two digits or a semicolon, so number adds the semicolon.
func number(s string) string {
	digits, base := s[len("&#"):], 10
	if digits != "" && digits[0]|0x20 == 'x' {
		digits, base = digits[1:], 16
	}
	end := 0
	for end < len(digits) && isDigit(digits[end], base) {
		end++
	}
	if end == 0 {
		return s
	}
	code, err := strconv.ParseUint(digits[:end], base, 31)
	if err != nil {
		code = unicode.MaxRune + 1 // every number above the maximum gives the same result
	}
	return html.UnescapeString("&#"+strconv.FormatUint(code, 10)+";") + strings.TrimPrefix(digits[end:], ";")
}

func isDigit(c byte, base int) bool {
	return '0' <= c && c <= '9' || base == 16 && 'a' <= c|0x20 && c|0x20 <= 'f'
}

func isAlphanumeric(c byte) bool { return isLetter(c) || '0' <= c && c <= '9' }
