package gateway

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/route"
)

// Forms that run a server action without a script name the action in a field, and any
// page runs it. An open path is not open to them, so the bodies of open requests are
// looked through as they pass: one of any length, without holding it.

// actionMarks are how the name of such a field begins, as React writes it and in an
// extended parameter (RFC 8187).
var actionMarks = [][]byte{[]byte("$ACTION_ID_"), []byte("$ACTION_REF_"), []byte("%24ACTION_")}

const longestMark = 12

// nameLine is how the line begins that has the name. The files of an upload may hold
// whole pages with actions.
const nameLine = "content-disposition"

var errAction = errors.New("gateway: a server action that nobody named, in a field of a form")

// actionless is a body that breaks off where it names an action. What the app has got
// by then is no whole form.
type actionless struct {
	io.ReadCloser
	seen  []byte // what was read, behind the end of what was read before
	known int    // how much of it was read before
	line  []byte // the beginning of the line in which that ended
	found bool
}

// withoutActions returns the request with its body watched, where it may hold an action.
func withoutActions(r *http.Request) (*http.Request, *actionless) {
	if route.Safe(r.Method) || r.Body == nil || route.RunsAction(r.Header) || !route.MayNameAction(r.Header) {
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
	if a.found = a.namesAction(); a.found {
		return 0, errAction
	}
	a.line = slices.Clone(a.lineBefore(len(a.seen)))
	a.seen = append(a.seen[:0], a.seen[max(len(a.seen)-longestMark, 0):]...)
	a.known = len(a.seen)
	return n, err
}

// namesAction looks for a mark in a line that has a name. Where the first mark of a line
// is in none, no other one is; so each byte is looked at a fixed number of times.
func (a *actionless) namesAction() bool {
	for _, mark := range actionMarks {
		for from := 0; ; {
			i := bytes.Index(a.seen[from:], mark)
			if i < 0 {
				break
			}
			from += i
			if strings.EqualFold(string(a.lineBefore(from)), nameLine) {
				return true
			}
			end := bytes.IndexByte(a.seen[from:], '\n')
			if end < 0 {
				break
			}
			from += end
		}
	}
	return false
}

// lineBefore returns the beginning of the line in which a place in seen is.
func (a *actionless) lineBefore(place int) []byte {
	line := a.line
	if start := bytes.LastIndexByte(a.seen[:place], '\n'); start >= 0 {
		line = a.seen[start+1 : place]
	} else if len(line) < len(nameLine) {
		line = append(slices.Clip(line), a.seen[min(a.known, place):place]...)
	}
	return line[:min(len(line), len(nameLine))]
}
