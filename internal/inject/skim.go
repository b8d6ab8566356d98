package inject

import (
	"bytes"
	"strings"
)

// skims reports whether dull tags may be skipped as a whole here.
func (w *Writer) skims() bool {
	return w.headDone && len(w.nodes) == 0 && !w.noscript.open && w.held.len() == 0
}

// heeded has, for each first letter, the lengths of the relevant names outside svg and
// math, as bits.
var heeded = func() (table [256]uint16) {
	for name := range strings.FieldsSeq("base body button col form frameset iframe input math noembed noframes noscript plaintext " +
		"script select style svg template textarea title xmp") {
		table[name[0]] |= 1 << len(name)
		table[name[0]-'a'+'A'] |= 1 << len(name)
	}
	return table
}()

// skim skips text and dull tags, which are most of a page. It returns the offset where
// something else begins, or the end. It knows only plainly written tags and leaves all
// others to the states, which handle every case.
func (w *Writer) skim(p []byte, i int) int {
	for {
		// Tags often follow directly one after another, and the call costs more than this check.
		at := i
		if at >= len(p) || p[at] != '<' {
			j := bytes.IndexByte(p[i:], '<')
			if j < 0 {
				return len(p)
			}
			at = i + j
		}
		name := at + 1
		if name < len(p) && p[name] == '/' {
			name++
		}
		if name >= len(p) || !isLetter(p[name]) {
			return at
		}
		end := name + 1
		for end < len(p) && class[p[end]]&(classSpace|classSlash|classGreater) == 0 {
			end++
		}
		if heeded[p[name]]>>min(end-name, 15)&1 != 0 {
			return at
		}
		if end < len(p) && p[end] == '>' { // most tags are as short as this
			i = end + 1
		} else if i = skipAttributes(p, end); i < 0 {
			return at
		}
	}
}

// skipAttributes returns the offset after the tag whose name ends at i. It returns -1 if
// the tag does not end here or is not plainly written.
func skipAttributes(p []byte, i int) int {
	for i < len(p) {
		switch class[p[i]] {
		case classGreater:
			return i + 1
		case classEquals:
			// After anything but a name, this "=" would begin a name.
			if before := p[i-1]; class[before] != 0 || before == '"' || before == '\'' {
				return -1
			}
			if i = skipValue(p, i+1); i < 0 {
				return -1
			}
		default:
			i++
		}
	}
	return -1
}

// skipValue returns the offset after an attribute's value, or -1.
func skipValue(p []byte, i int) int {
	switch {
	case i >= len(p) || class[p[i]] == classSpace || class[p[i]] == classGreater:
		return -1
	case p[i] == '"' || p[i] == '\'':
		j := bytes.IndexByte(p[i+1:], p[i])
		if j < 0 {
			return -1
		}
		return i + j + 2
	}
	for i < len(p) && class[p[i]]&(classSpace|classGreater) == 0 {
		i++
	}
	return i
}
