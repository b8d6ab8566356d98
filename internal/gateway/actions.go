package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/route"
)

// Forms that run a server action without a script name the action in a field, and any
// page runs it. An open path is not open to them, so the bodies of open requests are
// looked through as they pass: one of any length, without holding it.

// actionMarks are how such a field begins, as React writes it and in an extended
// parameter (RFC 8187).
var actionMarks = [][]byte{[]byte("$ACTION_ID_"), []byte("$ACTION_REF_"), []byte("%24ACTION_")}

const longestMark = 12

var errAction = errors.New("gateway: a server action that nobody named, in a field of a form")

// actionless is a body that breaks off where it names an action. What the app has got
// by then is no whole form.
type actionless struct {
	io.ReadCloser
	seen  []byte // the end of what was read
	found bool
}

// withoutActions returns the request with its body watched, where it may hold an action.
func withoutActions(r *http.Request) (*http.Request, *actionless) {
	if route.Safe(r.Method) || r.Body == nil || route.RunsAction(r.Header) || !strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/") {
		return r, nil
	}
	watched := *r
	body := &actionless{ReadCloser: r.Body}
	watched.Body = body
	watched.GetBody = nil
	return &watched, body
}

func (a *actionless) Read(p []byte) (int, error) {
	if a.found {
		return 0, errAction
	}
	n, err := a.ReadCloser.Read(p)
	a.seen = append(a.seen, p[:n]...)
	for _, mark := range actionMarks {
		if bytes.Contains(a.seen, mark) {
			a.found = true
			return 0, errAction
		}
	}
	a.seen = append(a.seen[:0], a.seen[max(len(a.seen)-longestMark, 0):]...)
	return n, err
}
