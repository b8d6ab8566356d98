package captcha_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/captcha"
)

func TestServicesAreOfTheirNamesAndNeedWhatTheySay(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range captcha.Services() {
		if d.Name == "" || seen[d.Name] {
			t.Errorf("%q is there twice, or has no name", d.Name)
		}
		seen[d.Name] = true
		all := captcha.Settings{Sitekey: "k", Secret: "s", Address: "https://captcha.example", Project: "p"}
		if p := d.New(all); p.Service().Name != d.Name || p.Sitekey() != "k" || p.Validate(false) != nil {
			t.Errorf("%s: made as %v: %v", d.Name, p, p.Validate(false))
		}
		for name, row := range map[string]struct {
			needed  bool
			without captcha.Settings
		}{
			"sitekey": {true, captcha.Settings{Secret: "s", Address: all.Address, Project: "p"}},
			"secret":  {true, captcha.Settings{Sitekey: "k", Address: all.Address, Project: "p"}},
			"address": {d.Hosted, captcha.Settings{Sitekey: "k", Secret: "s", Project: "p"}},
			"project": {d.Project, captcha.Settings{Sitekey: "k", Secret: "s", Address: all.Address}},
		} {
			if refused := d.New(row.without).Validate(false) != nil; refused != row.needed {
				t.Errorf("%s without %s: refused %v, want %v", d.Name, name, refused, row.needed)
			}
		}
		if err := d.New(all, captcha.MaxRisk(0.5)).Validate(false); (err == nil) != d.Score {
			t.Errorf("%s with MaxRisk: %v, and Score is %v", d.Name, err, d.Score)
		}
	}
}

func TestSettingsDoNotShowTheSecret(t *testing.T) {
	s := captcha.Settings{Sitekey: "sitekey", Secret: "private"}
	if text := fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s, s); strings.Contains(text, "private") {
		t.Error(text)
	}
}

func TestServicesIsACopy(t *testing.T) {
	captcha.Services()[0].Name = "changed"
	if captcha.Services()[0].Name == "changed" {
		t.Error("a caller changed the shared list")
	}
}

var update = flag.Bool("update", false, "update the lists of the services: the table in docs/providers.md, the fields in the Python package")

// The table in the documents must match the list.
func TestServicesAreInTheDocuments(t *testing.T) {
	const file, head = "../docs/providers.md", "| name | form field | settings | compared | score |\n|---|---|---|---|---|\n"
	text := read(t, file)
	before, rest, found := strings.Cut(text, head)
	_, after, ends := strings.Cut(rest, "\n## ")
	if !found || !ends {
		t.Fatalf("%s has no table with the head %q, or nothing follows it", file, head)
	}
	var table strings.Builder
	for _, d := range captcha.Services() {
		settings, score := "sitekey, secret", "none"
		if d.Hosted {
			settings += ", address"
		}
		if d.Project {
			settings += ", project"
		}
		switch {
		case d.Scored:
			score = "required"
		case d.Score:
			score = "of some accounts"
		}
		var compared []string
		for _, row := range []struct {
			name string
			is   bool
		}{{"hostname", d.Hostname}, {"action", d.Action}, {"cdata", d.CData}, {"age", d.MaxAge}} {
			if row.is {
				compared = append(compared, row.name)
			}
		}
		if compared == nil {
			compared = []string{"–"}
		}
		fmt.Fprintf(&table, "| `%s` | `%s` | %s | %s | %s |\n", d.Name, d.Field, settings, strings.Join(compared, ", "), score)
	}
	compare(t, file, text, before+head+table.String()+"\n## "+after)
}

// palisade_forms sends the fields of captchas unchanged, and omits them from a form that
// it shows again.
func TestServicesFillFieldsThatPythonKnows(t *testing.T) {
	const file, head = "../python/src/palisade_forms/privacy.py", "CAPTCHA_FIELDS = frozenset(\n    {\n"
	text := read(t, file)
	before, rest, found := strings.Cut(text, head)
	fields, after, ends := strings.Cut(rest, "    }\n")
	if !found || !ends {
		t.Fatalf("%s has no CAPTCHA_FIELDS", file)
	}
	for _, d := range captcha.Services() {
		if name := fmt.Sprintf("%q", d.Field); !strings.Contains(fields, name) {
			fields += "        " + name + ",\n"
		}
	}
	compare(t, file, text, before+head+fields+"    }\n"+after)
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// compare compares a file with the text from the list, or with -update writes the text.
func compare(t *testing.T, file, is, want string) {
	t.Helper()
	switch {
	case is == want:
	case !*update:
		t.Errorf("%s does not match captcha.Services: go test ./captcha -run Services -update", file)
	default:
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
