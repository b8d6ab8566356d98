package inject

import "bytes"

// In svg and math there is no raw text, but there are CDATA sections. In their
// integration points it is the other way round. To tell which rule applies, the stack of
// open elements is needed. Foreign elements are tracked exactly. HTML in an integration
// point is tracked only while it is well nested, because then the rules of implied end
// tags cannot change the stack outside.

func foreignRoot(name []byte) nodeKind {
	if string(name) == "svg" {
		return svgNode
	}
	return mathNode
}

// foreign reports whether there may be CDATA sections.
func (t *tree) foreign() bool { return len(t.nodes) > 0 }

// doubtsCDATA reports whether a CDATA section may be a comment here, as it is in HTML.
func (t *tree) doubtsCDATA() bool { return t.inSelect || t.top() == htmlNode }

func (t *tree) top() nodeKind { return t.nodes[len(t.nodes)-1].kind }

func (t *tree) nameOf(i int) []byte {
	if i+1 < len(t.nodes) {
		return t.names[t.nodes[i].name:t.nodes[i+1].name]
	}
	return t.names[t.nodes[i].name:]
}

func (t *tree) push(kind nodeKind, name []byte) {
	if len(t.nodes) == maxNodes || len(name) > maxName {
		t.lost = true
		return
	}
	t.nodes = append(t.nodes, node{kind, len(t.names)})
	t.names = append(t.names, name...)
}

// pop removes the node i and all nodes inside it.
func (t *tree) pop(i int) {
	t.names = t.names[:t.nodes[i].name]
	t.nodes = t.nodes[:i]
}

func (t *tree) startForeign(name, tag []byte, selfClosing bool) string {
	if t.takesHTML(name) {
		return t.startInPoint(name, selfClosing)
	}
	if breaksOut(name, tag) {
		for len(t.nodes) > 0 && (t.top() == svgNode || t.top() == mathNode) {
			t.pop(len(t.nodes) - 1)
		}
		if len(t.nodes) > 0 {
			return t.startInPoint(name, selfClosing)
		}
		if t.inSelect {
			return t.startInSelect(name, selfClosing)
		}
		return t.startAnywhere(name, selfClosing)
	}
	if t.inSelect && endsSelect(name) || tag == nil && needsAttributes(name) {
		t.lost = true
		return ""
	}
	if !selfClosing {
		t.push(t.kindOf(name, tag), name)
	}
	return ""
}

// takesHTML reports whether a start tag creates an HTML element here.
func (t *tree) takesHTML(name []byte) bool {
	switch t.top() {
	case htmlNode, htmlPoint:
		return true
	case textPoint:
		return string(name) != "mglyph" && string(name) != "malignmark"
	}
	return false
}

// kindOf returns the kind of the foreign element that a start tag creates.
func (t *tree) kindOf(name, tag []byte) nodeKind {
	if t.top() == svgNode {
		switch string(name) {
		case "foreignobject", "desc", "title":
			return htmlPoint
		}
		return svgNode
	}
	switch string(name) {
	case "mi", "mo", "mn", "ms", "mtext":
		return textPoint
	case "annotation-xml":
		if encodesHTML(tag) {
			return htmlPoint
		}
	case "svg":
		if string(t.nameOf(len(t.nodes)-1)) == "annotation-xml" {
			return svgNode
		}
	}
	return mathNode
}

// needsAttributes reports whether the meaning of an element depends on an attribute.
// The attributes of a tag that is too long are unknown.
func needsAttributes(name []byte) bool {
	return string(name) == "font" || string(name) == "annotation-xml"
}

func encodesHTML(tag []byte) bool {
	for r := newAttributes(tag); r.next(); {
		if is(r.name, "encoding") {
			encoding := []byte(unescape(r.value))
			return is(encoding, "text/html") || is(encoding, "application/xhtml+xml")
		}
	}
	return false
}

// breaksOut reports whether a start tag ends foreign content.
func breaksOut(name, tag []byte) bool {
	switch string(name) {
	case "b", "big", "blockquote", "body", "br", "center", "code", "dd", "div", "dl", "dt", "em", "embed",
		"h1", "h2", "h3", "h4", "h5", "h6", "head", "hr", "i", "img", "li", "listing", "menu", "meta", "nobr",
		"ol", "p", "pre", "ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "table", "tt", "u", "ul", "var":
		return true
	case "font":
		for r := newAttributes(tag); r.next(); {
			if is(r.name, "color") || is(r.name, "face") || is(r.name, "size") {
				return true
			}
		}
	}
	return false
}

// endsSelect reports whether a start tag ends a select in some browsers, even inside
// an svg, because those browsers ignore an svg in a select.
func endsSelect(name []byte) bool {
	switch string(name) {
	case "select", "input", "keygen", "textarea", "script":
		return true
	}
	return ofTable(name)
}

// ofTable reports whether a start tag ends a table cell around an svg.
func ofTable(name []byte) bool {
	switch string(name) {
	case "caption", "col", "colgroup", "tbody", "td", "tfoot", "th", "thead", "tr":
		return true
	}
	return false
}

// startInPoint handles a start tag in an integration point.
func (t *tree) startInPoint(name []byte, selfClosing bool) string {
	switch string(name) {
	case "svg", "math":
		if !selfClosing {
			t.push(foreignRoot(name), name)
		}
		return ""
	case "html", "head", "body", "frameset", "select", "template", "noscript":
		t.lost = true
		return ""
	case "area", "base", "basefont", "bgsound", "br", "embed", "frame", "hr", "image", "img", "input", "keygen",
		"link", "meta", "param", "source", "track", "wbr":
		return ""
	case "a", "nobr", "button", "table":
		t.lost = t.hasOpen(name) // the new element ends the open one
	case "form":
		t.lost = t.formOpen || t.templates > 0
		t.formOpen = true
	default:
		if raw := rawText(name); raw != "" {
			t.lost = t.inSelect
			return raw
		}
		t.lost = ofTable(name) && !t.hasOpen([]byte("table"))
		if string(name) == "col" {
			return ""
		}
	}
	t.push(htmlNode, name)
	return ""
}

// hasOpen reports whether an HTML element is open in the innermost integration point.
func (t *tree) hasOpen(name []byte) bool {
	for i := len(t.nodes) - 1; i >= 0 && t.nodes[i].kind == htmlNode; i-- {
		if bytes.Equal(t.nameOf(i), name) {
			return true
		}
	}
	return false
}

func (t *tree) endForeign(name []byte) {
	if t.top() == htmlNode {
		t.endInPoint(name)
		return
	}
	for i := len(t.nodes) - 1; i >= 0; i-- {
		switch {
		case t.nodes[i].kind == htmlNode:
			t.lost = true
			return
		case bytes.Equal(t.nameOf(i), name):
			t.pop(i)
			return
		}
	}
	t.endAround(name)
}

// endAround handles an end tag that matches no foreign element.
func (t *tree) endAround(name []byte) {
	switch {
	case string(name) == "form" && t.templates == 0 && !t.inSelect:
		t.formOpen = false // the elements in the form stay open
	case string(name) == "select" && t.inSelect && !t.hasPoint():
		t.pop(0)
		t.inSelect = false
	default:
		// If it ends an HTML element around the svg, it ends the svg too.
		t.lost = !onlyForeign(name)
	}
}

// endInPoint handles an end tag in an HTML element; the tag must match that element.
func (t *tree) endInPoint(name []byte) {
	last := len(t.nodes) - 1
	if !bytes.Equal(t.nameOf(last), name) {
		t.lost = true
		return
	}
	t.pop(last)
	if string(name) == "form" {
		t.formOpen = false
	}
}

func (t *tree) hasPoint() bool {
	for _, n := range t.nodes {
		if n.kind.isPoint() {
			return true
		}
	}
	return false
}

// onlyForeign reports common names that no HTML element around can have. So a surplus
// end tag with such a name is ignored.
func onlyForeign(name []byte) bool {
	switch string(name) {
	case "circle", "defs", "ellipse", "g", "line", "lineargradient", "path", "polygon", "polyline", "rect", "stop", "use",
		"mfrac", "mi", "mn", "mo", "mrow", "msqrt", "msub", "msup", "mtext":
		return true
	}
	return false
}
