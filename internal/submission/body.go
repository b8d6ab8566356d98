package submission

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
)

// TakeBody reads the body and puts a copy back, also of a body that is too large or
// breaks off. The next reader finds the same bytes. The error is ErrTooLarge or
// ErrUnreadable.
func TakeBody(r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > limit {
		return nil, ErrTooLarge
	}
	body, err := readAll(r.Body, r.ContentLength, limit)
	if err != nil {
		unread(r, body, err)
		return nil, ErrUnreadable
	}
	if int64(len(body)) > limit {
		unread(r, body, nil)
		return nil, ErrTooLarge
	}
	r.Body.Close()
	hold(r, body)
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

// Put puts another body in the place of the one that came.
func Put(r *http.Request, body []byte) {
	hold(r, body)
	r.ContentLength = int64(len(body))
	r.TransferEncoding = nil
	r.Header["Content-Length"] = []string{strconv.Itoa(len(body))}
}

// unread puts the start of a body back, and the error that ended it.
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

func hold(r *http.Request, body []byte) {
	r.Body = io.NopCloser(bytes.NewReader(body))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
}

// capsuleRoom is the room for the other parts of a capsule's form: ticket, proof,
// delimiters.
const capsuleRoom = 16 << 10

// SealedLimit is how long a body may be that brings a sealed submission of up to limit
// bytes, which is written in base64.
func SealedLimit(limit int64) int64 { return limit/3*4 + capsuleRoom }

// Limit returns how much of a body may be read where a submission may have limit bytes:
// more where the body brings a sealed submission, which its first bytes tell. Limit does
// not wait for these where the length says enough.
func Limit(r *http.Request, limit int64) int64 {
	most := SealedLimit(limit)
	if r.Body == nil || r.ContentLength > most || r.ContentLength >= 0 && r.ContentLength <= limit {
		return limit
	}
	start := make([]byte, 512)
	n, err := io.ReadFull(r.Body, start)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	start = start[:n]
	unread(r, start, err)
	if bytes.Contains(start, []byte(`name="`+Capsule+`"`)) || bytes.HasPrefix(start, []byte(Capsule+"=")) {
		return most
	}
	return limit
}
