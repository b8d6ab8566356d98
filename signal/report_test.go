package signal_test

import (
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/signal"
)

const ticket = "a ticket"

// wire is a report on the ticket as a page's script writes it. Digits are those of the
// counts, up to the binding.
func wire(digits string) string { return digits + binding }

// binding is the number by which the script names the ticket: FNV-1a, modulo 36².
const binding = "y8"

func TestAReportHasOneForm(t *testing.T) {
	good := wire("1" + strings.Repeat("0", signal.ReportSize-3))
	for _, test := range []struct {
		name, text string
		ours       bool
	}{
		{"nothing was seen", good, true},
		{"the largest of every count", wire("1" + strings.Repeat("z", signal.ReportSize-3)), true},
		{"nothing came", "", false},
		{"another version", "2" + good[1:], false},
		{"shorter", good[1:], false},
		{"longer", good + "0", false},
		{"a character that is no digit", "1-" + good[2:], false},
		{"capitals are no digits", "1A" + good[2:], false},
		{"a character of two bytes", "1é" + good[3:], false},
		{"a number that is none", "1NaN" + good[4:], false},
		{"for another ticket", good[:signal.ReportSize-2] + "00", false},
	} {
		if _, ours := signal.ParseReport(test.text, ticket); ours != test.ours {
			t.Errorf("%s: ours is %v", test.name, ours)
		}
	}
}

func TestEachCountHasItsPlace(t *testing.T) {
	got, ours := signal.ParseReport(wire("1v12345678"+"97ab"), ticket)
	want := signal.Report{
		Environment: signal.WebDriver | signal.Patched | signal.Driver | signal.Frames | signal.Bare,
		Presses:     1, Jumps: 2, Centred: 3, Brief: 4, Touches: 5, Keys: 6, Rolls: 7, Scripted: 8,
		Typing: 9, Untrusted: 7, Fractions: 10, Grain: 11,
	}
	if !ours || got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Whoever writes a report can write anything. It must not be an error.
func FuzzReport(f *testing.F) {
	f.Add(wire("1"+strings.Repeat("0", signal.ReportSize-3)), ticket)
	f.Fuzz(func(t *testing.T, text, ticket string) {
		r, ours := signal.ParseReport(text, ticket)
		if !ours && r != (signal.Report{}) {
			t.Errorf("%q is not ours, and says %+v", text, r)
		}
		e := signal.Evidence{Report: &r}
		for i := range signal.All {
			for _, finding := range signal.All[i].Inspect(&e, nil) {
				if _, known := signal.All[i].Weights[finding.Reason]; !known {
					t.Errorf("%q: %+v", text, finding)
				}
			}
		}
	})
}

func TestAReportThatIsMissingIsNoted(t *testing.T) {
	for _, test := range []struct {
		name  string
		e     signal.Evidence
		agent string
		want  signal.Reason
	}{
		{"a browser's script made a proof", signal.Evidence{Proven: true}, firefox, signal.ReasonReportMissing},
		{"a program that names no browser", signal.Evidence{Proven: true}, "curl/8.5.0", ""},
		{"nobody made a proof", signal.Evidence{}, firefox, ""},
		{"a challenge page", signal.Evidence{Proven: true, Retry: true}, firefox, ""},
		{"a report", signal.Evidence{Proven: true, Report: new(signal.Report)}, firefox, ""},
		{"a report on another ticket", signal.Evidence{Proven: true, Foreign: true}, firefox, signal.ReasonReportForeign},
	} {
		test.e.Header = map[string][]string{"User-Agent": {test.agent}}
		list := inspect("report", &test.e)
		if len(list) > 1 || len(list) == 1 != (test.want != "") || len(list) == 1 && list[0].Reason != test.want {
			t.Errorf("%s: %v", test.name, list)
		}
	}
}
