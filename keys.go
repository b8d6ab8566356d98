package palisade

import (
	"errors"
	"fmt"
	"log/slog"
)

// KeySize is the least number of bytes in a key.
const KeySize = 32

// Keys are the secrets that a guard signs with, at least [KeySize] random bytes
// each. Current signs; all three verify. To rotate without refusing anybody,
// roll a key through Next, Current and Previous, leaving it in each place on
// every process for at least as long as a ticket lives (FormConfig.MaxAge).
//
// Rate limits count under Current and begin anew when it changes.
type Keys struct {
	Next     []byte
	Current  []byte
	Previous []byte
}

// LogValue keeps the secrets out of logs.
func (Keys) LogValue() slog.Value { return slog.StringValue("[keys]") }

// String keeps the secrets out of formatted text.
func (Keys) String() string { return "[keys]" }

// GoString keeps the secrets out of formatted text.
func (Keys) GoString() string { return "[keys]" }

func (k Keys) validate() error {
	var errs []error
	if len(k.Current) == 0 {
		errs = append(errs, errors.New("Keys.Current is missing: give at least 32 random bytes, e.g. from `openssl rand 32`"))
	}
	for _, named := range []struct {
		name string
		key  []byte
	}{{"Next", k.Next}, {"Current", k.Current}, {"Previous", k.Previous}} {
		switch {
		case len(named.key) == 0:
		case len(named.key) < KeySize:
			errs = append(errs, fmt.Errorf("Keys.%s has %d bytes; at least %d are needed", named.name, len(named.key), KeySize))
		case allSame(named.key):
			errs = append(errs, fmt.Errorf("Keys.%s is one byte repeated; use random bytes", named.name))
		}
	}
	return errors.Join(errs...)
}

func allSame(b []byte) bool {
	for _, c := range b {
		if c != b[0] {
			return false
		}
	}
	return true
}
