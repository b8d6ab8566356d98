// Package inject copies an HTML page byte for byte and inserts markup at its
// forms, while the page streams through.
//
// The package is made for a reverse proxy. So it holds back only the tag that it is in,
// and it reads little: it jumps from one "<" to the next. It follows the tokenizer of the
// HTML Standard (§13.2.5). From tree construction it follows the parts that change the
// state of the tokenizer: raw text, foreign content, templates, selects.
//
// In some pages browsers differ, or only a whole tree builder could tell how the page goes
// on. There a [Writer] gives up: it copies the rest of the page and inserts nothing more.
// This is the smaller harm: a form without its fields leads to a challenge, but markup in
// the middle of a script breaks the page.
//
// A page that begins with "{" or "[" is data under a wrong type, such as JSON. It is copied
// unchanged.
package inject

import "io"

// maxTag is the maximum length of a tag, in units of the encoding. Of a longer tag only
// the name is used.
const maxTag = 64 << 10

// Target is an element that states where a form is sent: a form, or a submitter that
// sends the form to another URL or by another method.
type Target struct {
	// Submitter is true for a button, or an input of type submit or image, that
	// belongs to the open form and has a formaction or a formmethod.
	Submitter bool
	// Method is the attribute method or formmethod in lower case, "" when absent.
	Method string
	// Action is the attribute action or formaction as a URL parser first prepares it:
	// character references decoded, control characters and spaces trimmed, tabs and
	// line breaks dropped. It is in UTF-8 if the page is in UTF-8 or UTF-16, else in
	// the page's bytes.
	Action string
	// HasAction distinguishes an empty action from a missing one.
	HasAction bool
	// Base is the href of the first base element with one before this element,
	// decoded like Action; "" if there is none.
	Base string
}

// Hooks return the markup to insert. Their results are written before the next call and
// not kept. The Writer takes the markup for UTF-8, so it should be ASCII if the page may
// have another encoding. In a UTF-16 page the markup is written in UTF-16.
type Hooks struct {
	// Target returns the markup to insert after the start tag of a form, or before the
	// tag of a submitter. A submitter may be in a paragraph, which a div would end. So
	// the markup for it must be phrasing content, such as an input or a span. Nil: nothing.
	Target func(Target) []byte
	// Head returns the markup for the head. It goes after the start tag of the head. If
	// there is none, it goes before the first start tag that is not html. Head is
	// called at most once, and only for a whole document: a page with a doctype, or with a
	// tag html, head, body or frameset before its content. A fragment goes into a page that
	// has the markup already. It is given the base as in Target. Nil: nothing.
	Head func(base string) []byte
	// Encoding is the encoding of the page, see [Charset]. An Opaque page is copied unchanged.
	Encoding Encoding
}

// Writer copies a page to its destination and inserts the markup of its hooks.
// The insertions depend on the page alone, not on how it is split into writes.
// A Writer is not safe for concurrent use.
type Writer struct {
	dst   io.Writer
	hooks Hooks
	err   error // of dst; permanent

	scanner
	tree
	base     string
	hasBase  bool
	headDone bool
	document bool // a doctype, or a tag that only a whole document has, was seen
	begun    bool // a character other than white space was seen

	page  slice // the piece of the page that is being scanned
	sent  int   // number of its units that are written
	tagAt int   // where the last tag begins in it, if not in held
	held  slice // the part of an open tag from earlier pieces

	odd    [2]byte // a UTF-16 unit that was split
	hasOdd bool    // its first half is there
	narrow []byte  // scratch
}

// NewWriter returns a Writer to dst.
func NewWriter(dst io.Writer, hooks Hooks) *Writer {
	w := &Writer{}
	w.Reset(dst, hooks)
	return w
}

// Reset makes w ready for another page, and keeps its memory.
func (w *Writer) Reset(dst io.Writer, hooks Hooks) {
	*w = Writer{
		dst: dst, hooks: hooks,
		tree:     tree{nodes: w.nodes[:0], names: w.names[:0]},
		held:     w.held.empty(),
		narrow:   w.narrow,
		headDone: hooks.Head == nil,
	}
	if hooks.Encoding == Opaque {
		w.giveUp()
	}
}

// Write takes the next piece of the page. It writes everything to the destination except
// a tag that is still open at the end of the piece.
func (w *Writer) Write(p []byte) (int, error) {
	if w.isWide() {
		w.write16(p)
	} else {
		w.scan(slice{text: p})
	}
	if w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// Close writes the bytes that were held back. It does not close the destination.
func (w *Writer) Close() error {
	w.send(0)
	if w.hasOdd {
		w.hasOdd = false
		w.put(w.odd[:1])
	}
	return w.err
}

func (w *Writer) isWide() bool {
	return w.hooks.Encoding == UTF16LE || w.hooks.Encoding == UTF16BE
}

// scan scans one piece of the page.
func (w *Writer) scan(page slice) {
	w.page, w.sent, w.tagAt = page, 0, 0
	p := page.text
	if !w.begun {
		w.begin(p)
	}
	for i := 0; i < len(p); {
		if w.state == inData && w.skims() {
			if i = w.skim(p, i); i == len(p) {
				break
			}
		}
		from, hides := i, w.noscript.open && w.hides()
		i = w.step(p, i)
		if hides && w.noscript.endsIn(p[from:i]) {
			w.giveUp()
		}
	}
	if w.holds() {
		w.hold()
	} else {
		w.send(len(p))
	}
	w.page, w.sent = slice{}, 0
}

// begin gives up if the page is data.
func (w *Writer) begin(p []byte) {
	for _, c := range p {
		if class[c]&classSpace != 0 || w.isMark(c) {
			continue
		}
		if w.begun = true; c == '{' || c == '[' {
			w.giveUp()
		}
		return
	}
}

// isMark reports whether a byte before the page's first character can be one of a byte
// order mark.
func (w *Writer) isMark(c byte) bool {
	if w.isWide() {
		return c == 0xFF
	}
	return c == 0xEF || c == 0xBB || c == 0xBF
}

// holds reports whether the piece ends in a tag that may need an insertion before it.
func (w *Writer) holds() bool {
	return w.state.inTag() && !w.long && w.kind != rawEndTag
}

// hold keeps the beginning of a tag for the next piece, unless the tag is too long.
func (w *Writer) hold() {
	if w.held.len() == 0 {
		w.send(w.tagAt)
	}
	rest := w.page.from(w.sent)
	if w.held.len()+rest.len() <= maxTag {
		w.held.add(rest)
		return
	}
	w.tooLong(rest)
	w.send(w.page.len())
}

// send writes the bytes that were held back, and the piece up to an offset.
func (w *Writer) send(to int) {
	if w.held.len() > 0 {
		w.put(w.held.raw())
		w.held = w.held.empty()
	}
	if to > w.sent {
		w.put(w.page.cut(w.sent, to).raw())
		w.sent = to
	}
}

func (w *Writer) put(p []byte) {
	if w.err != nil || len(p) == 0 {
		return
	}
	n, err := w.dst.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	w.err = err
}

// insert writes markup that is not part of the page.
func (w *Writer) insert(markup []byte) {
	if w.isWide() {
		markup = widen(markup, w.hooks.Encoding)
	}
	w.put(markup)
}

// insertBefore inserts before the current tag, which is in held or begins at tagAt.
func (w *Writer) insertBefore(markup []byte) {
	if len(markup) == 0 {
		return
	}
	if w.held.len() == 0 {
		w.send(w.tagAt)
	}
	w.insert(markup)
}

// insertAfter inserts at an offset of the piece.
func (w *Writer) insertAfter(end int, markup []byte) {
	if len(markup) == 0 {
		return
	}
	w.send(end)
	w.insert(markup)
}

// endOfTag is called with the offset after a tag's ">".
func (w *Writer) endOfTag(end int, selfClosing bool) {
	w.state = inData
	if w.kind == rawEndTag || w.isDull() {
		return
	}
	tag := w.tag(end)
	if !w.long {
		w.name.read(tag, nil)
		w.beforeTag()
	}
	w.heed(tag, end, selfClosing)
	if len(w.held.text) > 0 {
		w.send(end)
	}
}

// dull are the first letters that no relevant tag name has outside svg and math. So
// links, divs, lists and options need no check.
var dull = [256]bool{'a': true, 'd': true, 'e': true, 'g': true, 'l': true, 'o': true, 'r': true, 'u': true}

// isDull reports whether a tag can be ignored.
func (w *Writer) isDull() bool {
	if len(w.held.text) > 0 || w.long || !w.headDone || len(w.nodes) > 0 || w.noscript.open {
		return false
	}
	begin := w.tagAt + len("<")
	if w.kind == endTag {
		begin++
	}
	return dull[lower(w.page.text[begin])]
}

// tag returns the tag that ends at an offset of the piece as one slice, or nil if it is
// too long.
func (w *Writer) tag(end int) []byte {
	switch {
	case w.long:
		return nil
	case len(w.held.text) == 0 && end-w.tagAt <= maxTag:
		return w.page.text[w.tagAt:end]
	case len(w.held.text) == 0:
		w.tooLong(w.page.cut(w.tagAt, end))
		return nil
	}
	rest := w.page.cut(w.sent, end)
	if w.held.len()+rest.len() > maxTag {
		w.tooLong(rest)
		return nil
	}
	w.held.add(rest)
	w.sent = end
	return w.held.text
}

// wholeTag returns the same tag with all its characters.
func (w *Writer) wholeTag(tag []byte, end int) []byte {
	switch {
	case !w.isWide():
		return tag
	case len(w.held.text) > 0:
		return w.held.utf8(w.hooks.Encoding)
	}
	return w.page.cut(w.tagAt, end).utf8(w.hooks.Encoding)
}

// tooLong is called as soon as a tag is known to be too long. rest is the page after the
// part that was held.
func (w *Writer) tooLong(rest slice) {
	w.name.read(w.held.text, rest.text)
	w.long = true
	w.beforeTag()
}

// beforeTag inserts the markup that precedes a start tag whatever its attributes are.
func (w *Writer) beforeTag() {
	if w.headDone || w.kind != startTag {
		return
	}
	switch name := string(w.name.bytes()); name {
	case "html", "head":
		w.document = true
		return
	case "body", "frameset":
		w.document = true
	case "base", "link", "meta", "script", "style", "title":
		if !w.document {
			return // a document may begin with them, and so may a fragment
		}
	}
	if w.headDone = true; w.document {
		w.insertBefore(w.hooks.Head(w.base))
	}
}

// heed handles a complete tag. The tag is nil if it is too long.
func (w *Writer) heed(tag []byte, end int, selfClosing bool) {
	switch {
	case w.noscript.open && (w.long || w.noscript.endsIn(tag[1:])):
		w.giveUp()
		return
	case w.kind == endTag:
		w.end(w.name.bytes())
	default:
		w.startTag(tag, end, selfClosing)
	}
	if w.lost {
		w.giveUp()
	}
}

func (w *Writer) startTag(tag []byte, end int, selfClosing bool) {
	what, raw := w.start(w.name.bytes(), tag, selfClosing)
	w.enter(raw)
	if w.name.is("head") && !w.headDone {
		w.headDone = true
		w.insertAfter(end, w.hooks.Head(w.base))
	}
	if what == nothing || w.long {
		return
	}
	switch tag = w.wholeTag(tag, end); what {
	case aForm:
		w.form(tag, end)
	case aSubmitter:
		w.submitter(tag)
	case aBase:
		w.setBase(tag)
	}
}

func (w *Writer) form(tag []byte, end int) {
	if w.hooks.Target == nil {
		return
	}
	var a formAttributes
	a.read(tag, "action", "method", "id")
	w.formID = unescape(a.id)
	w.insertAfter(end, w.hooks.Target(w.target(a)))
}

func (w *Writer) submitter(tag []byte) {
	if w.hooks.Target == nil {
		return
	}
	var a formAttributes
	a.read(tag, "formaction", "formmethod", "form")
	if !a.hasAction && !a.hasMethod || !a.sends(w.name.is("button")) {
		return
	}
	if a.hasID && (len(a.id) == 0 || unescape(a.id) != w.formID) {
		return // it belongs to another form, and inserted fields would not
	}
	target := w.target(a)
	target.Submitter = true
	w.insertBefore(w.hooks.Target(target))
}

func (w *Writer) target(a formAttributes) Target {
	return Target{
		Method:    lowerString(unescape(a.method)),
		Action:    address(a.action),
		HasAction: a.hasAction,
		Base:      w.base,
	}
}

func (w *Writer) setBase(tag []byte) {
	if w.hasBase || w.noscript.open {
		return // most browsers do not read a base in a noscript
	}
	var a formAttributes
	a.read(tag, "href", "", "")
	w.base, w.hasBase = address(a.action), a.hasAction
}

// giveUp makes w copy the rest of the page.
func (w *Writer) giveUp() {
	w.lost, w.noscript.open = true, false
	w.state = inPlaintext
}
