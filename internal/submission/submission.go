// Package submission reads the body of a request once. It returns the fields of a form or
// of a JSON object as every reader behind us takes them, or an error where readers
// disagree. The body is put back.
package submission

import (
	"bytes"
	"errors"
	"hash/maphash"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/names"
)

// MostFields is the most fields of a form, or members at the top of a JSON object, that a
// limit may allow.
const MostFields = 20000

const maxJSONDepth = 64

// Capsule is the name of the field that holds a sealed submission. It must be the first.
const Capsule = "palisade-capsule"

// Field is one field of a form, or one member at the top of a JSON object.
type Field struct {
	Name, Value string // a file, or a member that is no text, has no Value
	File        bool   // a file, or a member that is no text

	folded   string // the name as the most generous parser may take it, see names.Fold
	from, to int    // where the field lies in the body
}

// Submission is the body of a request, read once. The zero Submission is empty.
type Submission struct {
	fields   []Field
	body     []byte
	boundary string // of multipart
	json     bool
	other    bool
	digest   uint64
	capsule  []byte // a part of body
	limit    int    // of fields
}

// Fields returns the fields in the order in which they were sent. The list is not to be
// changed.
func (s *Submission) Fields() []Field { return s.fields }

// Size returns the length of the body in bytes.
func (s *Submission) Size() int { return len(s.body) }

// Other reports a body that is neither a form nor JSON.
func (s *Submission) Other() bool { return s.other }

// JSON reports a JSON object: the client is a program.
func (s *Submission) JSON() bool { return s.json }

// Capsule returns the value of the field [Capsule], or nil.
func (s *Submission) Capsule() []byte { return s.capsule }

// Digest tells whether two submissions are the same. It differs from process to process.
func (s *Submission) Digest() uint64 { return s.digest }

// digestSeed keeps the digests of this process from being guessed.
var digestSeed = maphash.MakeSeed()

// Errors of reading; each is a refusal of the attempt, none an outage.
var (
	ErrTooLarge    = errors.New("body over the limit")
	ErrUnsupported = errors.New("content type or encoding is not judged")
	ErrUnreadable  = errors.New("body is not what its content type says")
	ErrAmbiguous   = errors.New("a field that decides was sent twice")
)

// Fits returns ErrUnreadable if the submission has more fields than a limit allows.
func (s *Submission) Fits(fields int) error {
	if len(s.fields) > fields {
		return ErrUnreadable
	}
	return nil
}

// Read reads at most limit bytes of the body into the zero Submission, and puts the body
// back, so that the handler reads the very bytes that were judged. More fields than allowed
// are ErrUnreadable. An error is one of ErrTooLarge, ErrUnsupported, ErrUnreadable and
// ErrAmbiguous, and leaves s empty.
func (s *Submission) Read(r *http.Request, limit int64, fields int) error {
	kind, params, err := contentType(r.Header)
	if err != nil {
		return err
	}
	body, err := TakeBody(r, limit)
	if err != nil {
		return err
	}
	return s.parse(body, kind, params["boundary"], fields)
}

// ReadAny is Read for a body of any type: one that is neither a form nor JSON has no
// fields.
func (s *Submission) ReadAny(r *http.Request, limit int64, fields int) error {
	kind, params, err := contentType(r.Header)
	if err != nil {
		return err
	}
	body, err := TakeBody(r, limit)
	if err != nil {
		return err
	}
	if err = s.parse(body, kind, params["boundary"], fields); errors.Is(err, ErrUnsupported) {
		*s = Submission{body: body, other: true, digest: digest(body, params["boundary"])}
		return nil
	}
	return err
}

// Parse takes a body of a content type into the zero Submission.
func (s *Submission) Parse(kind string, body []byte, fields int) error {
	h := http.Header{}
	if kind != "" {
		h["Content-Type"] = []string{kind}
	}
	kind, params, err := contentType(h)
	if err != nil {
		return err
	}
	return s.parse(body, kind, params["boundary"], fields)
}

// Of returns the submission of fields that a program has read already, in the order in
// which they were sent. The error is ErrUnreadable.
func Of(fields []Field, isJSON bool) (s Submission, err error) {
	s.json, s.limit = isJSON, MostFields
	var hash maphash.Hash
	hash.SetSeed(digestSeed)
	for _, f := range fields {
		for _, part := range [...]string{f.Name, f.Value} {
			maphash.WriteComparable(&hash, part)
		}
		if err = s.add(Field{Name: f.Name, Value: f.Value, File: f.File}); err != nil {
			return Submission{}, err
		}
	}
	s.digest = hash.Sum64()
	return s, nil
}

func (s *Submission) parse(body []byte, kind, boundary string, fields int) (err error) {
	*s = Submission{body: body, boundary: boundary, json: isJSON(kind), digest: digest(body, boundary), limit: fields}
	switch {
	case len(body) == 0:
	case kind == "application/x-www-form-urlencoded":
		err = s.readForm(string(body))
	case kind == "multipart/form-data":
		err = s.readMultipart(body)
	case s.json:
		err = s.readJSON(body)
	default:
		err = ErrUnsupported
	}
	if err != nil {
		*s = Submission{}
	}
	return err
}

// Readable reports whether a body of the request's type may have fields, and whether it is
// one that an HTML form sends with fields. A request without a body is readable.
func Readable(r *http.Request) (fields, form bool) {
	written := strings.ToLower(strings.Join(r.Header["Content-Type"], ","))
	form = strings.Contains(written, "multipart/form-data") || strings.Contains(written, "x-www-form-urlencoded")
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return true, form
	}
	kind, _, err := contentType(r.Header)
	return err == nil && (form || isJSON(kind)), form
}

func isJSON(kind string) bool {
	return kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
}

// contentType returns the one content type of a request. Two of them, or an
// encoded body, are read differently by different readers.
func contentType(h http.Header) (kind string, params map[string]string, err error) {
	if len(h["Content-Encoding"]) > 0 {
		return "", nil, ErrUnsupported
	}
	switch values := h["Content-Type"]; len(values) {
	case 0:
		return "", nil, nil
	case 1:
		if kind, params, err = mime.ParseMediaType(values[0]); err != nil || strings.Contains(values[0], "*") {
			return "", nil, ErrUnsupported
		}
		if !namesOneType(values[0]) || !isPlainCharset(params["charset"], "utf-8", "us-ascii") {
			return "", nil, ErrUnsupported // UTF-16 and the like hide fields from us that an app may find
		}
		return kind, params, nil
	}
	return "", nil, ErrAmbiguous
}

// multipartType is how clients write it. Readers that look for the word "boundary" find
// it in other parameters and in quotes, too, and end it at different characters.
var multipartType = regexp.MustCompile(`(?i)^multipart/form-data;\s*(charset="?utf-8"?;\s*)?boundary=("[\w.+-]{1,70}"|[\w.+-]{1,70})(;\s*charset="?utf-8"?)?$`)

// otherType are words by which some readers know a type, in any place.
var otherType = regexp.MustCompile(`(?i);.*(multipart|form-data|urlencoded|json|boundary)`)

// namesOneType reports a content type that is one to every reader.
func namesOneType(text string) bool {
	if strings.HasPrefix(strings.ToLower(text), "multipart") {
		return multipartType.MatchString(text)
	}
	return !otherType.MatchString(text)
}

// plainCharsets write the characters of ASCII as ASCII does. A part of an upload, or the
// field _charset_ (HTML, 4.10.21.4), may name another one, which some readers decode by.
var plainCharsets = []string{"utf-8", "us-ascii", "iso-8859-1", "windows-1252"}

// isPlainCharset reports one of the charsets, or none.
func isPlainCharset(name string, charsets ...string) bool {
	return name == "" || slices.ContainsFunc(charsets, func(charset string) bool { return strings.EqualFold(name, charset) })
}

// digest hashes a body without the boundary, which browsers choose anew each
// time they send the same form.
func digest(body []byte, boundary string) uint64 {
	if boundary == "" {
		return maphash.Bytes(digestSeed, body)
	}
	var hash maphash.Hash
	hash.SetSeed(digestSeed)
	for found := true; found; {
		var piece []byte
		piece, body, found = bytes.Cut(body, []byte(boundary))
		hash.Write(piece)
	}
	return hash.Sum64()
}

func (s *Submission) add(f Field) error {
	if len(s.fields) >= s.limit || f.Name == "_charset_" && !isPlainCharset(f.Value, plainCharsets...) {
		return ErrUnreadable
	}
	f.folded = names.Fold(f.Name)
	s.fields = append(s.fields, f)
	return nil
}

// readForm keeps the order of the fields, which url.ParseQuery loses, and like
// it refuses semicolons and broken escapes.
func (s *Submission) readForm(body string) error {
	for from, to := 0, 0; from < len(body); from = to + 1 {
		to = len(body)
		if i := strings.IndexByte(body[from:], '&'); i >= 0 {
			to = from + i
		}
		pair := body[from:to]
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil || strings.Contains(pair, ";") {
			return ErrUnreadable
		}
		if name == Capsule {
			if s.capsule != nil || len(s.fields) > 0 {
				return ErrAmbiguous
			}
			s.capsule = []byte(value)
		}
		if err := s.add(Field{Name: name, Value: value, from: from, to: to}); err != nil {
			return err
		}
	}
	return nil
}

// Count returns the last value of a field and how often the field is there.
func (s *Submission) Count(name string) (value string, count int) {
	for i := range s.fields {
		if f := &s.fields[i]; f.Name == name {
			value = f.Value
			count++
		}
	}
	return value, count
}

// IsElsewhere reports whether the body has a field of this name for readers who ignore
// its type. They take it for JSON, if it looks like JSON, or for a urlencoded form.
func (s *Submission) IsElsewhere(name string) bool {
	if (s.json || s.other || s.boundary != "") && names.OfQuery(string(s.body)).Has(names.Fold(name)) {
		return true
	}
	if s.json || s.boundary != "" {
		return false
	}
	start := bytes.TrimLeft(s.body, " \t\r\n\ufeff")
	return len(start) > 0 && (start[0] == '{' || start[0] == '[')
}

// One returns the value of a field that decides. It may come once, as text. ErrAmbiguous
// reports a second value, a file, a number or a list. It also reports another name that
// some parser takes for this one, and a parameter of the query, where some readers look
// first.
func (s *Submission) One(name string, query names.Query) (string, error) {
	folded := names.Fold(name)
	if query.Has(folded) {
		return "", ErrAmbiguous
	}
	value, found := "", false
	for i := range s.fields {
		f := &s.fields[i]
		if !names.TakenFor(f.folded, folded) {
			continue
		}
		if found || f.File || f.Name != name {
			return "", ErrAmbiguous
		}
		value, found = f.Value, true
	}
	return value, nil
}

// OneOf is one for a value that may come in a header instead. The header counts
// where both are there, as when a script sends all fields of a form: nobody but
// us reads either.
func (s *Submission) OneOf(name, header string, r *http.Request, query names.Query) (string, error) {
	value, err := s.One(name, query)
	if err != nil {
		return "", err
	}
	switch lines := r.Header[header]; len(lines) {
	case 0:
		return value, nil
	case 1:
		return lines[0], nil
	}
	return "", ErrAmbiguous
}
