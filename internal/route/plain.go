package route

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Target splits a request target into path and query, both as they were sent. ok is
// false for every target but the origin-form and a well-formed absolute-form of http or
// https (RFC 9112, 3.2). Servers interpret other targets differently: several run the
// handler of /signup for "POST x:/signup".
func Target(target string) (path, query string, ok bool) {
	for i := range len(target) {
		if c := target[i]; c <= ' ' || c == 0x7f || c == '#' {
			return "", "", false
		}
	}
	if !strings.HasPrefix(target, "/") {
		if target, ok = afterAuthority(target); !ok {
			return "", "", false
		}
	}
	path, query, _ = strings.Cut(target, "?")
	return path, query, true
}

// afterAuthority removes scheme and authority from an absolute-form.
func afterAuthority(target string) (rest string, ok bool) {
	scheme, rest, found := strings.Cut(target, "://")
	if !found || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	if end == 0 || strings.ContainsAny(rest[:end], `@\%"<>^{|}`+"`") {
		return "", false
	}
	if rest = rest[end:]; !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return rest, true
}

// Plain reports whether every server reads a path in the same way. It ignores some
// differences, because the comparison with a pattern ignores them too (case, extensions,
// index documents, parameters, a slash at the end). Browsers send only plain paths for
// the links and forms of a page. In a plain path
//
//   - no segment is empty, "." or "..", or consists of dots and spaces alone;
//   - no byte is a control character, a backslash or not ASCII;
//   - no escape is used for a character that needs none (letters, digits, - . _ ~), or for
//     "/", "\", "%" or a control character, and all escapes together are valid UTF-8;
//   - a semicolon only begins parameters, as in ";jsessionid=0a1b"; the last segment may be
//     this parameter alone, as Java servers write it behind a slash;
//   - there are at most 100 segments, which bounds the cost of a comparison.
//
// Plain examines each byte a fixed number of times.
func Plain(path string) bool {
	rest, found := strings.CutPrefix(path, "/")
	if strings.Count(rest, "/") >= maxSegments {
		return false
	}
	for found {
		var segment string
		segment, rest, found = strings.Cut(rest, "/")
		if segment == "" && !found { // a slash at the end, or the root
			return true
		}
		if !plainSegment(segment) && (found || cutSession(segment) != "") {
			return false
		}
	}
	return path != "" && path[0] == '/'
}

const maxSegments = 100

// cutSession returns a path without the session id that Java servers write at its end, as
// in "/signup/;jsessionid=0A1B.node1". Other servers read it as a part of the last segment.
func cutSession(path string) string {
	i := strings.LastIndexByte(path, ';')
	if i < 0 {
		return path
	}
	name, value, _ := strings.Cut(path[i+1:], "=")
	if !strings.EqualFold(name, "jsessionid") || value == "" || len(value) > maxSession || strings.ContainsFunc(value, notOfSession) {
		return path
	}
	return path[:i]
}

const maxSession = 128

func notOfSession(c rune) bool {
	return c >= utf8.RuneSelf || !isUnreserved(byte(c)) && c != '!' || c == '~'
}

func plainSegment(segment string) bool {
	name, parameters, found := strings.Cut(segment, ";")
	for found {
		var parameter string
		parameter, parameters, found = strings.Cut(parameters, ";")
		if key, value, pair := strings.Cut(parameter, "="); !pair || key == "" || !isWord(key) || !isWord(value) {
			return false
		}
	}
	if !plainBytes(name) {
		return false
	}
	name = decode(name)
	if !isASCII(name) {
		if !utf8.ValidString(name) {
			return false
		}
		name = norm.NFKC.String(name) // some servers read some characters as a dot or a slash
	}
	if strings.ContainsAny(name, `/\`) {
		return false
	}
	if i := strings.IndexAny(name, ";?#"); i >= 0 { // servers that decode first cut here
		name = name[:i]
	}
	return strings.Trim(name, ". ") != "" && strings.Trim(name, " ") == name
}

// plainBytes reports whether no byte of a text is special and no escape is needless.
func plainBytes(text string) bool {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c <= ' ' || c >= 0x7f || c == '\\' || c == '#' || c == '?' {
			return false
		}
		if c != '%' {
			continue
		}
		if i+2 >= len(text) || unhex(text[i+1]) > 15 || unhex(text[i+2]) > 15 {
			return false
		}
		if c = unhex(text[i+1])<<4 | unhex(text[i+2]); c < ' ' || c == 0x7f || isUnreserved(c) || strings.IndexByte(`/\%`, c) >= 0 {
			return false
		}
		i += 2
	}
	return true
}

func isUnreserved(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// isWord reports whether a text is a usual value of a parameter: a session id, for example.
func isWord(text string) bool {
	for i := range len(text) {
		if c := text[i]; !isUnreserved(c) && c != '!' && c != '+' && c != ',' {
			return false
		}
	}
	return true
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// decode decodes percent-escapes once. It leaves broken ones as they are.
func decode(p string) string {
	if !strings.Contains(p, "%") {
		return p
	}
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		if p[i] == '%' && i+2 < len(p) {
			if hi, lo := unhex(p[i+1]), unhex(p[i+2]); hi < 16 && lo < 16 {
				b.WriteByte(hi<<4 | lo)
				i += 2
				continue
			}
		}
		b.WriteByte(p[i])
	}
	return b.String()
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}
