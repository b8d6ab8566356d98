package fronts

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

const intro = `# Front ends behind the gateway

` + "`make fronts`" + ` wrote this table on %s; do not edit it. Each row is a page with the named versions. It ran twice with the same input, at its app directly and behind the
gateway, with ` + "`protect: auto`" + ` and nothing else but what the row says. Each run sent the page %d times.
Rows that name an app instead of a page are that app itself, unchanged, in which a person takes the steps that the name lists, one send each.

- **passes:** a person who fills the page in sees nothing of the gateway. The times are from the click to the effect in the app, for each send. They are of the machine of
  the run, which also ran other pages then.
- **bot:** a program that sends the same request without cookies and tickets has no effect, with and without the headers of a browser.
- **bytes:** body (SHA-256), path and the headers that the page sets are the same at the app. A boundary, which is random, counts as equal.
- **console:** no error that there is not without the gateway.
- **page:** what scripts find in the body is the same: when its HTML was read, when it was filled in and after it was sent.
- **effects:** each send has exactly one effect.

| front end | versions | passes | bot | bytes | console | page | effects |
|---|---|---|---|---|---|---|---|
`

func writeTable(t *testing.T, results map[string]result) {
	t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, intro, time.Now().UTC().Format(time.DateOnly), sends)
	for _, r := range rows {
		got, ran := results[r.name]
		if !ran {
			t.Fatalf("%s did not come to an end: no table is written", r.name)
		}
		used := locked(t, "../package-lock.json", r.packages...)
		if r.real != nil {
			used = r.real.versions(t)
		}
		name := r.name
		if r.settings != "" {
			name += " (`" + r.settings + "`)"
		}
		fmt.Fprintf(&text, "| %s | %s |", name, strings.Join(used, ", "))
		for _, column := range columns {
			cell := "✔"
			if got.cells[column] != "" {
				cell = r.missing[column]
				if cell == "" {
					cell = "fails, not listed"
				}
			} else if column == "passes" {
				for _, took := range got.took {
					cell += fmt.Sprintf(" %d", took.Milliseconds())
				}
				cell += " ms"
			}
			fmt.Fprintf(&text, " %s |", strings.ReplaceAll(cell, "|", "\\|"))
		}
		text.WriteString("\n")
	}
	if err := os.WriteFile("../../docs/stacks.md", []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// pinned returns the name of a Python package with the version that requirements.txt names.
func pinned(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../requirements.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), name+"=="); ok {
			return name + " " + version
		}
	}
	t.Fatalf("e2e/requirements.txt has no %s", name)
	return ""
}

// locked returns the names of npm packages with the versions that a package-lock.json names.
func locked(t *testing.T, file string, names ...string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct {
			Version string `json:"version"`
		} `json:"packages"`
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		version := lock.Packages["node_modules/"+name].Version
		if version == "" {
			t.Fatalf("%s has no %s", file, name)
		}
		all = append(all, name+" "+version)
	}
	return all
}
