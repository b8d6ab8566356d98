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

// A form that runs a server action without a script names the action in a field, and any
// page can run the action. An open path must not allow server actions. So the gateway
// searches the bodies of open requests for actions as they pass. A body may have any
// length, and the gateway does not buffer it.

// actionMarks are the possible beginnings of the name of such a field: as React writes it,
// and as an extended parameter has it (RFC 8187).
var actionMarks = [][]byte{[]byte("$ACTION_ID_"), []byte("$ACTION_REF_"), []byte("%24ACTION_")}

const longestMark = 12

// nameLine is the beginning of the line that holds the name of a field. Only such lines
// count, because an uploaded file may hold a whole page with actions.
const nameLine = "content-disposition"

var errAction = errors.New("gateway: a server action that nobody named, in a field of a form")

// actionless is a body that fails with an error where it names an action. The part that
// the app has received by then is not a complete form.
type actionless struct {
	io.ReadCloser
	seen  []byte // bytes that were read, after the end of the bytes read before
	known int    // number of bytes in seen that were searched before
	line  []byte // the beginning of the line in which the earlier bytes ended
	found bool
}

// withoutActions returns the request with a body that is searched, if it may hold an action.
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

// namesAction looks for a mark in a line that holds a field name. If the first mark of a
// line is not in such a line, no later mark of it is. So each byte is examined a fixed
// number of times.
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

// lineBefore returns the beginning of the line that contains the given position in seen.
func (a *actionless) lineBefore(place int) []byte {
	line := a.line
	if start := bytes.LastIndexByte(a.seen[:place], '\n'); start >= 0 {
		line = a.seen[start+1 : place]
	} else if len(line) < len(nameLine) {
		line = append(slices.Clip(line), a.seen[min(a.known, place):place]...)
	}
	return line[:min(len(line), len(nameLine))]
}
