package config

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the tables of keys in docs/ anew")

// tables returns the tables of keys on a page, each with its heading.
func tables(page string) []string {
	const rule = " | default | |\n|---|---|---|\n"
	part := func(name string) string { return "| **`" + name + "`** | | |\n" }
	switch page {
	case "gateway.md":
		return []string{"| key" + rule + rows(rootKeys) + part("sites[]") + rows(siteKeys) + part("sites[].forms[]") + rows(gatewayFormKeys)}
	case "service.md":
		return []string{"| key of `service`" + rule + rows(serviceKeys), "| key of a site" + rule + rows(serviceSiteKeys)}
	}
	return nil
}

func TestDocsHaveTheTablesOfKeys(t *testing.T) {
	for _, page := range []string{"gateway.md", "service.md"} {
		file := "../../../../docs/" + page
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		now := string(text)
		for _, table := range tables(page) {
			now = replaceTable(t, now, table)
		}
		switch {
		case now == string(text):
		case *update:
			if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
				t.Fatal(err)
			}
		default:
			t.Errorf("docs/%s differs from the tables of keys; go test ./cmd/palisade/internal/config -run Docs -update rewrites it", page)
		}
	}
}

// replaceTable replaces the table with the same heading. A table ends with an empty line.
func replaceTable(t *testing.T, text, table string) string {
	t.Helper()
	heading, _, _ := strings.Cut(table, "\n")
	before, rest, found := strings.Cut(text, heading+"\n")
	_, after, ends := strings.Cut(rest, "\n\n")
	if !found || !ends {
		t.Fatalf("no table begins with %q", heading)
	}
	return before + table + "\n" + after
}

func TestEveryKeySaysWhatItIs(t *testing.T) {
	var all strings.Builder
	for _, page := range []string{"gateway.md", "service.md"} {
		all.WriteString(strings.Join(tables(page), ""))
	}
	for row := range strings.Lines(all.String()) {
		if strings.HasPrefix(row, "| `") && strings.HasSuffix(row, "| |\n") {
			t.Errorf("the key says nothing of itself: %s", row)
		}
	}
}

// A preset is read like a value of the file, so it must be valid.
func TestPresetsAreGood(t *testing.T) {
	r := new(reader)
	preset(r, new(Config), rootKeys)
	preset(r, new(Site), siteKeys)
	preset(r, new(Form), gatewayFormKeys)
	preset(r, new(Service), serviceKeys)
	preset(r, new(ServiceSite), serviceSiteKeys)
	if len(r.mistakes) > 0 {
		t.Error(r.mistakes)
	}
}
