package inject

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"

	"golang.org/x/net/html"
)

// benchPage is a page of about 100 KB with one form in every 2 KB.
func benchPage(b *testing.B) []byte {
	b.Helper()
	page, err := os.ReadFile("testdata/wordpress-comment.html")
	if err != nil {
		b.Fatal(err)
	}
	page = bytes.Repeat(page, 100_000/len(page))
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	return page
}

var sink []byte

func BenchmarkInject(b *testing.B) {
	page := benchPage(b)
	w := NewWriter(nil, Hooks{})
	for name, target := range map[string]func(Target) []byte{
		"inserts": func(Target) []byte { return marker },
		"nothing": nil,
	} {
		for _, size := range []int{len(page), 4096} {
			b.Run(name+"/"+map[bool]string{true: "whole", false: "4KB"}[size == len(page)], func(b *testing.B) {
				b.SetBytes(int64(len(page)))
				b.ReportAllocs()
				out := bytes.NewBuffer(make([]byte, 0, 2*len(page)))
				for b.Loop() {
					out.Reset()
					w.Reset(out, Hooks{Target: target})
					for rest := page; len(rest) > 0; rest = rest[min(size, len(rest)):] {
						_, _ = w.Write(rest[:min(size, len(rest))])
					}
					_ = w.Close()
				}
			})
		}
	}
}

// BenchmarkTokenizer measures the same pages with the tokenizer of x/net.
func BenchmarkTokenizer(b *testing.B) {
	page := benchPage(b)
	out := bytes.NewBuffer(make([]byte, 0, 2*len(page)))
	for b.Loop() {
		out.Reset()
		z := html.NewTokenizer(bytes.NewReader(page))
		for z.Next() != html.ErrorToken {
			out.Write(z.Raw())
			z.TagName()
		}
		if !errors.Is(z.Err(), io.EOF) {
			b.Fatal(z.Err())
		}
	}
}

// BenchmarkCopy measures the same pages without scanning.
func BenchmarkCopy(b *testing.B) {
	page := benchPage(b)
	sink = make([]byte, len(page))
	for b.Loop() {
		copy(sink, page)
	}
}
