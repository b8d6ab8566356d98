package inject

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/corpus.golden anew")

// The golden file lists every insertion in each page with the text on both sides of it, so
// that a reader can check the position.
func TestCorpusIsInjectedAsTheGoldenFileSays(t *testing.T) {
	const golden = "testdata/corpus.golden"
	var got strings.Builder
	w := NewWriter(nil, Hooks{})
	for _, page := range corpus(t) {
		fmt.Fprintf(&got, "== %s\n", page.name)
		for _, i := range inject(t, w, page.encoding, page.text) {
			before, after := page.text[max(0, i.at-24):i.at], page.text[i.at:min(len(page.text), i.at+16)]
			fmt.Fprintf(&got, "%s\n\t%q | %q\n", i, before, after)
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() == string(want) {
		return
	}
	g, v := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(v)) {
		if g[i] != v[i] {
			t.Fatalf("line %d of %s is\n%s\nnow it would be\n%s\nIf that is right, write it anew with -update.", i+1, golden, v[i], g[i])
		}
	}
	t.Fatalf("%s has %d lines, now it would have %d", golden, len(v), len(g))
}

func TestCorpusIsInjectedTheSameHoweverItIsCut(t *testing.T) {
	w := NewWriter(nil, Hooks{})
	for _, page := range corpus(t) {
		t.Run(page.name, func(t *testing.T) {
			want := inject(t, w, page.encoding, page.text)
			if got := inject(t, w, page.encoding, bytewise(page.text)...); !slices.Equal(got, want) {
				t.Errorf("byte by byte: %v, in one piece: %v", got, want)
			}
			for i := range page.text {
				if got := inject(t, w, page.encoding, page.text[:i], page.text[i:]); !slices.Equal(got, want) {
					t.Fatalf("cut at %d: %v, in one piece: %v", i, got, want)
				}
			}
		})
	}
}
