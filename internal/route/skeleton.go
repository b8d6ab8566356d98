package route

import (
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// segment is one segment of a path in the forms that servers and frameworks do not
// tell apart.
type segment struct {
	folded string // without escapes, parameters and case
	stem   string // the same without its extension, or "" where it has none
	script bool   // the extension is that of a program, so what follows may be its PATH_INFO
	index  bool   // an index document, which may be left out
	whole  string // with its parameters, without escapes and case
	cut    bool   // parameters were cut off
}

// Extensions that servers add or cut by themselves.
var (
	scripts = words("php php3 php4 php5 php7 php8 phtml phar cgi fcgi pl py rb asp aspx ashx asmx jsp jspx do action cfm")
	pages   = words("html htm xhtml shtml json xml txt csv rss atom js")
)

// indexes are what is served for a folder. Front controllers are named so too.
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
	if i := strings.IndexAny(name, ";?#"); i > 0 { // by servers that decode first
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

// fold evens out case and the ways to write one character, as the most generous
// of the frameworks do: ı, İ and the Kelvin sign are letters of ASCII to
// case-insensitive patterns of Python and Java.
func fold(text string) string {
	if isASCII(text) {
		return strings.ToLower(text)
	}
	text = dotless.Replace(norm.NFKC.String(text))
	return norm.NFKC.String(cases.Fold().String(text))
}

var dotless = strings.NewReplacer("ı", "i", "İ", "i")

// known returns the segment's stem if its extension is one that servers add.
func (s *segment) known() string {
	if s.stem != "" && (s.script || pages[s.folded[len(s.stem)+1:]]) {
		return s.stem
	}
	return ""
}

// Paths with names of programs have many readings. These bound how many.
const (
	maxPrograms = 4
	maxBehind   = 32 // segments of a path with any
)

// reading is a list of segments that some server takes a path for. Of the first one of
// a tail only the end may count.
type reading struct {
	segments []segment
	tail     bool
}

// read is a path under comparison.
type read struct {
	readings []reading
	// programs are the segments in which a program of PHP may be named that is handed what
	// follows, or another end of the path.
	programs []int
}

// readingsOf returns what servers take a path for. ok is false for a path that is not
// plain, and for one with more names of programs in its midst than any app has.
func readingsOf(path string) (r read, ok bool) {
	if !Plain(path) {
		return read{}, false
	}
	full := skeleton(path)
	r.add(full)
	last, behind, cut, anywhere := len(full)-1, 0, false, false
	for i := 0; i < len(full) && behind <= maxPrograms; i++ {
		s := &full[i]
		for _, rest := range s.behindScript() {
			r.add(append([]segment{newSegment(escape(rest))}, full[i+1:]...))
			behind++
		}
		if s.script && i < last { // it may be the program, or stand for a *
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
		if s.cut && i < last && !cut { // a server may cut all that follows
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
	// Symfony cuts as many characters off the front as the path of its front controller
	// has, if the name of that stands anywhere in the path.
	for i := 0; anywhere && i < len(full); i++ {
		r.readings = append(r.readings, reading{full[i:], true}, reading{withoutIndexes(full[i:]), true})
	}
	return r, true
}

func (r *read) add(segments []segment) {
	r.readings = append(r.readings, reading{segments: segments})
}

// holdsPHP reports the name of a program of PHP, somewhere in a text.
func holdsPHP(text string) bool {
	return strings.Contains(text, ".php") || strings.Contains(text, ".phtml") || strings.Contains(text, ".phar")
}

// withoutIndexes leaves out index documents.
func withoutIndexes(full []segment) []segment {
	return slices.DeleteFunc(slices.Clone(full), func(s segment) bool { return s.index })
}

// withoutPrograms leaves out index documents, and front controllers in the midst.
func withoutPrograms(full []segment) []segment {
	short := make([]segment, 0, len(full))
	for i, s := range full {
		if !s.index && (!s.script || i == len(full)-1) {
			short = append(short, s)
		}
	}
	return short
}

// behindScript returns what follows the name of a program within the segment:
// Symfony takes /index.phpsignup for /signup.
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

// alike reports whether a segment of a pattern stands for one of a request. Rails, and
// Spring up to 5.2, cut off whatever follows a dot; so only what a pattern has must be
// known to be an extension.
func alike(pattern, have *segment) bool {
	if isNamed(have.folded, pattern.folded) {
		return true
	}
	known := pattern.known()
	return known != "" && isNamed(have.folded, known)
}

// isNamed reports a name, or the name with an extension.
func isNamed(text, name string) bool {
	rest, found := strings.CutPrefix(text, name)
	return found && (rest == "" || rest[0] == '.')
}

// endsAlike reports that a segment of a request ends in one of a pattern, with its
// parameters or without.
func endsAlike(pattern, have *segment) bool {
	return strings.HasSuffix(have.folded, pattern.folded) || strings.HasSuffix(have.whole, pattern.folded)
}
