package injectx

import (
	"bytes"
	"slices"
	"strings"
)

type mode uint8

const (
	text mode = iota
	inComment
	inBogus
	inDoctype
	inCDATA
	inRaw    // textarea, style and the like
	inScript // the same with a state of its own
	inLongTag
	passing // to the end of the page
)

// scanner is what is known at a place in the page.
type scanner struct {
	mode    mode
	dashes  int    // in a comment its state, in a script the dashes just seen
	escape  int    // state of a script
	element string // whose raw text this is
	long    tagEnd

	base      string
	formOpen  bool
	outerForm bool // what formOpen was before a noscript
	templates int  // that are open
	inSelect  bool
	foreign   []string // svg and math, and the elements in them that hold HTML
	headDone  bool

	tag struct{ insertBefore, insertAfter []byte }
}

// maxForeign bounds how deep drawings are followed.
const maxForeign = 32

// rawText are the elements whose content is no markup. With scripts on, noscript
// is one too; without, its forms are forms, so it is not.
var rawText = []string{"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"}

// breakout are start tags that end a drawing (13.2.6.5).
var breakout = strings.Fields("b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing " +
	"menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var")

// integration are elements of drawings that hold HTML (13.2.6, integration points).
var integration = []string{"title", "desc", "foreignobject", "mi", "mo", "mn", "ms", "mtext"}

func (s *scanner) inForeign() bool {
	n := len(s.foreign)
	return n > 0 && (s.foreign[n-1] == "svg" || s.foreign[n-1] == "math")
}

// interesting tells by length and first letter most of the tags apart that are
// none of our business.
func interesting(name []byte) bool {
	switch lower(name[0]) {
	case 'f', 'b', 'i', 's', 't', 'x', 'n', 'p', 'm', 'h':
		return len(name) > 1 || lower(name[0]) == 'p'
	}
	return false
}

func (w *Writer) startTag(data []byte) (int, bool) {
	n, whole := tagLength(data)
	if !whole {
		return 0, false
	}
	tag := data[:n]
	name := tagName(tag[1:])
	if w.headDone && len(w.foreign) == 0 && !interesting(name) {
		return n, true
	}
	w.open(strings.ToLower(string(name)), tag)
	return n, true
}

func (w *Writer) open(name string, tag []byte) {
	if !w.headDone && name != "html" {
		w.headDone = true
		if markup := w.hooks.Head(); name == "head" {
			w.tag.insertAfter = markup
		} else {
			w.tag.insertBefore = markup
		}
	}
	if w.inForeign() {
		w.openForeign(name, tag)
		if len(w.foreign) > 0 {
			return
		}
	}
	switch name {
	case "svg", "math":
		w.push(name, tag)
		return
	case "plaintext":
		w.mode = passing
		return
	case "template":
		w.templates++
	case "select":
		w.inSelect = !w.inSelect
	case "textarea", "keygen":
		w.inSelect = false
	case "noscript":
		w.outerForm = w.formOpen
	case "base":
		w.setBase(tag)
	case "form":
		w.form(tag)
	case "input", "button":
		if name == "input" {
			w.inSelect = false
		}
		w.submitter(tag)
	}
	if slices.Contains(rawText, name) {
		w.mode, w.element, w.escape, w.dashes = inRaw, name, scriptPlain, 0
		if name == "script" {
			w.mode = inScript
		}
	}
}

// openForeign follows a start tag inside a drawing.
func (w *Writer) openForeign(name string, tag []byte) {
	switch {
	case slices.Contains(breakout, name):
		for w.inForeign() {
			w.foreign = w.foreign[:len(w.foreign)-1]
		}
	case name == "font" || name == "annotation-xml":
		w.mode = passing // depends on attributes; too rare to follow
	case name == "svg" || name == "math" || slices.Contains(integration, name):
		w.push(name, tag)
	}
}

func (w *Writer) push(name string, tag []byte) {
	if bytes.HasSuffix(tag, []byte("/>")) && !endsUnquoted(tag) {
		return
	}
	if len(w.foreign) >= maxForeign {
		w.mode = passing
		return
	}
	w.foreign = append(w.foreign, name)
}

// endsUnquoted reports a tag whose last slash belongs to an attribute: <svg a=b/>.
func endsUnquoted(tag []byte) bool {
	var end tagEnd
	for _, c := range tag[1 : len(tag)-1] {
		end.next(c)
	}
	return end.state == inUnquoted
}

func (w *Writer) endTag(data []byte) (int, bool) {
	n, whole := tagLength(data)
	if !whole {
		return 0, false
	}
	name := tagName(data[2:n])
	if len(w.foreign) == 0 && !interesting(name) {
		return n, true
	}
	w.close(strings.ToLower(string(name)))
	return n, true
}

func (w *Writer) close(name string) {
	if i := lastIndex(w.foreign, name); i >= 0 {
		w.foreign = w.foreign[:i]
		return
	}
	if w.inForeign() && (name == "p" || name == "br") {
		for w.inForeign() {
			w.foreign = w.foreign[:len(w.foreign)-1]
		}
	}
	switch name {
	case "form":
		if w.templates == 0 {
			w.formOpen = false
		}
	case "template":
		w.templates = max(w.templates-1, 0)
	case "select":
		w.inSelect = false
	case "noscript":
		w.formOpen = w.outerForm
	}
}

func lastIndex(list []string, want string) int {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] == want {
			return i
		}
	}
	return -1
}

// still reports whether nothing may be inserted here.
func (s *scanner) still() bool { return s.templates > 0 || s.inSelect || len(s.foreign) > 0 }

func (w *Writer) setBase(tag []byte) {
	if w.base != "" || w.templates > 0 {
		return
	}
	attributes(tag, func(name, value string) {
		if name == "href" {
			w.base = trim(value)
		}
	})
}

func (w *Writer) form(tag []byte) {
	if w.still() || w.formOpen {
		return
	}
	w.formOpen = true
	if w.hooks.Target == nil {
		return
	}
	t := Target{Base: w.base}
	attributes(tag, func(name, value string) {
		switch name {
		case "method":
			t.Method = strings.ToLower(value)
		case "action":
			t.Action = trim(value)
		}
	})
	w.tag.insertAfter = w.hooks.Target(t)
}

func (w *Writer) submitter(tag []byte) {
	if w.still() || !w.formOpen || w.hooks.Target == nil || !mayOverride(tag) {
		return
	}
	t := Target{Submitter: true, Base: w.base}
	overrides, elsewhere := false, false
	attributes(tag, func(name, value string) {
		switch name {
		case "formmethod":
			t.Method, overrides = strings.ToLower(value), true
		case "formaction":
			t.Action, overrides = trim(value), true
		case "form":
			elsewhere = true
		}
	})
	if overrides && !elsewhere {
		w.tag.insertBefore = w.hooks.Target(t)
	}
}

// mayOverride looks for "form" in a tag, before its attributes are read.
func mayOverride(tag []byte) bool {
	for i := 0; i+4 <= len(tag); i++ {
		if tag[i]|0x20 == 'f' && strings.EqualFold(string(tag[i:i+4]), "form") {
			return true
		}
	}
	return false
}

func trim(value string) string {
	value = strings.TrimFunc(value, func(c rune) bool { return c <= ' ' })
	return strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(value) // as URLs are parsed
}

func tagName(rest []byte) []byte {
	for i, c := range rest {
		if space(c) || c == '/' || c == '>' {
			return rest[:i]
		}
	}
	return rest
}

// tagLength returns the length of the tag at the beginning of data. whole is false
// when its end has not come.
func tagLength(data []byte) (n int, whole bool) {
	end := bytes.IndexByte(data, '>')
	if end >= 0 && bytes.IndexByte(data[:end], '"') < 0 && bytes.IndexByte(data[:end], '\'') < 0 {
		return end + 1, true // most tags
	}
	if end < 0 && len(data) <= maxTag {
		return 0, false
	}
	var state tagEnd
	n, whole = state.skip(data[1:])
	return n + 1, whole
}

// tagEnd finds the end of a tag (13.2.5.8 and 32 to 40).
type tagEnd struct{ state uint8 }

const (
	inTagName uint8 = iota
	beforeName
	inName
	afterName
	beforeValue
	inDouble
	inSingle
	inUnquoted
	afterQuoted
)

func (e *tagEnd) skip(data []byte) (n int, ended bool) {
	for i, c := range data {
		if e.next(c) {
			return i + 1, true
		}
	}
	return len(data), false
}

// next reports whether c ends the tag.
func (e *tagEnd) next(c byte) bool {
	switch e.state {
	case inDouble:
		if c == '"' {
			e.state = afterQuoted
		}
		return false
	case inSingle:
		if c == '\'' {
			e.state = afterQuoted
		}
		return false
	}
	switch {
	case c == '>':
		return true
	case space(c):
		switch e.state {
		case inName:
			e.state = afterName
		case afterName, beforeValue:
		default:
			e.state = beforeName
		}
	case e.state == beforeValue:
		switch c {
		case '"':
			e.state = inDouble
		case '\'':
			e.state = inSingle
		default:
			e.state = inUnquoted
		}
	case e.state == inUnquoted:
	case c == '/':
		e.state = beforeName
	case c == '=' && (e.state == inName || e.state == afterName):
		e.state = beforeValue
	case e.state != inTagName:
		e.state = inName
	}
	return false
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func space(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}
