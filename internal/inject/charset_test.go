package inject

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

func TestCharset(t *testing.T) {
	tests := map[string]struct {
		contentType, prefix string
		want                Encoding
	}{
		"a page without a charset is ASCII":             {"text/html", "<p>", ASCII},
		"a page without a header is ASCII":              {"", "", ASCII},
		"UTF-8 is ASCII":                                {"text/html; charset=utf-8", "", ASCII},
		"a label may be quoted and in capitals":         {`text/html;Charset="UTF-8"`, "", ASCII},
		"a label may have spaces around it":             {"text/html ; charset = utf8 ; x=y", "", ASCII},
		"the first label counts":                        {"text/html; charset=utf-8; charset=utf-7", "", ASCII},
		"Shift_JIS is ASCII as far as tags go":          {"text/html; charset=Shift_JIS", "", ASCII},
		"old Latin is ASCII":                            {"text/html; charset=iso-8859-15", "", ASCII},
		"UTF-16 is little-endian":                       {"text/html; charset=utf-16", "", UTF16LE},
		"UTF-16BE is big-endian":                        {"text/html; charset=UTF-16BE", "", UTF16BE},
		"ISO-2022-JP is opaque":                         {"text/html; charset=iso-2022-jp", "", Opaque},
		"UTF-7 is opaque":                               {"text/html; charset=utf-7", "", Opaque},
		"UTF-32 is opaque":                              {"text/html; charset=utf-32", "", Opaque},
		"EBCDIC is opaque":                              {"text/html; charset=ibm037", "", Opaque},
		"an empty label is opaque":                      {"text/html; charset=", "", Opaque},
		"a byte order mark counts more":                 {"text/html; charset=utf-7", "\xEF\xBB\xBF<p>", ASCII},
		"a byte order mark may be little-endian":        {"text/html; charset=utf-8", "\xFF\xFE<\x00", UTF16LE},
		"a byte order mark may be big-endian":           {"text/html; charset=utf-8", "\xFE\xFF\x00<", UTF16BE},
		"a meta element may name an opaque encoding":    {"text/html", `<!doctype html><Meta Charset="ISO-2022-JP">`, Opaque},
		"a meta element may do so the old way":          {"text/html", `<meta http-equiv=Content-Type content="text/html; charset=iso-2022-jp">`, Opaque},
		"a description does not count":                  {"text/html", `<meta name=description content="text/html; charset=iso-2022-jp">`, ASCII},
		"a meta element in a comment does not count":    {"text/html", `<!-- <meta charset=iso-2022-jp> --><meta charset=utf-8>`, ASCII},
		"a meta element that comes late does not count": {"text/html", strings.Repeat(" ", 1024) + `<meta charset=iso-2022-jp>`, ASCII},
		"a meta element that is cut counts":             {"text/html", `<meta charset="iso-2022-jp`, Opaque},
		"a meta element cannot make UTF-16":             {"text/html", `<meta charset=utf-16>`, ASCII},
		"the header counts more than a meta element":    {"text/html; charset=utf-8", `<meta charset=iso-2022-jp>`, ASCII},
		"an escape sequence is a sign":                  {"text/html", "<title>\x1B$B", Opaque},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Charset(test.contentType, []byte(test.prefix)); got != test.want {
				t.Errorf("%d, not %d", got, test.want)
			}
		})
	}
}

func TestAWidePageIsInjectedInItsEncoding(t *testing.T) {
	const page = "\uFEFF<p title='㸾㰼'>㰼 𝒳<form action='/ż&amp;𝒳' method=POST><button formaction=/b>㸾<!-- 㸭 --></form>"
	const want = "\uFEFF<p title='㸾㰼'>㰼 𝒳<form action='/ż&amp;𝒳' method=POST>[post /ż&𝒳]é𝒳[ /b]é𝒳<button formaction=/b>㸾<!-- 㸭 --></form>"
	for _, e := range []Encoding{UTF16LE, UTF16BE} {
		wide := widen([]byte(page), e)
		for cut := range len(wide) + 1 {
			var out bytes.Buffer
			w := NewWriter(&out, Hooks{Encoding: e, Target: func(t Target) []byte {
				return []byte("[" + t.Method + " " + t.Action + "]é𝒳")
			}})
			for _, piece := range [][]byte{wide[:cut], wide[cut:], []byte("x")} {
				if _, err := w.Write(piece); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got := out.String(); got != string(widen([]byte(want), e))+"x" {
				t.Fatalf("%d, cut at %d: %q", e, cut, got)
			}
		}
	}
}

func TestAWidePageOfManyPiecesIsCopied(t *testing.T) {
	page := widen([]byte("<!doctype html>"+strings.Repeat("<p>text</p>", maxPiece)+"<form>"), UTF16LE)
	var r recorder
	w := NewWriter(&r, r.hooks(UTF16LE))
	if _, err := io.Copy(w, struct{ io.Reader }{bytes.NewReader(page)}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(r.page, page) || len(r.all) != 2 || r.all[1].at != len(page) {
		t.Errorf("%d insertions into a page of %d bytes, that is now %d", len(r.all), len(page), len(r.page))
	}
}
