package gateway

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/palisade-dev/palisade"
)

// Cost says where the app's answer names what a submission cost. One of the two is set; the
// zero Cost says that no answer does.
type Cost struct {
	Header string   // its name; the value is a number
	JSON   []string // path of the member in the body, or in the last event or line that has it
}

// maxCost keeps a cost far from the end of the numbers.
const maxCost = 1_000_000_000

// Bounds of what is read of an answer to find the cost in it.
const (
	longestBody = 1 << 20
	longestLine = 64 << 10
)

// costOf reads a cost as it is written.
func costOf(text string) (int, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(n >= 0) {
		return 0, false
	}
	return int(math.Ceil(min(n, maxCost))), true
}

// measure finds what a submission cost in the app's answer: at once in a header, or in the
// body as it passes.
func (f *form) measure(resp *http.Response, pass palisade.Pass) {
	c := &f.config.Cost
	if c.Header != "" {
		if n, ok := costOf(resp.Header.Get(c.Header)); ok {
			pass.Cost(n)
		}
	}
	if len(c.JSON) == 0 || resp.Header.Get("Content-Encoding") != "" {
		return
	}
	kind, _, _ := strings.Cut(strings.ToLower(resp.Header.Get("Content-Type")), ";")
	lines := false
	switch kind = strings.TrimSpace(kind); {
	case kind == "text/event-stream", strings.HasSuffix(kind, "ndjson"), strings.HasSuffix(kind, "jsonl"), kind == "application/json-seq":
		lines = true
	case !strings.HasSuffix(kind, "json"):
		return
	}
	resp.Body = &meter{ReadCloser: resp.Body, path: c.JSON, lines: lines, pass: pass}
}

// meter looks for the cost in a body that passes through. The body is not held back.
type meter struct {
	io.ReadCloser
	path  []string
	lines bool // the body is a stream of lines with a JSON object each, not one object
	pass  palisade.Pass
	held  []byte // the line or the body so far
	lost  bool   // it was too long
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.ReadCloser.Read(b)
	m.take(b[:n])
	if err != nil {
		m.look()
	}
	return n, err
}

func (m *meter) take(b []byte) {
	for m.lines {
		line, rest, whole := bytes.Cut(b, []byte{'\n'})
		m.hold(line, longestLine)
		if !whole {
			return
		}
		m.look()
		b = rest
	}
	m.hold(b, longestBody)
}

func (m *meter) hold(b []byte, most int) {
	if m.lost = m.lost || len(m.held)+len(b) > most; !m.lost {
		m.held = append(m.held, b...)
	}
}

// look looks into what is held, and begins anew.
func (m *meter) look() {
	text := bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimLeft(m.held, "\x1e"), []byte("data:")))
	if n, ok := memberOf(text, m.path); ok && !m.lost {
		m.pass.Cost(n)
	}
	m.held, m.lost = m.held[:0], false
}

// memberOf returns the number at a path of a JSON object.
func memberOf(text []byte, path []string) (int, bool) {
	if len(text) == 0 || text[0] != '{' || !bytes.Contains(text, []byte(path[len(path)-1])) {
		return 0, false
	}
	for _, name := range path {
		var object map[string]json.RawMessage
		if json.Unmarshal(text, &object) != nil {
			return 0, false
		}
		text = object[name]
	}
	return costOf(string(text))
}
