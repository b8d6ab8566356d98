package signal_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/signal"
)

var seed = [16]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}

func TestDecoysComeBackUntouchedFromPeople(t *testing.T) {
	decoys := signal.Decoys(seed)
	untouched := map[string]string{decoys[0].Name: decoys[0].Value, decoys[1].Name: decoys[1].Value}
	rows := []struct {
		name   string
		change func(map[string]string)
		want   signal.Reason
	}{
		{"untouched", func(map[string]string) {}, ""},
		{"the empty one filled", func(v map[string]string) { v[decoys[0].Name] = "https://spam.example" }, signal.ReasonDecoyFilled},
		{"the empty one left out", func(v map[string]string) { delete(v, decoys[0].Name) }, signal.ReasonDecoyMissing},
		{"the given one changed", func(v map[string]string) { v[decoys[1].Name] = "x" }, signal.ReasonDecoyChanged},
		{"the given one emptied", func(v map[string]string) { v[decoys[1].Name] = "" }, signal.ReasonDecoyChanged},
		{"the given one left out", func(v map[string]string) { delete(v, decoys[1].Name) }, signal.ReasonDecoyMissing},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			values := map[string]string{}
			for name, value := range untouched {
				values[name] = value
			}
			row.change(values)
			found := inspect("decoy", &signal.Evidence{Decoys: &decoys, Fields: once(values)})
			if row.want == "" {
				if len(found) != 0 {
					t.Errorf("found %v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Reason != row.want || found[0].Hard || found[0].Weight < 2 {
				t.Errorf("found %v, want %s, soft and enough for a challenge", found, row.want)
			}
		})
	}
	if found := inspect("decoy", &signal.Evidence{Decoys: &decoys, Fields: twice{}}); len(found) != 2 {
		t.Errorf("sent twice: %v", found)
	}
}

func TestDecoyNamesChangeWithTheTicket(t *testing.T) {
	a, b := signal.Decoys(seed), signal.Decoys([16]byte{9})
	if a[0].Name == b[0].Name || a[1].Name == b[1].Name || a[1].Value == b[1].Value {
		t.Errorf("two tickets share a decoy: %v %v", a, b)
	}
	if a != signal.Decoys(seed) {
		t.Error("one ticket has changing decoys")
	}
}

// autofilled are names that Chrome was seen to fill in hidden fields.
var autofilled = regexp.MustCompile(`(?i)mail|phone|tel|zip|post|company|organi|state|country|city|street|addr|name|card`)

func TestNoDecoyIsNamedLikeWhatBrowsersFill(t *testing.T) {
	for i := range 256 {
		for _, d := range signal.Decoys([16]byte{15: byte(i)}) {
			if autofilled.MatchString(d.Name) {
				t.Errorf("a decoy is named %s", d.Name)
			}
		}
	}
}

func TestDecoyMarkup(t *testing.T) {
	for _, d := range signal.Decoys(seed) {
		markup := d.HTML()
		for _, want := range []string{`class="palisade-aside"`, `aria-hidden="true"`, `tabindex="-1"`, `autocomplete="new-password"`, `name="` + d.Name + `"`, `data-lpignore="true"`} {
			if !strings.Contains(markup, want) {
				t.Errorf("%s lacks %s", markup, want)
			}
		}
		if strings.Contains(markup, "style=") {
			t.Error("an inline style, which a strict policy drops, so that people see the field")
		}
	}
}
