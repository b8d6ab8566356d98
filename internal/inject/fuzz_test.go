package inject

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// FuzzWriter checks the laws of a Writer, and compares it with package html of x/net:
// with its tokenizer if the page has only simple tags, else with its parser.
func FuzzWriter(f *testing.F) {
	for _, page := range corpus(f) {
		f.Add(page.text, uint16(1), uint16(7))
	}
	f.Add([]byte("<form action=&#0A>"), uint16(0), uint16(0))
	for _, page := range pages {
		if len(page) < 4096 { // the fuzzer is slow with long pages
			f.Add([]byte(strings.ReplaceAll(page, "↓", "")), uint16(3), uint16(5))
		}
	}
	f.Fuzz(func(t *testing.T, page []byte, first, second uint16) {
		w := NewWriter(nil, Hooks{})
		want := inject(t, w, ASCII, page)
		if got := inject(t, w, ASCII, bytewise(page)...); !slices.Equal(got, want) {
			t.Fatalf("byte by byte: %v, in one piece: %v", got, want)
		}
		a := min(int(first), len(page))
		b := min(a+int(second), len(page))
		if got := inject(t, w, ASCII, page[:a], page[a:b], page[b:]); !slices.Equal(got, want) {
			t.Fatalf("cut at %d and %d: %v, in one piece: %v", a, b, got, want)
		}
		for _, e := range []Encoding{UTF16LE, UTF16BE} { // the page makes little sense in UTF-16
			want := inject(t, w, e, page)
			if got := inject(t, w, e, page[:a], page[a:b], page[b:]); !slices.Equal(got, want) {
				t.Fatalf("UTF-16 cut at %d and %d: %v, in one piece: %v", a, b, got, want)
			}
		}
		compareWithTokenizer(t, page, want)
		compareWithParser(t, page)
	})
}

// needsTree matches pages that a tokenizer alone cannot interpret.
var needsTree = regexp.MustCompile(`(?i)<(svg|math|template|select|frameset|noscript)`)

// compareWithTokenizer compares the forms with those of the tokenizer of x/net.
func compareWithTokenizer(t *testing.T, page []byte, got []insertion) {
	t.Helper()
	if needsTree.Match(page) || len(page) > maxTag {
		return
	}
	want := tokenizerForms(page)
	var actions []string
	for _, i := range got {
		if !i.head && !i.Submitter {
			actions = append(actions, i.Method+" "+i.Action)
		}
	}
	if !slices.Equal(actions, want) {
		t.Fatalf("forms %q, the tokenizer finds %q\n%q", actions, want, page)
	}
}

func tokenizerForms(page []byte) []string {
	var found []string
	open := false
	for z := html.NewTokenizer(bytes.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return found
		case html.StartTagToken, html.SelfClosingTagToken:
			if token := z.Token(); token.DataAtom == atom.Form && !open {
				open = true
				found = append(found, lowerString(attribute(token.Attr, "method"))+" "+trimmed(attribute(token.Attr, "action")))
			}
		case html.EndTagToken:
			if z.Token().DataAtom == atom.Form {
				open = false
			}
		}
	}
}

// trimmed cleans a decoded value as address does.
func trimmed(s string) string {
	return address([]byte(strings.ReplaceAll(s, "&", "&amp;")))
}

// attribute returns the first attribute with a name; the tokenizer returns all of them.
func attribute(all []html.Attribute, name string) string {
	for _, a := range all {
		if a.Key == name {
			return strings.ReplaceAll(a.Val, "\x00", "\uFFFD") // the parser leaves NULs
		}
	}
	return ""
}

// compareWithParser checks that a browser sees every insertion as an element, with
// scripts and without, and not as a part of a text, a comment or an attribute.
func compareWithParser(t *testing.T, page []byte) {
	t.Helper()
	if bytes.Contains(bytes.ToLower(page), []byte("<frameset")) { // a frameset removes elements
		return
	}
	const probe = "palisade-probe"
	if bytes.Contains(page, []byte(probe)) {
		return
	}
	var out bytes.Buffer
	inserted := 0
	w := NewWriter(&out, Hooks{Target: func(target Target) []byte {
		inserted++
		if target.Submitter {
			return []byte(`<input type="hidden" class="` + probe + `">`)
		}
		return []byte(`<div class="` + probe + `"></div>`)
	}})
	if _, err := w.Write(page); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for _, scripts := range []bool{false, true} {
		root, err := html.ParseWithOptions(bytes.NewReader(out.Bytes()), html.ParseOptionEnableScripting(scripts))
		if err != nil {
			return // the parser refuses pages that nest too deep
		}
		if found := probes(root, probe); found != inserted {
			t.Fatalf("scripts %t: of %d insertions the parser finds %d\n%q", scripts, inserted, found, out.Bytes())
		}
	}
}

// probes counts the elements with a class. It also counts those in the text of a
// noscript that would be elements without scripts.
func probes(n *html.Node, class string) int {
	found := 0
	if n.Type == html.ElementNode && attribute(n.Attr, "class") == class {
		found++
	}
	if n.Type == html.TextNode && n.Parent.DataAtom == atom.Noscript {
		found += strings.Count(n.Data, class)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		found += probes(c, class)
	}
	return found
}

// fragments make pages that a fuzzer would rarely find byte by byte.
var fragments = strings.Split("<form action=a>|</form>|<form>|<button formaction=b>|</button>|<input>|<input type=submit formaction=b>|"+
	"<svg>|</svg>|<svg/>|<g>|</g>|<path/>|<title>|</title>|<desc>|</desc>|<foreignObject>|</foreignObject>|<style>|</style>|<script>|</script>|"+
	"<math>|</math>|<mi>|</mi>|<mglyph>|<annotation-xml>|<annotation-xml encoding='text/html'>|</annotation-xml>|<font color=a>|<font>|</font>|"+
	"<![CDATA[|]]>|<!--|-->|--!>|>|<!|<?|</|\"|'|<a b=\"|<a b='|<a>|</a>|<b>|</b>|<p>|</p>|<div>|</div>|<li>|</li>|<br>|</br>|x| |"+
	"<template>|</template>|<select>|</select>|<option>|<textarea>|</textarea>|<noscript>|</noscript>|<iframe>|</iframe>|<plaintext>|"+
	"<table>|</table>|<tr>|</tr>|<td>|</td>|<caption>|<col>|<tbody>|<head>|</head>|<body>|</body>|<html>|</html>|<base href=c>|<xmp>|</xmp>|</noscript |</style |</script ", "|")

// FuzzTags checks the insertions into pages that are made of fragments.
func FuzzTags(f *testing.F) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		page := make([]byte, 2+random.IntN(14))
		for i := range page {
			page[i] = byte(random.IntN(len(fragments)))
		}
		f.Add(page)
	}
	f.Fuzz(func(t *testing.T, picks []byte) {
		if len(picks) > 40 {
			t.Skip("shorter pages are enough")
		}
		var page []byte
		for _, pick := range picks {
			page = append(page, fragments[int(pick)%len(fragments)]...)
		}
		w := NewWriter(nil, Hooks{})
		want := inject(t, w, ASCII, page)
		if got := inject(t, w, ASCII, bytewise(page)...); !slices.Equal(got, want) {
			t.Fatalf("byte by byte: %v, in one piece: %v\n%q", got, want, page)
		}
		compareWithTokenizer(t, page, want)
		compareWithParser(t, page)
	})
}

// FuzzUnescape compares character references with those of the tokenizer.
func FuzzUnescape(f *testing.F) {
	for _, s := range []string{"&amp", "&amp;", "&ampx", "&amp=", "&#65", "&#x41;", "&notin;", "&notit;", "&semi;", "&fjlig;", "&", "&#", "&;", "&&lt", "&#0;", "&#x80;", "&#9a", "&#x9g", "&#99999999999999999999;x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.ContainsAny(s, "\"\r\x00") {
			t.Skip("ends the attribute, or is changed before it is read")
		}
		z := html.NewTokenizer(strings.NewReader(`<a x="` + s + `">`))
		if z.Next(); !errors.Is(z.Err(), io.EOF) && z.Err() != nil {
			t.Fatal(z.Err())
		}
		if got, want := unescape([]byte(s)), attribute(z.Token().Attr, "x"); got != want {
			t.Errorf("unescape(%q) = %q, the tokenizer says %q", s, got, want)
		}
	})
}
