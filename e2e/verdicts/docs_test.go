package verdicts_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// snippets maps each language of the guide to the test app that contains the snippet.
var snippets = map[string]string{"go": "app.go", "python": "app.py", "php": "app.php", "ruby": "config.ru", "java": "App.java", "js": "app.js"}

// The tests run the code that the guide shows.
func TestSnippetsOfTheGuideAreRun(t *testing.T) {
	guide := read(t, "../../docs/gateway.md")
	_, section, found := strings.Cut(guide, "\n### Require the verdict in the app\n")
	if !found {
		t.Fatal("docs/gateway.md has no such section")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	shown := make(map[string]bool)
	for _, block := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)\n```").FindAllStringSubmatch(section, -1) {
		language, code := block[1], block[2]
		shown[language] = true
		if file, known := snippets[language]; !known {
			t.Errorf("no test runs %s", language)
		} else if !strings.Contains(unindented(read(t, filepath.Join("testdata", file))), unindented(code)) {
			t.Errorf("%s does not hold these lines:\n%s", file, code)
		}
	}
	if want := slices.Sorted(maps.Keys(snippets)); !slices.Equal(slices.Sorted(maps.Keys(shown)), want) {
		t.Errorf("the guide shows %v, want %v", shown, want)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// unindented ends each line with a line feed, so that a search never finds a part of a line.
func unindented(code string) string {
	lines := strings.Split(code, "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return "\n" + strings.Join(lines, "\n") + "\n"
}
