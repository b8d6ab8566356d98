package apps

import "github.com/palisade-dev/palisade/signal"

// Signals that find browser automation, which the browsers of the tests are. The tests only
// have them recorded; make signals tests them.
var automation = []string{"client", "browser", "behaviour"}

// Observed returns the settings of a guard whose visitors are automation.
func Observed() signal.Settings {
	settings := make(signal.Settings)
	for _, name := range automation {
		settings[name] = signal.Setting{Mode: signal.Observe}
	}
	return settings
}

// ObservedYAML is a line of a configuration file with the same settings.
const ObservedYAML = "signals: {client: observe, browser: observe, behaviour: observe}\n"
