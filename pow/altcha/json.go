package altcha

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// The signature covers JavaScript's JSON.stringify of the parameters with sorted keys.
// encoding/json loses the order of members and writes strings differently. So values are
// kept as: nil, bool, float64, string, array, object.
type (
	object []member
	array  []any
	member struct {
		name  string
		value any
	}
)

// A challenge has about ten members on three levels.
const (
	maxDepth   = 8
	maxMembers = 64 // of one object; searches are linear
)

// decodeJSON decodes one JSON text. It refuses a text with a duplicate member, because
// two readers could each use another one.
func decodeJSON(text []byte) (any, bool) {
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, false
	}
	d := decoder{text: text, ok: true}
	value := d.value(maxDepth)
	return value, d.ok
}

// decoder reads a text that is known to be valid JSON, so it checks little. At the end
// ok is false if the text is valid but refused.
type decoder struct {
	text []byte
	at   int
	ok   bool
}

func (d *decoder) value(depth int) any {
	if depth == 0 || !d.ok {
		d.ok = false
		return nil
	}
	switch d.peek() {
	case '{':
		return d.object(depth - 1)
	case '[':
		return d.array(depth - 1)
	case '"':
		return d.string()
	case 't':
		d.at += len("true")
		return true
	case 'f':
		d.at += len("false")
		return false
	case 'n':
		d.at += len("null")
		return nil
	}
	return d.number()
}

func (d *decoder) object(depth int) object {
	o := make(object, 0, 10)
	for d.at++; d.more('}'); {
		name := d.string()
		d.peek()
		d.at++ // skip the colon
		if _, twice := o.get(name); twice || len(o) == maxMembers {
			d.ok = false
		}
		o = append(o, member{name, d.value(depth)})
	}
	return o
}

func (d *decoder) array(depth int) array {
	a := array{}
	for d.at++; d.more(']'); {
		a = append(a, d.value(depth))
	}
	return a
}

// more reports whether another member or element follows. It skips the comma before
// that, or the end.
func (d *decoder) more(end byte) bool {
	if !d.ok {
		return false
	}
	c := d.peek()
	if c == end || c == ',' {
		d.at++
	}
	return c != end
}

func (d *decoder) string() (text string) {
	d.peek()
	start := d.at
	for d.at++; d.text[d.at] != '"'; d.at++ {
		if d.text[d.at] == '\\' {
			d.at++
		}
	}
	d.at++
	raw := d.text[start:d.at]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	d.ok = json.Unmarshal(raw, &text) == nil && d.ok
	return text
}

func (d *decoder) number() float64 {
	start := d.at
	for d.at < len(d.text) && strings.IndexByte("+-.eE0123456789", d.text[d.at]) >= 0 {
		d.at++
	}
	n, err := strconv.ParseFloat(string(d.text[start:d.at]), 64)
	d.ok = d.ok && err == nil // out of range for float64: JavaScript would read infinity
	return n
}

// peek skips white space and returns the next byte.
func (d *decoder) peek() byte {
	for strings.IndexByte(" \t\r\n", d.text[d.at]) >= 0 {
		d.at++
	}
	return d.text[d.at]
}

func (o object) get(name string) (any, bool) {
	for _, m := range o {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

func (o object) object(name string) (object, bool) {
	value, _ := o.get(name)
	inner, ok := value.(object)
	return inner, ok
}

func (o object) text(name string) (string, bool) {
	value, _ := o.get(name)
	text, ok := value.(string)
	return text, ok
}

// integer returns a whole number from 0 to limit, or missing if there is no such member.
func (o object) integer(name string, missing, limit uint64) (uint64, bool) {
	value, present := o.get(name)
	if !present {
		return missing, true
	}
	number, ok := float(value)
	if !ok || number > float64(limit) || number != math.Trunc(number) {
		return 0, false
	}
	return uint64(number), true
}

// float returns a non-negative number.
func float(value any) (float64, bool) {
	number, ok := value.(float64)
	return number, ok && number >= 0
}

// appendCanonical appends the value as altcha-lib's canonicalJSON writes it:
// members sorted, except inside arrays.
func appendCanonical(dst []byte, value any, sorted bool) []byte {
	switch v := value.(type) {
	case bool:
		return strconv.AppendBool(dst, v)
	case float64:
		return appendNumber(dst, v)
	case string:
		return appendString(dst, v)
	case array:
		dst = append(dst, '[')
		for i, element := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendCanonical(dst, element, false)
		}
		return append(dst, ']')
	case object:
		dst = append(dst, '{')
		for i, m := range v.ordered(sorted) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendString(dst, m.name), ':')
			dst = appendCanonical(dst, m.value, sorted)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

// ordered returns the members in the order of a JavaScript object. Names that are array
// indexes come first, by number. The others follow in their original order or, sorted,
// by their UTF-16 units.
func (o object) ordered(sorted bool) object {
	return slices.SortedStableFunc(slices.Values(o), func(a, b member) int {
		i, aIndex := arrayIndex(a.name)
		j, bIndex := arrayIndex(b.name)
		switch {
		case aIndex && bIndex:
			return cmp.Compare(i, j)
		case aIndex:
			return -1
		case bIndex:
			return 1
		case sorted:
			return slices.Compare(utf16.Encode([]rune(a.name)), utf16.Encode([]rune(b.name)))
		}
		return 0
	})
}

// arrayIndex reads the plain decimal spelling of 0 to 2^32-2.
func arrayIndex(name string) (uint64, bool) {
	n, err := strconv.ParseUint(name, 10, 32)
	return n, err == nil && n < math.MaxUint32 && strconv.FormatUint(n, 10) == name
}

// appendNumber writes a number as ECMAScript and encoding/json do, but zero without a
// sign, as JavaScript writes it.
func appendNumber(dst []byte, n float64) []byte {
	if n == 0 {
		return append(dst, '0')
	}
	text, err := json.Marshal(n)
	if err != nil { // infinite or not a number: decodeJSON returns neither
		return append(dst, "null"...)
	}
	return append(dst, text...)
}

func appendString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r >= ' ':
			dst = utf8.AppendRune(dst, r)
		default:
			dst = appendControl(dst, r)
		}
	}
	return append(dst, '"')
}

func appendControl(dst []byte, r rune) []byte {
	switch r {
	case '\b':
		return append(dst, `\b`...)
	case '\t':
		return append(dst, `\t`...)
	case '\n':
		return append(dst, `\n`...)
	case '\f':
		return append(dst, `\f`...)
	case '\r':
		return append(dst, `\r`...)
	}
	return fmt.Appendf(dst, `\u%04x`, r)
}
