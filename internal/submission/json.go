package submission

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// jsonReader takes the members of one JSON object out of a body that is known to be
// valid, in one pass. Decoders disagree on which of two members with names alike counts:
// encoding/json folds case and takes the last. [Submission.One] refuses such members where
// they decide; of all others the app may have as many as it likes.
type jsonReader struct {
	s    *Submission
	body []byte
	at   int
}

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
	from := r.at + 1
	for r.at++; ; from = r.at {
		if r.skip(); r.body[r.at] == '}' {
			break
		}
		if depth > 1 {
			r.at = r.end()
			r.skip()
			if err := r.value(depth); err != nil {
				return err
			}
		} else if err := r.member(from); err != nil {
			return err
		}
	}
	r.at++
	return nil
}

// member adds a member of the outermost object to the fields.
func (r *jsonReader) member(from int) (err error) {
	f := Field{File: true, from: from}
	if f.Name, err = r.text(); err != nil {
		return err
	}
	if r.skip(); r.body[r.at] == '"' {
		f.File = false
		f.Value, err = r.text()
	} else {
		err = r.value(1)
	}
	if err != nil {
		return err
	}
	f.to = r.at
	return r.s.add(f)
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
