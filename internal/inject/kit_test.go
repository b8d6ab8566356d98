package inject

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// insertion is one inserted piece of markup.
type insertion struct {
	at   int // offset in the page
	head bool
	Target
}

func (i insertion) String() string {
	switch {
	case i.head:
		return "head"
	case i.Submitter:
		return "submitter " + i.describe()
	}
	return "form " + i.describe()
}

func (i insertion) describe() string {
	s := "-"
	if i.HasAction {
		s = fmt.Sprintf("%q", i.Action)
	}
	if i.Method != "" {
		s += " " + i.Method
	}
	if i.Base != "" {
		s += fmt.Sprintf(" base %q", i.Base)
	}
	return s
}

var marker = []byte(`<!--marker of the tests of inject-->`)

// recorder is the destination of a Writer. The Writer writes each insertion in one write,
// so the recorder can tell it from the page.
type recorder struct {
	marker []byte
	page   []byte
	all    []insertion
	placed int
}

func (r *recorder) Write(p []byte) (int, error) {
	if bytes.Equal(p, r.marker) {
		r.all[r.placed].at = len(r.page)
		r.placed++
	} else {
		r.page = append(r.page, p...)
	}
	return len(p), nil
}

func (r *recorder) hooks(e Encoding) Hooks {
	r.marker = marker
	if e == UTF16LE || e == UTF16BE {
		r.marker = widen(marker, e)
	}
	return Hooks{
		Encoding: e,
		Target: func(t Target) []byte {
			r.all = append(r.all, insertion{Target: t})
			return marker
		},
		Head: func(string) []byte {
			r.all = append(r.all, insertion{head: true})
			return marker
		},
	}
}

// inject sends pieces of a page through a Writer, and checks that it is copied.
func inject(t testing.TB, w *Writer, e Encoding, pieces ...[]byte) []insertion {
	t.Helper()
	var r recorder
	w.Reset(&r, r.hooks(e))
	var page []byte
	for _, piece := range pieces {
		if n, err := w.Write(piece); n != len(piece) || err != nil {
			t.Fatalf("Write(%d bytes) = %d, %v", len(piece), n, err)
		}
		page = append(page, piece...)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.page, page) {
		t.Fatalf("without the insertions it is\n%q, not\n%q", r.page, page)
	}
	if r.placed != len(r.all) {
		t.Fatalf("%d of %d insertions were written", r.placed, len(r.all))
	}
	return r.all
}

// forms injects into a page in one piece.
func forms(t testing.TB, page string) []insertion {
	t.Helper()
	return inject(t, NewWriter(nil, Hooks{}), ASCII, []byte(page))
}

// bytewise splits a page into pieces of one byte.
func bytewise(page []byte) [][]byte {
	pieces := make([][]byte, len(page))
	for i := range page {
		pieces[i] = page[i : i+1]
	}
	return pieces
}

type corpusPage struct {
	name     string
	text     []byte
	encoding Encoding
}

// corpus reads the pages in testdata. A part of the file's name between two dots
// is the charset that the page is sent with.
func corpus(t testing.TB) []corpusPage {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.html")
	if err != nil || len(paths) < 60 {
		t.Fatalf("%d pages, %v", len(paths), err)
	}
	var pages []corpusPage
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		contentType := "text/html"
		if _, charset, ok := strings.Cut(strings.TrimSuffix(name, ".html"), "."); ok {
			contentType += "; charset=" + charset
		}
		pages = append(pages, corpusPage{name, text, Charset(contentType, text)})
	}
	return pages
}
