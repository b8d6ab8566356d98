package submission

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/palisade-dev/palisade/internal/names"
)

// jsonReader takes the members of one JSON object out of a body that is known to be
// valid, in one pass. Two members whose names fold alike are refused at any depth,
// since decoders disagree on which one counts (encoding/json folds case and takes the
// last).
type jsonReader struct {
	s     *Submission
	body  []byte
	at    int
	names []string // of the objects that are open, one behind the other
}

// fewMembers is up to how many members of an object are compared one by one.
const fewMembers = 16

// readJSON takes the text members of one JSON object.
func (s *Submission) readJSON(body []byte) error {
	// One value, no trailing data, no byte order mark, no bytes that a decoder
	// would quietly replace.
	if !json.Valid(body) || !utf8.Valid(body) {
		return ErrUnreadable
	}
	r := jsonReader{s: s, body: body}
	if r.skip(); r.body[r.at] != '{' {
		return ErrUnreadable // a list of submissions is not one submission
	}
	return r.object(1)
}

// skip goes to the next byte that says something; a valid text has one.
func (r *jsonReader) skip() {
	for r.at < len(r.body) && bytes.IndexByte([]byte(" \t\r\n,:"), r.body[r.at]) >= 0 {
		r.at++
	}
}

// object reads from an opening brace to behind the closing one. Only the outermost
// object has fields.
func (r *jsonReader) object(depth int) error {
	if depth > maxJSONDepth {
		return ErrUnreadable
	}
	first := len(r.names)
	var seen map[string]bool
	from := r.at + 1
	for r.at++; ; from = r.at {
		if r.skip(); r.body[r.at] == '}' {
			break
		}
		name, err := r.text()
		if err != nil {
			return err
		}
		if seen, err = r.note(name, first, seen); err != nil {
			return err
		}
		f := Field{Name: name, File: true, from: from}
		if r.skip(); depth == 1 && r.body[r.at] == '"' {
			f.File = false
			f.Value, err = r.text()
		} else {
			err = r.value(depth)
		}
		if err != nil {
			return err
		}
		if f.to = r.at; depth == 1 {
			if err := r.s.add(f); err != nil {
				return err
			}
		}
	}
	r.at++
	r.names = r.names[:first]
	return nil
}

// note adds a name to those of an object, unless one like it is there.
func (r *jsonReader) note(name string, first int, seen map[string]bool) (map[string]bool, error) {
	folded := names.FoldCase(name)
	if len(r.names)-first < fewMembers {
		for _, other := range r.names[first:] {
			if other == folded {
				return nil, ErrAmbiguous
			}
		}
		r.names = append(r.names, folded)
		return nil, nil
	}
	if seen == nil {
		seen = make(map[string]bool)
		for _, other := range r.names[first:] {
			seen[other] = true
		}
	}
	if seen[folded] || len(seen) >= r.s.limit {
		return seen, ErrAmbiguous
	}
	seen[folded] = true
	r.s.members = max(r.s.members, len(seen))
	return seen, nil
}

// value skips a value.
func (r *jsonReader) value(depth int) error {
	switch r.body[r.at] {
	case '{':
		return r.object(depth + 1)
	case '[':
		return r.list(depth + 1)
	case '"':
		r.at = r.end()
	default:
		for r.at < len(r.body) && bytes.IndexByte([]byte(",]} \t\r\n"), r.body[r.at]) < 0 {
			r.at++
		}
	}
	return nil
}

func (r *jsonReader) list(depth int) error {
	if depth > maxJSONDepth {
		return ErrUnreadable
	}
	for r.at++; ; {
		if r.skip(); r.body[r.at] == ']' {
			r.at++
			return nil
		}
		if err := r.value(depth); err != nil {
			return err
		}
	}
}

// text reads a string.
func (r *jsonReader) text() (string, error) {
	from := r.at
	r.at = r.end()
	quoted := r.body[from:r.at]
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var text string
	if json.Unmarshal(quoted, &text) != nil {
		return "", ErrUnreadable
	}
	return text, nil
}

// end returns where the string that begins here ends.
func (r *jsonReader) end() int {
	for i := r.at + 1; ; i++ {
		switch r.body[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
}
