package route

import (
	"path"
	"strings"
)

// maxReadings bounds what a path can make us do. A path with more ways to be read
// is no path that anybody links to.
const maxReadings = 128

// ways are what servers do to a path before they look it up. Each returns what it
// is given when there is nothing to do. A server does any of them, in any order.
var ways = []func(string) string{
	decode,
	func(p string) string { return strings.ReplaceAll(p, `\`, "/") },
	collapse,
	resolve,
	cutParameters,
	func(p string) string { return cutAt(p, ";") },
	func(p string) string { return cutAt(p, "?#\x00") },
	func(p string) string { return strings.TrimRight(p, " \t\r\n.") },
	func(p string) string { return strings.Map(dropControl, p) },
	trimSlash,
	cutExtension,
	cutPathInfo,
}

// Readings returns every path that some server may take p for, first p itself.
// Case is left to the comparison.
func Readings(p string) []string {
	list := []string{p}
	seen := map[string]bool{p: true}
	for i := 0; i < len(list) && len(list) < maxReadings; i++ {
		for _, way := range ways {
			if reading := way(list[i]); !seen[reading] {
				seen[reading] = true
				list = append(list, reading)
			}
		}
	}
	return list
}

// plain reports whether a path is written as pages write it, so that every server
// reads it alike, but for case, a slash at the end and extensions: no empty or dot
// segments, no byte that means something to somebody, and no escape where none is
// needed.
func plain(p string) bool {
	if !strings.HasPrefix(p, "/") || needless(p) {
		return false
	}
	decoded := decode(p)
	if strings.Contains(decoded, "//") || strings.Count(decoded, "/") != strings.Count(p, "/") {
		return false
	}
	for i := range len(decoded) {
		if c := decoded[i]; c < ' ' || c == 0x7f || strings.IndexByte(`\;?#%`, c) >= 0 {
			return false
		}
	}
	for segment := range strings.SplitSeq(decoded[1:], "/") {
		if segment == "." || segment == ".." || strings.Trim(segment, " ") != segment {
			return false
		}
	}
	return true
}

// needless reports an escape that is broken, or of a byte that nobody escapes.
func needless(p string) bool {
	for i := range len(p) {
		if p[i] != '%' {
			continue
		}
		if i+2 >= len(p) || unhex(p[i+1]) > 15 || unhex(p[i+2]) > 15 {
			return true
		}
		if c := unhex(p[i+1])<<4 | unhex(p[i+2]); c < 0x80 && strings.IndexByte(` "<>[]^{|}`+"`", c) < 0 {
			return true
		}
	}
	return false
}

// decode decodes percent-escapes once, and leaves broken ones as they are.
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

func collapse(p string) string {
	for strings.Contains(p, "//") {
		p = strings.ReplaceAll(p, "//", "/")
	}
	return p
}

// resolve resolves dot segments and keeps a slash at the end.
func resolve(p string) string {
	if !strings.HasPrefix(p, "/") {
		return "/" + p
	}
	if !strings.Contains(p, "/.") {
		return p
	}
	clean := path.Clean(p)
	if clean != "/" && (strings.HasSuffix(p, "/") || strings.HasSuffix(p, "/.")) {
		clean += "/"
	}
	return clean
}

// cutParameters cuts what follows a semicolon in each segment.
func cutParameters(p string) string {
	if !strings.Contains(p, ";") {
		return p
	}
	segments := strings.Split(p, "/")
	for i, segment := range segments {
		segments[i] = cutAt(segment, ";")
	}
	return strings.Join(segments, "/")
}

func cutAt(p, chars string) string {
	if i := strings.IndexAny(p, chars); i >= 0 {
		return p[:i]
	}
	return p
}

func dropControl(c rune) rune {
	if c < ' ' || c == 0x7f {
		return -1
	}
	return c
}

func trimSlash(p string) string {
	if len(p) > 1 {
		return strings.TrimSuffix(p, "/")
	}
	return p
}

// cutExtension cuts ".php", ".json" and the like off the last segment.
func cutExtension(p string) string {
	slash := strings.LastIndexByte(p, '/')
	if dot := strings.LastIndexByte(p, '.'); dot > slash+1 {
		return p[:dot]
	}
	return p
}

// cutPathInfo cuts what follows a segment with an extension: /signup.php/more.
func cutPathInfo(p string) string {
	for from := 1; from < len(p); {
		end := strings.IndexByte(p[from:], '/')
		if end < 0 {
			return p
		}
		if strings.LastIndexByte(p[from:from+end], '.') > 0 {
			return p[:from+end]
		}
		from += end + 1
	}
	return p
}
