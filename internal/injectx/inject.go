// Package injectx adds markup to the forms of a page while it streams by, and
// changes nothing else: the output without the insertions is the input, byte for
// byte, however it was cut into pieces.
//
//	w := inject.NewWriter(dst, inject.ASCII, inject.Hooks{Target: func(t inject.Target) []byte {
//		if t.Method != "post" { return nil }
//		return []byte(`<input type="hidden" name="ticket" value="…">`)
//	}})
//	io.Copy(w, page); w.Close()
//
// It follows the tokenizer of the HTML Standard (§13.2.5) as far as it takes to
// know a tag from text, comments, raw text and attribute values, and enough of the
// tree builder to know where markup would do harm: inside SVG and MathML a div
// ends the drawing, inside a template it would be copied, inside a select it is
// dropped, and a form inside a form is no form. In doubt nothing is inserted; the
// form then goes without, and its visitor meets the challenge page.
//
// A parser would build the page anew and write another one. A tokenizer that makes
// a value of each token costs nine times what this does: it hops from one "<" to
// the next and looks at few of them.
package injectx

import (
	"bytes"
	"html"
	"io"
	"strings"
)

// Target is an element that says where a form is sent.
type Target struct {
	Submitter bool   // a button or an input with formaction or formmethod, inside an open form
	Method    string // in lower case, "" where it is not said
	Action    string // decoded and trimmed, "" where it is not said
	Base      string // of the first base element with a href so far
}

// Hooks are asked what to insert. Either may be nil.
type Hooks struct {
	// Target is asked at each form, for what to put right after its start tag, and
	// at each submitter that overrides it, for what to put right before it. The
	// result is not kept.
	Target func(Target) []byte

	// Head is asked once, for what to put at the beginning of the head.
	Head func() []byte
}

// maxTag is the longest tag that is looked at. Longer ones pass.
const maxTag = 64 << 10

// Writer copies a page to another writer and adds to it.
type Writer struct {
	dst   io.Writer
	hooks Hooks
	wide  *wide // of UTF-16, else nil
	err   error

	pending []byte // the beginning of something whose end has not come
	scanner
}

// NewWriter returns a writer to dst for a page in an encoding.
func NewWriter(dst io.Writer, encoding Encoding, hooks Hooks) *Writer {
	w := &Writer{dst: dst, hooks: hooks}
	switch encoding {
	case UTF16LE, UTF16BE:
		w.wide = &wide{big: encoding == UTF16BE}
	case Opaque:
		w.mode = passing
	}
	w.headDone = hooks.Head == nil
	return w
}

// Write passes on all of p but the beginning of a tag that has not ended.
func (w *Writer) Write(p []byte) (int, error) {
	if w.wide != nil {
		w.wide.write(w, p)
	} else {
		w.write(p, false)
	}
	return len(p), w.err
}

// Close passes on what was held back. It does not close the destination.
func (w *Writer) Close() error {
	if w.wide != nil {
		w.wide.close(w)
	} else {
		w.write(nil, true)
	}
	return w.err
}

func (w *Writer) write(p []byte, last bool) {
	data := p
	if len(w.pending) > 0 {
		w.pending = append(w.pending, p...)
		data = w.pending
	}
	n := w.scan(data, last)
	w.pending = append(w.pending[:0], data[n:]...)
}

// put writes a piece of the page, insert what is added to it.
func (w *Writer) put(page []byte) {
	if len(page) == 0 || w.err != nil {
		return
	}
	if w.wide != nil {
		w.wide.put(w, len(page))
		return
	}
	_, w.err = w.dst.Write(page)
}

func (w *Writer) insert(markup []byte) {
	if len(markup) == 0 || w.err != nil {
		return
	}
	if w.wide != nil {
		markup = w.wide.widen(markup)
	}
	_, w.err = w.dst.Write(markup)
}

// scan passes on the data up to the beginning of what is not whole yet, and
// returns how much that was. With last set nothing more will come.
func (w *Writer) scan(data []byte, last bool) int {
	from, at := 0, 0 // what was passed on; where we are
	for at < len(data) {
		n, whole := w.step(data[at:])
		if !whole && !last {
			if len(data)-at <= maxTag {
				break
			}
			n = w.giveUp()
		} else if !whole {
			n = len(data) - at
		}
		if w.tag.insertBefore != nil {
			w.put(data[from:at])
			w.insert(w.tag.insertBefore)
			from = at
		}
		at += n
		if w.tag.insertAfter != nil {
			w.put(data[from:at])
			w.insert(w.tag.insertAfter)
			from = at
		}
		w.tag.insertBefore, w.tag.insertAfter = nil, nil
	}
	w.put(data[from:at])
	return at
}

// step takes one step at the beginning of data. whole is false when more data is
// needed to know.
func (w *Writer) step(data []byte) (n int, whole bool) {
	switch w.mode {
	case text:
		return w.text(data)
	case inComment:
		return w.comment(data), true
	case inBogus, inDoctype:
		return w.until(data, '>', text), true
	case inCDATA:
		return w.cdata(data)
	case inRaw:
		return w.raw(data)
	case inScript:
		return w.script(data)
	case inLongTag:
		n, ended := w.long.skip(data)
		if ended {
			w.mode = text
		}
		return n, true
	}
	return len(data), true // passing
}

// giveUp passes what is too long to be looked at.
func (w *Writer) giveUp() int {
	w.mode, w.long = inLongTag, tagEnd{}
	return 1 // the "<"; the rest is skipped from there
}

// text goes to the next tag and looks at it.
func (w *Writer) text(data []byte) (int, bool) {
	n := bytes.IndexByte(data, '<')
	switch {
	case n < 0:
		return len(data), true
	case n > 0:
		return n, true
	case len(data) < 2:
		return 0, false
	}
	switch c := data[1]; {
	case letter(c):
		return w.startTag(data)
	case c == '/':
		if len(data) < 3 {
			return 0, false
		}
		if letter(data[2]) {
			return w.endTag(data)
		}
		w.mode = inBogus
		return 2, true
	case c == '!':
		return w.declaration(data)
	case c == '?':
		w.mode = inBogus
		return 2, true
	}
	return 1, true
}

// declaration tells comments, CDATA sections and all else that begins with "<!".
func (w *Writer) declaration(data []byte) (int, bool) {
	const comment, cdata = "<!--", "<![CDATA["
	switch {
	case bytes.HasPrefix(data, []byte(comment)):
		w.mode, w.dashes = inComment, commentStart
		return len(comment), true
	case strings.HasPrefix(comment, string(data[:min(len(data), len(comment))])):
		return 0, false
	case w.inForeign() && bytes.HasPrefix(data, []byte(cdata)):
		w.mode = inCDATA
		return len(cdata), true
	case w.inForeign() && strings.HasPrefix(cdata, string(data[:min(len(data), len(cdata))])):
		return 0, false
	}
	w.mode = inBogus
	return 2, true
}

func (w *Writer) until(data []byte, end byte, next mode) int {
	if i := bytes.IndexByte(data, end); i >= 0 {
		w.mode = next
		return i + 1
	}
	return len(data)
}

// States of a comment, as the Standard numbers them (13.2.5.43 to 52), less those
// that make no difference to where it ends.
const (
	commentStart = iota
	commentStartDash
	commentBody
	commentDash
	commentEnd
	commentBang
)

func (w *Writer) comment(data []byte) int {
	for i := 0; i < len(data); i++ {
		if w.dashes == commentBody {
			hop := bytes.IndexByte(data[i:], '-')
			if hop < 0 {
				return len(data)
			}
			i += hop
		}
		c := data[i]
		switch w.dashes {
		case commentStart:
			w.dashes = either(c == '-', commentStartDash, commentBody)
		case commentStartDash:
			w.dashes = either(c == '-', commentEnd, commentBody)
		case commentBody:
			w.dashes = commentDash
			continue
		case commentDash:
			w.dashes = either(c == '-', commentEnd, commentBody)
			continue
		case commentEnd:
			switch c {
			case '-':
			case '!':
				w.dashes = commentBang
			case '>':
				w.mode = text
				return i + 1
			default:
				w.dashes = commentBody
			}
			continue
		case commentBang:
			if c == '>' {
				w.mode = text
				return i + 1
			}
			w.dashes = either(c == '-', commentDash, commentBody)
			continue
		}
		if c == '>' { // at the start of a comment it ends it
			w.mode = text
			return i + 1
		}
	}
	return len(data)
}

func either(yes bool, a, b int) int {
	if yes {
		return a
	}
	return b
}

func (w *Writer) cdata(data []byte) (int, bool) {
	const end = "]]>"
	if i := bytes.Index(data, []byte(end)); i >= 0 {
		w.mode = text
		return i + len(end), true
	}
	if keep := len(data) - len(end) + 1; keep > 0 {
		return keep, true
	}
	return 0, false
}

// raw goes to the end tag of the element whose content is not markup.
func (w *Writer) raw(data []byte) (int, bool) {
	n := bytes.IndexByte(data, '<')
	switch {
	case n < 0:
		return len(data), true
	case n > 0:
		return n, true
	}
	is, known := namedTag(data, "</", w.element)
	if !known {
		return 0, false
	}
	if is {
		w.mode = text
		return w.endTag(data)
	}
	return 1, true
}

// States of a script (13.2.5.15 to 31): what looks like a comment in it may hold
// what looks like a script.
const (
	scriptPlain = iota
	scriptEscaped
	scriptTwice
)

func (w *Writer) script(data []byte) (int, bool) {
	if w.escape == scriptPlain {
		n := bytes.IndexByte(data, '<')
		switch {
		case n < 0:
			return len(data), true
		case n > 0:
			return n, true
		}
		const comment = "<!--"
		switch {
		case bytes.HasPrefix(data, []byte(comment)):
			w.escape, w.dashes = scriptEscaped, 2
			return len(comment), true
		case strings.HasPrefix(comment, string(data[:min(len(data), len(comment))])):
			return 0, false
		}
		return w.raw(data)
	}
	switch c := data[0]; {
	case c == '-':
		w.dashes = min(w.dashes+1, 2)
		return 1, true
	case c == '>' && w.dashes == 2:
		w.escape, w.dashes = scriptPlain, 0
		return 1, true
	case c != '<':
		w.dashes = 0
		if n := bytes.IndexAny(data, "-<>"); n != 0 {
			return either(n < 0, len(data), n), true
		}
		return 1, true
	}
	w.dashes = 0
	closes, known := namedTag(data, "</", "script")
	opens, known2 := namedTag(data, "<", "script")
	switch {
	case !known || !known2:
		return 0, false
	case closes && w.escape == scriptEscaped:
		w.mode = text
		return w.endTag(data)
	case closes:
		w.escape = scriptEscaped
		return len("</script"), true
	case opens && w.escape == scriptEscaped:
		w.escape = scriptTwice
		return len("<script"), true
	}
	return 1, true
}

// namedTag reports whether data begins with a tag of the name. known is false when
// it is too short to tell.
func namedTag(data []byte, open, name string) (is, known bool) {
	whole := open + name
	for i := range len(whole) {
		if i >= len(data) {
			return false, false
		}
		if lower(data[i]) != whole[i] {
			return false, true
		}
	}
	if len(data) == len(whole) {
		return false, false
	}
	c := data[len(whole)]
	return space(c) || c == '/' || c == '>', true
}

// attributes calls use for each attribute of a tag, in order; the first of a name
// counts. Values are decoded.
func attributes(tag []byte, use func(name, value string)) {
	var end tagEnd
	name, value := -1, -1
	seen := make(map[string]bool)
	var have string
	finish := func(to int) {
		if name >= 0 && value < 0 {
			have = strings.ToLower(string(tag[name:to]))
		}
		text := ""
		if value >= 0 {
			text = html.UnescapeString(strings.ReplaceAll(string(tag[value:to]), "\r\n", "\n"))
		}
		if have != "" && !seen[have] {
			seen[have] = true
			use(have, text)
		}
		name, value, have = -1, -1, ""
	}
	for i := 1; i < len(tag); i++ {
		before := end.state
		ended := end.next(tag[i])
		switch {
		case before == inName && end.state != inName && (ended || end.state != beforeValue && end.state != afterName):
			finish(i)
		case before == inName && end.state != inName:
			have = strings.ToLower(string(tag[name:i]))
			name = -1
		case before == afterName && (ended || end.state == inName || end.state == beforeName):
			finish(i)
		case before == beforeValue && end.state == inUnquoted:
			value = i
		case before == beforeValue && (end.state == inDouble || end.state == inSingle):
			value = i + 1
		case before == beforeValue && ended:
			finish(i)
		case (before == inDouble || before == inSingle || before == inUnquoted) && (ended || end.state != before):
			finish(i)
		}
		if before != inName && end.state == inName && !ended {
			name = i
		}
		if ended {
			return
		}
	}
}
