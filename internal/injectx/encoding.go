package injectx

import (
	"bytes"
	"strings"
)

// Encoding is what is to be known of a page's encoding to find its tags.
type Encoding uint8

const (
	// ASCII is every encoding in which the bytes of tags mean what they mean in
	// ASCII and nothing else: UTF-8, all of ISO 8859 and Windows, and the double-byte
	// ones of East Asia, whose second bytes are none of < > " '.
	ASCII Encoding = iota
	// UTF16LE and UTF16BE have two bytes to a unit.
	UTF16LE
	UTF16BE
	// Opaque is where bytes of tags may be something else. Nothing is inserted.
	Opaque
)

// EncodingOf returns the encoding of a page by the charset of its content type, ""
// if there is none, and by how it begins: a byte order mark overrides the rest.
func EncodingOf(charset string, start []byte) Encoding {
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		return ASCII
	case bytes.HasPrefix(start, []byte("\xfe\xff")):
		return UTF16BE
	case bytes.HasPrefix(start, []byte("\xff\xfe")):
		return UTF16LE
	}
	switch label := strings.ToLower(strings.TrimSpace(charset)); label {
	case "utf-16", "utf-16le", "unicode", "ucs-2", "iso-10646-ucs-2", "csunicode", "unicodefeff":
		return UTF16LE
	case "utf-16be", "unicodefffe":
		return UTF16BE
	case "utf-7", "iso-2022-jp", "csiso2022jp", "iso-2022-kr", "csiso2022kr", "iso-2022-cn", "iso-2022-cn-ext", "hz-gb-2312", "replacement":
		return Opaque
	}
	return ASCII
}

// wide shows the scanner a page of two-byte units as one of single bytes, which
// keeps a place for a place, and writes what the scanner passes on as it came.
type wide struct {
	big  bool
	half []byte // a unit that has not come whole
	page []byte // that was shown and not yet passed on
}

func (u *wide) write(w *Writer, p []byte) {
	p = append(u.half, p...)
	whole := len(p) &^ 1
	u.half = append([]byte(nil), p[whole:]...)
	u.page = append(u.page, p[:whole]...)
	narrow := make([]byte, whole/2)
	for i := range narrow {
		high, low := p[2*i+1], p[2*i]
		if u.big {
			high, low = low, high
		}
		if narrow[i] = low; high != 0 || low >= 0x80 {
			narrow[i] = 0xff // no byte of a tag
		}
	}
	w.write(narrow, false)
}

func (u *wide) close(w *Writer) {
	w.write(nil, true)
	if w.err == nil && len(u.half) > 0 {
		_, w.err = w.dst.Write(u.half)
	}
}

func (u *wide) put(w *Writer, units int) {
	_, w.err = w.dst.Write(u.page[:2*units])
	u.page = append(u.page[:0], u.page[2*units:]...)
}

func (u *wide) widen(markup []byte) []byte {
	units := make([]byte, 0, 2*len(markup))
	for _, c := range markup { // which is ASCII
		if u.big {
			units = append(units, 0, c)
		} else {
			units = append(units, c, 0)
		}
	}
	return units
}
