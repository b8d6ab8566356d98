package palisade

import (
	"bytes"
	"errors"
	"hash/maphash"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/palisade-dev/palisade/internal/names"
)

// Names of our own fields. The same names serve a form field and a member of a
// JSON object; a header carries the same value for clients that set none.
const (
	FieldTicket  = "palisade-ticket"
	FieldProof   = "palisade-proof"
	FieldCapsule = "palisade-capsule" // a sealed submission, see FormConfig.Transparent

	HeaderTicket  = "Palisade-Ticket"
	HeaderProof   = "Palisade-Proof"
	HeaderCaptcha = "Palisade-Captcha" // the provider's token
)

const (
	maxFields    = 1000 // fields of a form, members of a JSON object
	maxJSONDepth = 64
)

// field is one field of a submission, in the order in which it was sent. The
// value of a file is left out.
type field struct {
	name, value string
	folded      string // name as the most generous parser may take it, see names.Fold
	file        bool
	from, to    int // where it lies in the body
}

// submission is the body of an attempt, read once.
type submission struct {
	fields   []field
	body     []byte
	boundary string // of multipart
	json     bool   // the body is JSON: the client is a program
	other    bool   // the body is neither that nor a form; only Peek takes it
	digest   uint64 // of what was sent, to know a double click by
	capsule  []byte // value of FieldCapsule, a part of body
}

// digestSeed keeps the digests of this process from being guessed.
var digestSeed = maphash.MakeSeed()

// Errors of reading; each is a refusal of the attempt, none an outage.
var (
	errTooLarge    = errors.New("body over the limit")
	errUnsupported = errors.New("content type or encoding is not judged")
	errUnreadable  = errors.New("body is not what its content type says")
	errAmbiguous   = errors.New("a field that decides was sent twice")
)

// readSubmission reads at most limit bytes of the body, takes its fields out,
// and puts it back, so that the handler reads the very bytes that were judged.
func readSubmission(r *http.Request, limit int64) (*submission, error) {
	kind, params, err := contentType(r.Header)
	if err != nil {
		return nil, err
	}
	body, err := takeBody(r, limit)
	if err != nil {
		return nil, err
	}
	return parseSubmission(body, kind, params["boundary"])
}

func parseSubmission(body []byte, kind, boundary string) (s *submission, err error) {
	s = &submission{body: body, boundary: boundary, json: isJSON(kind), digest: digest(body, boundary)}
	switch {
	case len(body) == 0:
	case kind == "application/x-www-form-urlencoded":
		err = s.readForm(string(body))
	case kind == "multipart/form-data":
		err = s.readMultipart(body)
	case s.json:
		err = s.readJSON(body)
	default:
		err = errUnsupported
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

func isJSON(kind string) bool {
	return kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json")
}

// contentType returns the one content type of a request. Two of them, or an
// encoded body, are read differently by different readers.
func contentType(h http.Header) (kind string, params map[string]string, err error) {
	if len(h["Content-Encoding"]) > 0 {
		return "", nil, errUnsupported
	}
	switch values := h["Content-Type"]; len(values) {
	case 0:
		return "", nil, nil
	case 1:
		if kind, params, err = mime.ParseMediaType(values[0]); err != nil || strings.Contains(values[0], "*") {
			return "", nil, errUnsupported
		}
		if !namesOneType(values[0]) || !isPlainCharset(params["charset"], "utf-8", "us-ascii") {
			return "", nil, errUnsupported // UTF-16 and the like hide fields from us that an app may find
		}
		return kind, params, nil
	}
	return "", nil, errAmbiguous
}

// takeBody reads the body and puts a copy back, also of one that is too large, or
// that breaks off: whoever reads it again finds the same.
func takeBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, errTooLarge
	}
	body, err := readAll(r.Body, r.ContentLength, limit)
	if err != nil {
		unread(r, body, err)
		return nil, errUnreadable
	}
	if int64(len(body)) > limit {
		unread(r, body, nil)
		return nil, errTooLarge
	}
	r.Body.Close()
	putBody(r, body)
	return body, nil
}

// readAll reads up to one byte more than limit. A length that was announced
// spares the growing; one that is a lie is no more than a lie.
func readAll(body io.Reader, announced, limit int64) ([]byte, error) {
	const unasked = 1 << 20 // nobody is given more memory for a mere announcement
	buffer := bytes.NewBuffer(make([]byte, 0, min(max(announced, 0), unasked)+bytes.MinRead))
	_, err := buffer.ReadFrom(io.LimitReader(body, limit+1))
	return buffer.Bytes(), err
}

// multipartType is how clients write it. Readers that look for the word "boundary" find
// it in other parameters and in quotes, too, and end it at different characters.
var multipartType = regexp.MustCompile(`(?i)^multipart/form-data;\s*(charset="?utf-8"?;\s*)?boundary=("[\w.+-]{1,70}"|[\w.+-]{1,70})(;\s*charset="?utf-8"?)?$`)

// otherType are words by which some readers know a type, wherever they stand.
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

// putSubmission puts another body in the place of the one that came.
func putSubmission(r *http.Request, body []byte) {
	putBody(r, body)
	r.ContentLength = int64(len(body))
	r.TransferEncoding = nil
	r.Header["Content-Length"] = []string{strconv.Itoa(len(body))}
}

// unread puts what was read of a body, and the error that ended it, back.
func unread(r *http.Request, start []byte, err error) {
	rest := io.Reader(r.Body)
	if err != nil {
		rest = failed{err}
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), rest), r.Body}
}

type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

func putBody(r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
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

func (s *submission) add(f field) error {
	if len(s.fields) >= maxFields || f.name == "_charset_" && !isPlainCharset(f.value, plainCharsets...) {
		return errUnreadable
	}
	f.folded = names.Fold(f.name)
	s.fields = append(s.fields, f)
	return nil
}

// readForm keeps the order of the fields, which url.ParseQuery loses, and like
// it refuses semicolons and broken escapes.
func (s *submission) readForm(body string) error {
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
			return errUnreadable
		}
		if name == FieldCapsule {
			if s.capsule != nil || len(s.fields) > 0 {
				return errAmbiguous
			}
			s.capsule = []byte(value)
		}
		if err := s.add(field{name: name, value: value, from: from, to: to}); err != nil {
			return err
		}
	}
	return nil
}

// one returns the value of a field that decides. It may come once, as text: not
// twice, not as a file, not as a number or list, not under another name that some
// parser takes for it, and not in the query, where some readers look first.
func (s *submission) one(name string, query names.Query) (string, error) {
	folded := names.Fold(name)
	if query.Has(folded) {
		return "", errAmbiguous
	}
	value, found := "", false
	for i := range s.fields {
		f := &s.fields[i]
		if !names.TakenFor(f.folded, folded) {
			continue
		}
		if found || f.file || f.name != name {
			return "", errAmbiguous
		}
		value, found = f.value, true
	}
	return value, nil
}

// oneOf is one for a value that may come in a header instead. The header counts
// where both are there, as when a script sends all fields of a form: nobody but
// us reads either.
func (s *submission) oneOf(name, header string, r *http.Request, query names.Query) (string, error) {
	value, err := s.one(name, query)
	if err != nil {
		return "", err
	}
	switch lines := r.Header[header]; len(lines) {
	case 0:
		return value, nil
	case 1:
		return lines[0], nil
	}
	return "", errAmbiguous
}
