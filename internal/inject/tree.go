package inject

import "bytes"

// tree is the part of tree construction that decides the states of the tokenizer, and
// which elements are forms.
type tree struct {
	formOpen  bool   // the form element pointer of the HTML Standard is set
	formID    string // of that form
	inSelect  bool
	templates int    // number of open ones
	selects   uint64 // inSelect outside each of them, the innermost last
	col       bool   // a col was seen in the templates
	body      bool   // a body tag was seen
	lost      bool   // browsers differ from here on
	noscript  noscript

	// nodes are the open elements from the outermost svg or math on; nodes is empty
	// elsewhere. Only inside them must the elements be known.
	nodes []node
	names []byte // of the nodes
}

// maxNodes is the maximum nesting depth in an svg or math.
const maxNodes = 256

type node struct {
	kind nodeKind
	name int // where its name begins in names
}

type nodeKind uint8

const (
	htmlNode nodeKind = iota // an HTML element in an integration point
	svgNode
	mathNode
	htmlPoint // an HTML integration point
	textPoint // a MathML text integration point
)

func (k nodeKind) isPoint() bool { return k >= htmlPoint }

// interest is the reason why a start tag matters, besides the tree.
type interest uint8

const (
	nothing interest = iota
	aForm
	aSubmitter
	aBase
)

// start handles a start tag. It returns another reason why the tag matters, and the name
// of the element if it has raw text.
func (t *tree) start(name, tag []byte, selfClosing bool) (interest, string) {
	if len(t.nodes) > 0 {
		return nothing, t.startForeign(name, tag, selfClosing)
	}
	if t.inSelect {
		return nothing, t.startInSelect(name, selfClosing)
	}
	switch string(name) {
	case "form":
		if t.templates == 0 && !t.formOpen {
			t.formOpen, t.formID = true, ""
			return aForm, ""
		}
	case "button", "input":
		if t.templates == 0 && t.formOpen {
			return aSubmitter, ""
		}
	case "base":
		if t.templates == 0 {
			return aBase, ""
		}
	case "select":
		t.inSelect = true
	default:
		return nothing, t.startAnywhere(name, selfClosing)
	}
	return nothing, ""
}

// startAnywhere handles the start tags with the same meaning in a select and outside.
func (t *tree) startAnywhere(name []byte, selfClosing bool) string {
	switch string(name) {
	case "svg", "math":
		if t.col && t.templates > 0 {
			t.lost = true
		} else if !selfClosing {
			t.push(foreignRoot(name), name)
		}
	case "template":
		t.openTemplate()
	case "noscript":
		t.noscript.open, t.noscript.matched = true, 0
	case "col":
		t.col = t.col || t.templates > 0
	case "body":
		t.body = t.body || t.templates == 0
	case "frameset":
		// It may remove the body, and all tags after it with the body.
		t.lost = t.lost || !t.body
	default:
		raw := rawText(name)
		// In a template with a col, browsers ignore most tags.
		t.lost = raw != "" && t.col && t.templates > 0
		return raw
	}
	return ""
}

// startInSelect handles a start tag in a select. Older browsers ignore most tags there;
// browsers with styleable selects accept them.
func (t *tree) startInSelect(name []byte, selfClosing bool) string {
	switch string(name) {
	case "select", "input":
		t.inSelect = false
		return ""
	case "noscript", "frameset":
		t.lost = true
		return ""
	case "script", "textarea":
	default:
		if rawText(name) != "" {
			t.lost = true
			return ""
		}
	}
	return t.startAnywhere(name, selfClosing)
}

func (t *tree) openTemplate() {
	if t.templates == 64 {
		t.lost = true
		return
	}
	t.templates++
	t.selects <<= 1
	if t.inSelect {
		t.selects |= 1
	}
	t.inSelect = false
}

func (t *tree) closeTemplate() {
	if t.templates == 0 {
		return
	}
	t.templates--
	t.inSelect = t.selects&1 != 0
	t.selects >>= 1
	t.col = t.col && t.templates > 0
}

// end handles an end tag.
func (t *tree) end(name []byte) {
	if len(t.nodes) > 0 {
		t.endForeign(name)
		return
	}
	switch string(name) {
	case "form":
		// Older browsers ignore it in a select.
		if t.templates == 0 && !t.inSelect {
			t.formOpen = false
		}
	case "select":
		t.inSelect = false
	case "template":
		t.closeTemplate()
	case "noscript":
		t.noscript.open = false
	}
}

// rawText returns the name if elements of that name have raw text.
func rawText(name []byte) string {
	switch string(name) {
	case "script":
		return "script"
	case "style":
		return "style"
	case "textarea":
		return "textarea"
	case "title":
		return "title"
	case "iframe":
		return "iframe"
	case "noembed":
		return "noembed"
	case "noframes":
		return "noframes"
	case "xmp":
		return "xmp"
	case "plaintext":
		return "plaintext"
	}
	return ""
}

// noscript looks for the end of a noscript element. A browser that runs scripts ends it
// at the first end tag, even in a comment, a style or an attribute. To a browser that
// runs none, and to this package, such text is not a tag.
type noscript struct {
	open    bool
	matched int
}

// endsIn reports whether an end tag ends in p; the tag may have begun before p.
func (n *noscript) endsIn(p []byte) bool {
	const end = "</noscript"
	for i := 0; i < len(p); i++ {
		if n.matched == 0 {
			j := bytes.IndexByte(p[i:], '<')
			if j < 0 {
				return false
			}
			i += j
		}
		switch {
		case lower(p[i]) == end[n.matched]:
			if n.matched++; n.matched == len(end) {
				return true
			}
		case p[i] == '<':
			n.matched = 1
		default:
			n.matched = 0
		}
	}
	return false
}

// name is the beginning of a tag's name, in lower case.
type name struct {
	text [maxName + 1]byte
	n    int
}

// maxName is longer than any relevant name.
const maxName = 32

// read reads the name from a tag that is split in two.
func (n *name) read(tag, more []byte) {
	n.n = 0
	if n.add(tag) {
		n.add(more)
	}
}

// add reports whether the name continues after p.
func (n *name) add(p []byte) bool {
	for _, c := range p {
		switch {
		case c == '<' && n.n == 0, c == '/' && n.n == 0:
		case class[c]&(classSpace|classSlash|classGreater) != 0 || n.n == len(n.text):
			return false
		default:
			n.text[n.n] = lower(c)
			n.n++
		}
	}
	return true
}

func (n *name) bytes() []byte { return n.text[:n.n] }

func (n *name) is(s string) bool { return string(n.bytes()) == s }
