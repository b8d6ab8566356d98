package palisade_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/signal"
)

// driven makes the report on a form say that a program drives the browser.
func driven(v values) values {
	proof, report, _ := strings.Cut(v.Get(palisade.FieldProof), ".")
	v.Set(palisade.FieldProof, proof+"."+report[:1]+"1"+report[2:])
	return v
}

func TestWhatAFormDoesWithASignal(t *testing.T) {
	webdriver := func(weight float64) signal.Settings {
		return signal.Settings{"browser": {Weights: map[signal.Reason]float64{signal.ReasonWebDriver: weight}}}
	}
	mode := func(m signal.Mode) signal.Settings { return signal.Settings{"browser": {Mode: m}} }
	for _, test := range []struct {
		name       string
		site, form signal.Settings
		step, hard float64
		level      uint8 // of the step that is asked for; 0: none
		found      bool
	}{
		{"as the signal says", nil, nil, 0, 0, 2, true},
		{"the site observes", mode(signal.Observe), nil, 0, 0, 0, true},
		{"the form observes", nil, mode(signal.Observe), 0, 0, 0, true},
		{"the form weighs what the site observes", mode(signal.Observe), mode(signal.Weigh), 0, 0, 2, true},
		{"nobody looks", nil, mode(signal.Off), 0, 0, 0, false},
		{"it weighs nothing", nil, webdriver(0), 0, 0, 0, true},
		{"it speaks for a person", webdriver(-1), nil, 0, 0, 0, true},
		{"it weighs less", nil, webdriver(2.5), 0, 0, 1, true},
		{"the form asks later", nil, nil, 5.5, 6, 0, true},
		{"the form asks for the hardest step later", nil, nil, 0, 6, 1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, func(c *palisade.Config, f *palisade.FormConfig) {
				c.Signals, f.Signals, f.Step, f.HardStep = test.site, test.form, test.step, test.hard
			})
			v := driven(typed(s.load()))
			s.wait(20 * time.Second)
			if test.level == 0 {
				s.expect(s.post(v), 303, palisade.ReasonClean, 1)
			} else {
				s.expect(s.post(v), 403, palisade.ReasonSuspicious, 0)
			}
			d := s.last()
			found := slices.ContainsFunc(d.Findings, func(f palisade.Finding) bool { return f.Reason == signal.ReasonWebDriver })
			if d.Level != test.level || found != test.found {
				t.Errorf("level %d, want %d; findings %+v", d.Level, test.level, d.Findings)
			}
		})
	}
}

// other returns another digit.
func other(digit byte) string {
	if digit == '0' {
		return "1"
	}
	return "0"
}

// A report is a claim. Whatever comes in its place is noted, and is no error.
func TestAReportThatIsNone(t *testing.T) {
	for name, report := range map[string]func(own string) string{
		"long":                  func(string) string { return strings.Repeat("1", 1000) },
		"of another version":    func(own string) string { return "2" + own[1:] },
		"with marks of its own": func(string) string { return strings.Repeat(".", signal.ReportSize) },
		"that is no number":     func(own string) string { return "1NaN" + own[4:] },
		"on another ticket":     func(own string) string { return own[:len(own)-1] + other(own[len(own)-1]) },
		"with a zero byte":      func(string) string { return "\x00" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			v := typed(s.load())
			_, own, _ := strings.Cut(v.Get(palisade.FieldProof), ".")
			v.Set(palisade.FieldProof, bare(v)+"."+report(own))
			s.wait(20 * time.Second)
			s.expect(s.post(v), 303, palisade.ReasonClean, 1)
			if f := s.last().Findings; len(f) != 1 || f[0].Reason != signal.ReasonReportForeign {
				t.Errorf("findings %+v", f)
			}
		})
	}
}

func TestMistakesAboutSignals(t *testing.T) {
	nobody := signal.Settings{"gut": {}}
	config := palisade.Config{Signals: nobody}
	if _, err := palisade.New(config); err == nil || !strings.Contains(err.Error(), `"gut" is none of`) {
		t.Errorf("of the site: %v", err)
	}
	s := newSite(t)
	for _, c := range []palisade.FormConfig{{Signals: nobody}, {Step: -1}, {Step: 4, HardStep: 3}, {Step: 6}} {
		c.Name = "other"
		if _, err := s.guard.Form(c); err == nil {
			t.Errorf("%+v is no mistake", c)
		}
	}
}
