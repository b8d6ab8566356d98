package route

import (
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// segment is one segment of a path, in the forms that servers and frameworks treat as
// equal.
type segment struct {
	folded string // without escapes, parameters and case
	stem   string // the same without its extension, or "" if it has none
	script bool   // a program's extension, so the rest of the path may be its PATH_INFO
	index  bool   // an index document, which may be omitted
	whole  string // with its parameters, without escapes and case
	cut    bool   // parameters were cut off
}

// Extensions that servers add or remove themselves.
var (
	scripts = words("php php3 php4 php5 php7 php8 phtml phar cgi fcgi pl py rb asp aspx ashx asmx jsp jspx do action cfm")
	pages   = words("html htm xhtml shtml json xml txt csv rss atom js")
)

// indexes are the documents that are served for a folder. Front controllers have these names too.
var indexes = words("index default app app_dev")

func words(list string) map[string]bool {
	set := make(map[string]bool)
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// skeleton returns the segments of a plain path.
func skeleton(path string) []segment {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	list := make([]segment, 0, strings.Count(path, "/")+1)
	for text := range strings.SplitSeq(path, "/") {
		list = append(list, newSegment(text))
	}
	return list
}

func newSegment(text string) (s segment) {
	name, _, cut := strings.Cut(text, ";")
	name = decode(name)
	if i := strings.IndexAny(name, ";?#"); i > 0 { // servers that decode first cut here
		name, cut = name[:i], true
	}
	s.folded, s.cut = strings.TrimRight(fold(name), ". "), cut
	s.whole = s.folded
	if cut {
		s.whole = fold(decode(text))
	}
	if dot := strings.LastIndexByte(s.folded, '.'); dot > 0 {
		extension := s.folded[dot+1:]
		s.stem, s.script = s.folded[:dot], scripts[extension]
		s.index = indexes[s.stem] && (s.script || pages[extension])
	} else {
		s.index = s.folded == "index"
	}
	return s
}

// fold removes differences of case and of the encodings of a character, as the most
// generous frameworks do. For example, case-insensitive patterns of Python and Java match
// ı, İ and the Kelvin sign with ASCII letters.
func fold(text string) string {
	if isASCII(text) {
		return strings.ToLower(text)
	}
	text = dotless.Replace(norm.NFKC.String(text))
	return norm.NFKC.String(cases.Fold().String(text))
}

var dotless = strings.NewReplacer("ı", "i", "İ", "i")

// known returns the segment's stem if servers add its extension themselves.
func (s *segment) known() string {
	if s.stem != "" && (s.script || pages[s.folded[len(s.stem)+1:]]) {
		return s.stem
	}
	return ""
}

// Paths with names of programs have many readings. These constants bound their number.
const (
	maxPrograms = 4
	maxBehind   = 32 // segments of a path with any
)

// reading is a list of segments as some server may read a path. In a tail, only the end
// of the first segment may count.
type reading struct {
	segments []segment
	tail     bool
}

// read is a path under comparison.
type read struct {
	readings []reading
	// programs are the segments that may name a PHP program. Such a program gets the
	// following segments, or another end of the path.
	programs []int
}

// readingsOf returns the readings of a path. ok is false for a path that is not plain,
// and for one with more names of programs in its middle than any app has.
func readingsOf(path string) (r read, ok bool) {
	if !Plain(path) {
		return read{}, false
	}
	full := skeleton(path)
	r.add(full)
	if strings.HasSuffix(cutSession(path), "/") && !strings.HasSuffix(path, "/") { // some servers read an empty segment at the end
		r.add(full[:len(full)-1])
	}
	last, behind, cut, anywhere := len(full)-1, 0, false, false
	for i := 0; i < len(full) && behind <= maxPrograms; i++ {
		s := &full[i]
		for _, rest := range s.behindScript() {
			r.add(append([]segment{newSegment(escape(rest))}, full[i+1:]...))
			behind++
		}
		if s.script && i < last { // it may be the program, or match a *
			r.add(full[i+1:])
			r.add(slices.Concat(full[:i], full[i+1:]))
			behind++
		}
		if holdsPHP(s.whole) {
			if i < last || !s.script || s.cut {
				r.programs = append(r.programs, i)
			}
			anywhere = true
		}
		if s.cut && i < last && !cut { // a server may cut the whole rest
			r.add(full[:i+1])
			cut = true
		}
	}
	if behind > maxPrograms || (behind > 0 || anywhere) && len(full) > maxBehind {
		return read{}, false
	}
	for _, reading := range r.readings {
		if short := withoutIndexes(reading.segments); len(short) < len(reading.segments) {
			r.add(short)
		}
		if short := withoutPrograms(reading.segments); len(short) < len(reading.segments) {
			r.add(short)
		}
	}
	// If the name of its front controller is anywhere in the path, Symfony cuts as many
	// characters off the front as the front controller's path has.
	for i := 0; anywhere && i < len(full); i++ {
		r.readings = append(r.readings, reading{full[i:], true}, reading{withoutIndexes(full[i:]), true})
	}
	return r, true
}

func (r *read) add(segments []segment) {
	r.readings = append(r.readings, reading{segments: segments})
}

// holdsPHP reports whether a text contains the name of a PHP program.
func holdsPHP(text string) bool {
	return strings.Contains(text, ".php") || strings.Contains(text, ".phtml") || strings.Contains(text, ".phar")
}

// withoutIndexes returns the path without index documents.
func withoutIndexes(full []segment) []segment {
	return slices.DeleteFunc(slices.Clone(full), func(s segment) bool { return s.index })
}

// withoutPrograms returns the path without index documents, and front controllers in the middle.
func withoutPrograms(full []segment) []segment {
	short := make([]segment, 0, len(full))
	for i, s := range full {
		if !s.index && (!s.script || i == len(full)-1) {
			short = append(short, s)
		}
	}
	return short
}

// behindScript returns the text after the name of a program within the segment:
// Symfony reads /index.phpsignup as /signup.
func (s *segment) behindScript() (rests []string) {
	if s.stem == "" {
		return nil
	}
	for extension := range scripts {
		if _, rest, found := strings.Cut(s.folded, "."+extension); found && rest != "" {
			rests = append(rests, rest)
		}
	}
	return rests
}

// alike reports whether a segment of a pattern matches one of a request. Rails, and
// Spring up to 5.2, cut off everything after a dot. So only the pattern's extension must
// be a known one.
func alike(pattern, have *segment) bool {
	if isNamed(have.folded, pattern.folded) {
		return true
	}
	known := pattern.known()
	return known != "" && isNamed(have.folded, known)
}

// isNamed reports whether a text is the name, or the name with an extension.
func isNamed(text, name string) bool {
	rest, found := strings.CutPrefix(text, name)
	return found && (rest == "" || rest[0] == '.')
}

// endsAlike reports whether a segment of a request ends in one of a pattern, with its
// parameters or without.
func endsAlike(pattern, have *segment) bool {
	return strings.HasSuffix(have.folded, pattern.folded) || strings.HasSuffix(have.whole, pattern.folded)
}
