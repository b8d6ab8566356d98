package signal

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Mode says what a form does with the findings of a signal.
type Mode uint8

const (
	Weigh   Mode = iota // they count
	Observe             // they are recorded and weigh nothing
	Off                 // nothing is looked for
)

var modeNames = [...]string{"weigh", "observe", "off"}

// Modes returns the words of the modes, in the order of the constants.
func Modes() []string { return slices.Clone(modeNames[:]) }

// String returns the word of a mode.
func (m Mode) String() string {
	if int(m) < len(modeNames) {
		return modeNames[m]
	}
	return "invalid"
}

// Setting says what a form does with a signal.
type Setting struct {
	Mode Mode
	// Weights replace those of the signal, by reason: from -20 to 20. A reason that is hard
	// stays hard. Nil: those of [All].
	Weights map[Reason]float64
}

// Settings are settings by the names of signals.
type Settings map[string]Setting

// maxWeight bounds a weight of a setting: odds of e^20 are certainty.
const maxWeight = 20

// Validate reports every mistake in settings.
func (settings Settings) Validate() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		s, setting := named(name), settings[name]
		if s == nil {
			errs = append(errs, fmt.Errorf("Signals: %q is none of %s", name, strings.Join(Names(), ", ")))
			continue
		}
		if setting.Mode > Off {
			errs = append(errs, fmt.Errorf("Signals: %q: Mode must be Weigh, Observe or Off", name))
		}
		for _, why := range slices.Sorted(maps.Keys(setting.Weights)) {
			if _, known := s.Weights[why]; !known {
				errs = append(errs, fmt.Errorf("Signals: %q weighs no %q; it weighs %v", name, why, slices.Sorted(maps.Keys(s.Weights))))
			} else if !(math.Abs(setting.Weights[why]) <= maxWeight) {
				errs = append(errs, fmt.Errorf("Signals: %q: the weight of %q must lie between -%d and %d", name, why, maxWeight, maxWeight))
			}
		}
	}
	return errors.Join(errs...)
}

// Resolve returns what is done with each signal of [All], in that order: as the last settings
// that name it say, or as the signal itself says.
func Resolve(all ...Settings) (list [len(All)]Setting) {
	for i := range All {
		list[i].Mode = All[i].Mode
		for _, settings := range all {
			if setting, told := settings[All[i].Name]; told {
				list[i] = setting
			}
		}
	}
	return list
}

// named returns the signal of a name, or nil.
func named(name string) *Signal {
	for i := range All {
		if All[i].Name == name {
			return &All[i]
		}
	}
	return nil
}
