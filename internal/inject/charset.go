package inject

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Encoding is the encoding of a page, as far as it matters for scanning the page.
type Encoding uint8

const (
	// ASCII stands for every encoding in which the bytes of tags are ASCII bytes and have
	// no other meaning: UTF-8, ISO-8859, Windows, Shift_JIS, Big5 and so on.
	ASCII Encoding = iota
	// UTF16LE is UTF-16, the low byte first.
	UTF16LE
	// UTF16BE is UTF-16, the high byte first.
	UTF16BE
	// Opaque is an unknown encoding, or an encoding in which a byte below 0x80 may be
	// part of another character. Such a page must not be changed.
	Opaque
)

// labels are the labels of the Encoding Standard for encodings that count as ASCII here.
var labels = strings.Fields(`
unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8
866 cp866 csibm866 ibm866
csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2
csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3
csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4
csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988
arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987
csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek
csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual
csiso88598i iso-8859-8-i logical
csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6
iso-8859-13 iso8859-13 iso885913 iso-8859-14 iso8859-14 iso885914
csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 iso-8859-16
cskoi8r koi koi8 koi8-r koi8_r koi8-ru koi8-u
csmacintosh mac macintosh x-mac-roman x-mac-cyrillic x-mac-ukrainian
dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874
cp1250 windows-1250 x-cp1250 cp1251 windows-1251 x-cp1251
ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252
cp1253 windows-1253 x-cp1253
cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254
cp1255 windows-1255 x-cp1255 cp1256 windows-1256 x-cp1256 cp1257 windows-1257 x-cp1257 cp1258 windows-1258 x-cp1258
chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030
big5 big5-hkscs cn-big5 csbig5 x-x-big5
cseucpkdfmtjapanese euc-jp x-euc-jp
csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis
cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949
x-user-defined`)

var (
	labels16LE = strings.Fields("csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le")
	labels16BE = strings.Fields("unicodefffe utf-16be")
	// labelsOpaque are known labels; a meta element with one of them counts, others are ignored.
	labelsOpaque = strings.Fields("csiso2022jp iso-2022-jp csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr replacement")
)

// Charset finds the encoding of a page from the header Content-Type and the beginning
// of the page; one kilobyte is enough. A byte order mark has priority over the header,
// and the header over a meta element. If the header has a label that no browser knows,
// the page is Opaque. A page without a label is ASCII.
func Charset(contentType string, prefix []byte) Encoding {
	switch {
	case bytes.HasPrefix(prefix, []byte("\xEF\xBB\xBF")):
		return ASCII
	case bytes.HasPrefix(prefix, []byte("\xFF\xFE")):
		return UTF16LE
	case bytes.HasPrefix(prefix, []byte("\xFE\xFF")):
		return UTF16BE
	}
	if label, ok := parameter(contentType); ok {
		return ofLabel(label)
	}
	// Browsers detect ISO-2022-JP by its escape sequences.
	if bytes.Contains(prefix, []byte("\x1B$")) || slices.Contains(labelsOpaque, metaLabel(prefix[:min(len(prefix), 1024)])) {
		return Opaque
	}
	return ASCII
}

func ofLabel(label string) Encoding {
	switch {
	case slices.Contains(labels, label):
		return ASCII
	case slices.Contains(labels16LE, label):
		return UTF16LE
	case slices.Contains(labels16BE, label):
		return UTF16BE
	}
	return Opaque
}

// parameter returns the first charset of a Content-Type. Like browsers, it accepts more
// than package mime does.
func parameter(contentType string) (string, bool) {
	for _, part := range strings.Split(contentType, ";")[1:] {
		name, value, ok := strings.Cut(part, "=")
		if ok && lowerString(strings.TrimSpace(name)) == "charset" {
			return cleanLabel(value), true
		}
	}
	return "", false
}

func cleanLabel(label string) string {
	return lowerString(strings.Trim(strings.TrimSpace(label), "\"' \t\r\n\f"))
}

// metaLabel returns the charset label of a meta element among the first bytes of a page.
func metaLabel(p []byte) string {
	for {
		i := bytes.IndexByte(p, '<')
		if i < 0 {
			return ""
		}
		p = p[i:]
		if end := bytes.Index(p, []byte("-->")); bytes.HasPrefix(p, []byte("<!--")) && end >= 0 {
			p = p[end:]
			continue
		}
		if len(p) > 5 && is(p[1:5], "meta") && class[p[5]]&(classSpace|classSlash) != 0 {
			if label := labelOf(p); label != "" {
				return label
			}
		}
		p = p[1:]
	}
}

func labelOf(meta []byte) string {
	var charset, equiv, content string
	for a := newAttributes(meta); a.next(); {
		switch value := string(a.value); {
		case is(a.name, "charset"):
			charset = value
		case is(a.name, "http-equiv"):
			equiv = value
		case is(a.name, "content"):
			content = value
		}
	}
	if charset == "" && lowerString(equiv) == "content-type" {
		charset, _ = parameter(content)
	}
	return cleanLabel(charset)
}

// slice is a part of a page. text has a byte for each unit of the encoding, for the
// scanner. wide has the original bytes, unless they are the same.
type slice struct {
	text, wide []byte
}

func (s slice) len() int { return len(s.text) }

func (s slice) from(begin int) slice { return s.cut(begin, len(s.text)) }

func (s slice) cut(begin, end int) slice {
	c := slice{text: s.text[begin:end]}
	if s.wide != nil {
		c.wide = s.wide[2*begin : 2*end]
	}
	return c
}

func (s slice) raw() []byte {
	if len(s.wide) > 0 {
		return s.wide
	}
	return s.text
}

func (s *slice) add(more slice) {
	s.text = append(s.text, more.text...)
	s.wide = append(s.wide, more.wide...)
}

// empty returns a slice without content in the memory of s.
func (s slice) empty() slice { return slice{s.text[:0], s.wide[:0]} }

// utf8 returns the full text of a wide slice in UTF-8.
func (s slice) utf8(e Encoding) []byte {
	units := make([]uint16, len(s.text))
	for i := range units {
		units[i] = unit(s.wide[2*i:], e)
	}
	var text []byte
	for _, r := range utf16.Decode(units) {
		text = utf8.AppendRune(text, r)
	}
	return text
}

func unit(p []byte, e Encoding) uint16 {
	if e == UTF16BE {
		return uint16(p[0])<<8 | uint16(p[1])
	}
	return uint16(p[1])<<8 | uint16(p[0])
}

// widen returns UTF-8 text in UTF-16.
func widen(text []byte, e Encoding) []byte {
	var wide []byte
	for _, u := range utf16.Encode([]rune(string(text))) {
		high, low := byte(u>>8), byte(u)
		if e == UTF16BE {
			wide = append(wide, high, low)
		} else {
			wide = append(wide, low, high)
		}
	}
	return wide
}

// maxPiece is the number of units that are narrowed at once.
const maxPiece = 4096

func (w *Writer) write16(p []byte) {
	if w.hasOdd && len(p) > 0 {
		w.odd[1], w.hasOdd = p[0], false
		p = p[1:]
		w.scan16(w.odd[:])
	}
	for len(p) >= 2 {
		n := min(len(p)/2, maxPiece)
		w.scan16(p[:2*n])
		p = p[2*n:]
	}
	if len(p) == 1 {
		w.odd[0], w.hasOdd = p[0], true
	}
}

// scan16 scans whole units. The scanner sees one byte for each unit: ASCII characters
// unchanged, and every other character as a byte without a meaning for the scanner.
func (w *Writer) scan16(wide []byte) {
	w.narrow = w.narrow[:0]
	for i := 0; i < len(wide); i += 2 {
		c := byte(0xFF)
		if u := unit(wide[i:], w.hooks.Encoding); u < utf8.RuneSelf {
			c = byte(u)
		}
		w.narrow = append(w.narrow, c)
	}
	w.scan(slice{text: w.narrow, wide: wide})
}
