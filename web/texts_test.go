package web

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
)

// A language is one file. It has every text, with the same places for values as English.
func TestEachLanguageIsWhole(t *testing.T) {
	want := flat(t, textsOf("en"))
	for name, text := range want {
		if text == "" {
			t.Errorf("en: %s is empty", name)
		}
	}
	if notices := textsOf("en").Notices; len(notices) != len(noticeNames) {
		t.Errorf("%d notices, want %d", len(notices), len(noticeNames))
	}
	for lang, texts := range languages() {
		got, same := flat(t, texts), 0
		if names, all := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(names, all) {
			t.Errorf("%s has %q, want %q", lang, names, all)
		}
		for name, text := range got {
			for _, place := range []string{"{name}", "{n}", "{time}"} {
				if strings.Contains(text, place) != strings.Contains(want[name], place) {
					t.Errorf("%s: %s is %q; the English text is %q", lang, name, text, want[name])
				}
			}
			if text == "" {
				t.Errorf("%s: %s is empty", lang, name)
			}
			if text == want[name] {
				same++
			}
		}
		if lang != "en" && same > 2 { // a word may be the same in two languages
			t.Errorf("%s: %d texts are the English ones", lang, same)
		}
	}
	if len(languages()) < 4 {
		t.Errorf("%d languages", len(languages()))
	}
}

// flat returns the texts by their paths in the file.
func flat(t *testing.T, texts *texts) map[string]string {
	t.Helper()
	text, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	var walk func(path string, node any)
	walk = func(path string, node any) {
		switch node := node.(type) {
		case string:
			all[path] = node
		case map[string]any:
			for name, below := range node {
				walk(path+"/"+name, below)
			}
		}
	}
	walk("", tree)
	return all
}

// Languages returns the languages of the pages, for tests of other packages.
func Languages() []string { return slices.Sorted(maps.Keys(languages())) }
