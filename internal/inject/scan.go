package inject

import "bytes"

// state is the position of a page in the tokenizer of the HTML Standard. States are
// merged if no end of a token depends on the difference.
type state uint8

const (
	inData    state = iota // text in which tags begin
	inLess                 // after "<"
	inEndOpen              // after "</"

	inTagName
	inBeforeAttribute
	inSlash // after a "/" that makes the tag self-closing if ">" comes next
	inAttributeName
	inAfterName
	inBeforeValue
	inDoubleQuotes
	inSingleQuotes
	inUnquoted

	inDeclaration     // after "<!"
	inDeclarationDash // after "<!-"
	inCDATAOpen       // in "<![CDATA["
	inCDATA
	inCDATABracket
	inCDATABrackets
	inBogusComment

	inCommentStart
	inCommentStartDash
	inComment
	inCommentDash
	inCommentDashes
	inCommentBang

	inRawText
	inRawLess
	inRawEnd // in "</" and the name of the element

	inScript
	inScriptLess
	inScriptEnd
	inScriptBang     // after "<!"
	inScriptBangDash // after "<!-"
	inEscaped
	inEscapedDash
	inEscapedDashes
	inEscapedLess
	inEscapedEnd
	inDoubleStart // in the letters after "<"
	inDouble
	inDoubleDash
	inDoubleDashes
	inDoubleLess
	inDoubleEnd // in the letters after "</"

	inPlaintext
)

// inTag reports whether something may have to be inserted before the open tag.
func (s state) inTag() bool { return s >= inLess && s <= inUnquoted }

type kind uint8

const (
	startTag kind = iota
	endTag
	rawEndTag // of an element with raw text: no more to do for it
)

// scanner is the tokenizer's part of a Writer.
type scanner struct {
	state   state
	raw     string // the name of the element with raw text
	matched int    // number of matched bytes of a word
	kind    kind   // of the tag
	long    bool   // the tag is longer than maxTag, and name is set
	name    name   // of the tag, at its end
}

// hides reports whether text that looks like a tag is none in this state. States inside
// relevant tags do not count, because such a tag is handled as a whole.
func (s *scanner) hides() bool {
	return s.state >= inDeclaration && s.state < inPlaintext || s.state.inTag() && s.kind == rawEndTag
}

const (
	classSpace = 1 << iota // space for the tokenizer, which has made a carriage return a line feed by then
	classSlash
	classGreater
	classEquals
)

var class = [256]uint8{
	'\t': classSpace, '\n': classSpace, '\f': classSpace, '\r': classSpace, ' ': classSpace,
	'/': classSlash, '>': classGreater, '=': classEquals,
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// step scans on from an offset and returns the offset that it reached. The offset
// may stay the same if the state changes.
func (w *Writer) step(p []byte, i int) int {
	switch s := w.state; {
	case s == inData:
		return w.data(p, i)
	case s <= inEndOpen:
		i = w.tagOpen(p, i)
		if w.held.len() > 0 && !w.state.inTag() {
			w.send(i) // it was no tag
		}
		return i
	case s <= inUnquoted:
		return w.inTagStep(p, i)
	case s <= inBogusComment:
		return w.declaration(p, i)
	case s <= inCommentBang:
		return w.comment(p, i)
	case s <= inRawEnd:
		return w.rawText(p, i)
	case s <= inDoubleEnd:
		return w.script(p, i)
	}
	return len(p)
}

// hop skips to the position after the next byte c and sets a state, or goes to the end.
func (w *Writer) hop(p []byte, i int, c byte, next state) int {
	j := bytes.IndexByte(p[i:], c)
	if j < 0 {
		return len(p)
	}
	w.state = next
	return i + j + 1
}

func (w *Writer) data(p []byte, i int) int {
	i = w.hop(p, i, '<', inLess)
	w.tagAt, w.kind, w.long = i-1, startTag, false
	return i
}

func (w *Writer) tagOpen(p []byte, i int) int {
	c := p[i]
	switch {
	case isLetter(c):
		if w.state == inEndOpen {
			w.kind = endTag
		}
		w.state = inTagName
	case w.state == inEndOpen && c == '>':
		w.state = inData
	case w.state == inEndOpen:
		w.state = inBogusComment
		return i
	case c == '/':
		w.state = inEndOpen
	case c == '!':
		w.state = inDeclaration
	case c == '?':
		w.state = inBogusComment
	default:
		w.state = inData
		return i
	}
	return i + 1
}

// inTagStep scans on to the end of the tag, or of the piece.
func (w *Writer) inTagStep(p []byte, i int) int {
	s := w.state
	for i < len(p) {
		switch s {
		case inTagName:
			for i < len(p) && class[p[i]]&(classSpace|classSlash|classGreater) == 0 {
				i++
			}
			if i < len(p) {
				s = inBeforeAttribute
			}
		case inBeforeAttribute, inSlash:
			switch {
			case p[i] == '>':
				w.endOfTag(i+1, s == inSlash)
				return i + 1
			case p[i] == '/':
				s = inSlash
			case class[p[i]] == classSpace:
				s = inBeforeAttribute
			default: // also a "="
				s = inAttributeName
			}
			i++
		case inAttributeName:
			for i < len(p) && class[p[i]] == 0 {
				i++
			}
			if i < len(p) {
				s = inAfterName
			}
		case inAfterName:
			switch {
			case p[i] == '=':
				s = inBeforeValue
				i++
			case class[p[i]] == classSpace:
				i++
			default:
				s = inBeforeAttribute
			}
		case inBeforeValue:
			switch {
			case p[i] == '"':
				s = inDoubleQuotes
			case p[i] == '\'':
				s = inSingleQuotes
			case p[i] == '>':
				w.endOfTag(i+1, false)
				return i + 1
			case class[p[i]] != classSpace:
				s = inUnquoted
			}
			i++
		case inDoubleQuotes, inSingleQuotes:
			quote := byte('"')
			if s == inSingleQuotes {
				quote = '\''
			}
			j := bytes.IndexByte(p[i:], quote)
			if j < 0 {
				w.state = s
				return len(p)
			}
			i += j + 1
			s = inBeforeAttribute
		case inUnquoted:
			for i < len(p) && class[p[i]]&(classSpace|classGreater) == 0 {
				i++
			}
			if i < len(p) {
				s = inBeforeAttribute
			}
		}
	}
	w.state = s
	return i
}

const cdata = "[CDATA["

// declaration scans text that begins with "<!" or "<?", except comments. A doctype
// ends at the first ">", even within quotes.
func (w *Writer) declaration(p []byte, i int) int {
	c := p[i]
	switch w.state {
	case inDeclaration:
		switch {
		case c == '-':
			w.state = inDeclarationDash
			return i + 1
		case c == '[' && w.foreign():
			w.state, w.matched = inCDATAOpen, 0
		default:
			w.document = w.document || c|0x20 == 'd' // a doctype
			w.state = inBogusComment
		}
		return i
	case inDeclarationDash:
		if c == '-' {
			w.state = inCommentStart
			return i + 1
		}
		w.state = inBogusComment
		return i
	case inCDATAOpen:
		return w.cdataOpen(c, i)
	case inCDATA:
		return w.hop(p, i, ']', inCDATABracket)
	case inCDATABracket:
		w.state = inCDATA
		if c == ']' {
			w.state = inCDATABrackets
		}
	case inCDATABrackets:
		switch c {
		case ']':
		case '>':
			w.state = inData
		default:
			w.state = inCDATA
		}
	case inBogusComment:
		return w.hop(p, i, '>', inData)
	}
	return i + 1
}

func (w *Writer) cdataOpen(c byte, i int) int {
	if c != cdata[w.matched] {
		w.state = inBogusComment
		return i
	}
	if w.matched++; w.matched < len(cdata) {
		return i + 1
	}
	w.state = inCDATA
	if w.doubtsCDATA() {
		w.giveUp()
	}
	return i + 1
}

func (w *Writer) comment(p []byte, i int) int {
	if w.state == inComment {
		return w.hop(p, i, '-', inCommentDash)
	}
	c, s := p[i], w.state
	w.state = inComment
	switch {
	case c == '>' && s != inCommentDash:
		w.state = inData
	case c == '-':
		switch s {
		case inCommentStart:
			w.state = inCommentStartDash
		case inCommentBang:
			w.state = inCommentDash
		default:
			w.state = inCommentDashes
		}
	case c == '!' && s == inCommentDashes:
		w.state = inCommentBang
	}
	return i + 1
}

// enter sets the state after a start tag: raw text of an element with that name, or data
// if the name is empty.
func (w *Writer) enter(raw string) {
	w.raw = raw
	switch raw {
	case "":
		w.state = inData
	case "script":
		w.state = inScript
	case "plaintext":
		w.state = inPlaintext
	default:
		w.state = inRawText
	}
}

func (w *Writer) rawText(p []byte, i int) int {
	switch w.state {
	case inRawText:
		return w.hop(p, i, '<', inRawLess)
	case inRawLess:
		if p[i] == '/' {
			w.state, w.matched = inRawEnd, 0
			return i + 1
		}
		w.state = inRawText
		return i
	}
	return w.rawEnd(p[i], i, inRawText)
}

// rawEnd matches the name in an end tag that may end the raw text. With another name,
// the text continues in the given state.
func (w *Writer) rawEnd(c byte, i int, text state) int {
	switch {
	case w.matched < len(w.raw) && lower(c) == w.raw[w.matched]:
		w.matched++
		return i + 1
	case w.matched == len(w.raw) && class[c]&(classSpace|classSlash|classGreater) != 0:
		w.kind, w.state = rawEndTag, inBeforeAttribute
		return i
	}
	w.state = text
	return i
}

// script scans the text of a script. In it a comment hides an end tag if the comment
// contains a start tag.
func (w *Writer) script(p []byte, i int) int {
	c := p[i]
	switch w.state {
	case inScript:
		return w.hop(p, i, '<', inScriptLess)
	case inScriptLess:
		switch c {
		case '/':
			w.state, w.matched = inScriptEnd, 0
		case '!':
			w.state = inScriptBang
		default:
			w.state = inScript
			return i
		}
		return i + 1
	case inScriptEnd:
		return w.rawEnd(c, i, inScript)
	case inScriptBang, inScriptBangDash:
		if c != '-' {
			w.state = inScript
			return i
		}
		if w.state++; w.state > inScriptBangDash {
			w.state = inEscapedDashes
		}
		return i + 1
	case inEscaped, inEscapedDash, inEscapedDashes:
		return w.dashes(p, i, inEscaped, inEscapedLess)
	case inEscapedLess:
		switch {
		case c == '/':
			w.state, w.matched = inEscapedEnd, 0
			return i + 1
		case isLetter(c):
			w.state, w.matched = inDoubleStart, 0
		default:
			w.state = inEscaped
		}
		return i
	case inEscapedEnd:
		return w.rawEnd(c, i, inEscaped)
	case inDoubleStart:
		return w.doubleWord(c, i, inEscaped, inDouble)
	case inDouble, inDoubleDash, inDoubleDashes:
		return w.dashes(p, i, inDouble, inDoubleLess)
	case inDoubleLess:
		if c == '/' {
			w.state, w.matched = inDoubleEnd, 0
			return i + 1
		}
		w.state = inDouble
		return i
	}
	return w.doubleWord(c, i, inDouble, inEscaped)
}

// dashes scans an escaped text of a script. The two states after text are those
// with one dash and with two.
func (w *Writer) dashes(p []byte, i int, text, less state) int {
	c, s := p[i], w.state
	switch {
	case c == '<':
		w.state = less
	case c == '-' && s < text+2:
		w.state++
	case c == '-':
	case c == '>' && s == text+2:
		w.state = inScript
	default:
		w.state = text
	}
	return i + 1
}

// doubleWord matches the word script after "<" or "</". The word switches from one
// kind of escaped text to the other.
func (w *Writer) doubleWord(c byte, i int, from, to state) int {
	const word, other = "script", len("script") + 1
	switch {
	case isLetter(c):
		if w.matched < len(word) && lower(c) == word[w.matched] {
			w.matched++
		} else {
			w.matched = other
		}
		return i + 1
	case class[c]&(classSpace|classSlash|classGreater) == 0:
		w.state = from
		return i
	case w.matched == len(word):
		w.state = to
	default:
		w.state = from
	}
	return i + 1
}
