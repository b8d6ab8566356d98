package signal_test

import (
	"math"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/signal"
)

func TestTheLastSettingsThatNameASignalCount(t *testing.T) {
	site := signal.Settings{"timing": {Mode: signal.Observe}, "grain": {Mode: signal.Off}}
	form := signal.Settings{"grain": {Mode: signal.Weigh}, "browser": {Weights: map[signal.Reason]float64{signal.ReasonWebDriver: 0}}}
	for i, got := range signal.Resolve(site, form) {
		s := &signal.All[i]
		want := s.Mode
		switch s.Name {
		case "timing":
			want = signal.Observe
		case "grain":
			want = signal.Weigh
		}
		if got.Mode != want || (len(got.Weights) > 0) != (s.Name == "browser") {
			t.Errorf("%s: %+v, want the mode %v", s.Name, got, want)
		}
	}
	for i, got := range signal.Resolve() {
		if got.Mode != signal.All[i].Mode || got.Weights != nil {
			t.Errorf("%s without settings: %+v", signal.All[i].Name, got)
		}
	}
}

func TestMistakesInSettings(t *testing.T) {
	weights := func(why signal.Reason, weight float64) signal.Settings {
		return signal.Settings{"browser": {Weights: map[signal.Reason]float64{why: weight}}}
	}
	for _, test := range []struct {
		name     string
		settings signal.Settings
		want     string
	}{
		{"none", nil, ""},
		{"a weight of zero", weights(signal.ReasonWebDriver, 0), ""},
		{"no such signal", signal.Settings{"everything": {}}, `"everything" is none of origin, client, `},
		{"no such mode", signal.Settings{"timing": {Mode: signal.Off + 1}}, "Mode must be"},
		{"no such reason", weights("gut", 1), `"browser" weighs no "gut"; it weighs [driver frames `},
		{"too much", weights(signal.ReasonWebDriver, 21), "between -20 and 20"},
		{"no number", weights(signal.ReasonWebDriver, math.NaN()), "between -20 and 20"},
		{"without end", weights(signal.ReasonWebDriver, math.Inf(-1)), "between -20 and 20"},
	} {
		err := test.settings.Validate()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
