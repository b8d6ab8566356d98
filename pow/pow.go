package pow

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/palisade-dev/palisade/internal/mac"
	"github.com/palisade-dev/palisade/pow/internal/share"
)

// Bounds of the work. They apply in [New], and again for every payload, even with a
// valid signature.
const (
	MaxPayload  = 1536    // bytes of a payload; a real one has 500 to 620, an indented one up to 1100
	MaxBinding  = 1 << 10 // bytes of Challenge.Binding
	MaxCost     = 100_000 // Work.Cost; about 15 ms for one derivation
	MaxPrefix   = 6       // characters of Work.Prefix: 16.7 million guesses on average
	MaxCounters = 1 << 20 // Work.Counters
	MinKey      = 32      // bytes of a key
)

// MaxLife is the longest life of a challenge. The widget counts the time down with
// setTimeout, whose delay is a signed 32-bit number of milliseconds, 24.8 days. With a
// longer delay it declares the challenge expired at once.
const MaxLife = 24 * 24 * time.Hour

// DefaultWait is the longest wait of a derivation for a place if Config.Wait is 0.
const DefaultWait = 2 * time.Second

// ErrBusy reports that no derivation could run in time. It is an outage and does not
// mean that the proof is bad.
var ErrBusy = share.ErrBusy

// Keys are the secrets that sign challenges, at least [MinKey] random bytes each.
// Current signs, all verify.
type Keys struct {
	Current []byte
	Others  [][]byte // the next and the previous key of a rotation
}

// LogValue keeps the secrets out of logs.
func (Keys) LogValue() slog.Value { return slog.StringValue("[keys]") }

// String keeps the secrets out of formatted text.
func (Keys) String() string { return "[keys]" }

// GoString keeps the secrets out of formatted text.
func (Keys) GoString() string { return "[keys]" }

// Work is the amount of work of one level. Set Prefix or Counters, not both.
type Work struct {
	// Cost is the number of PBKDF2 iterations of one guess, 1 to MaxCost.
	Cost int
	// Prefix is the required beginning of the derived key, in lower-case hex; one
	// character is four bits. "00" takes 256 guesses on average, and more than
	// 1176 once in a hundred. Issuing costs nothing.
	Prefix string
	// Counters selects the picked-counter mode. The right counter is drawn from
	// [0, Counters), so the search takes half as many guesses on average and never more
	// than Counters. Issuing costs one derivation, so limit who may ask.
	Counters int
}

// DefaultLevels returns the work of Palisade's levels. The times are the median and the
// longest of 50 runs in Chromium 156 with two workers, and the longest in the same
// browser slowed six times:
//
//	0  silent    {1000, "00"}          35 ms,  164 ms, 1.2 s
//	1  visible   {2000, Counters 600}  86 ms,  158 ms, 1.0 s
//	2  hardest   {5000, Counters 600}  199 ms, 334 ms, 2.5 s
func DefaultLevels() []Work {
	return []Work{
		{Cost: 1000, Prefix: "00"},
		{Cost: 2000, Counters: 600},
		{Cost: 5000, Counters: 600},
	}
}

// Config holds the keys and the work of a Captcha.
type Config struct {
	Keys Keys
	// Levels is the work by level, easiest first; nil means DefaultLevels. If it
	// changes, open challenges keep the work they were issued with, because the
	// signature covers that work.
	Levels []Work
	// Derivations is the number that may run at once; 0 means half of GOMAXPROCS,
	// at least one.
	Derivations int
	// Wait is the longest wait for a place; 0 means DefaultWait.
	Wait time.Duration
}

// Captcha issues challenges and checks payloads. It stores no state of challenges and
// is safe for concurrent use.
type Captcha struct {
	keys    []key // [0] signs
	levels  []level
	share   *share.Share
	scratch sync.Pool // of *[MaxPayload]byte
}

// key is one secret with a derived key for each purpose. A tag for one purpose is never
// valid for the other.
type key struct {
	id        byte // names the key in a challenge, so that one HMAC is enough to refuse
	challenge *mac.Key
	solution  *mac.Key
}

// level is a Work that is ready for use.
type level struct {
	cost     uint32
	prefix   []byte
	counters uint64
}

// New returns a Captcha, or every mistake of the configuration.
func New(config Config) (*Captcha, error) {
	if config.Levels == nil {
		config.Levels = DefaultLevels()
	}
	if config.Wait == 0 {
		config.Wait = DefaultWait
	}
	if err := config.validate(); err != nil {
		return nil, err
	}
	c := &Captcha{share: share.New(config.Derivations, config.Wait)}
	c.scratch.New = func() any { return new([MaxPayload]byte) }
	c.keys = append(c.keys, newKey(config.Keys.Current))
	for _, secret := range config.Keys.Others {
		c.keys = append(c.keys, newKey(secret))
	}
	for _, w := range config.Levels {
		c.levels = append(c.levels, level{uint32(w.Cost), []byte(w.Prefix), uint64(w.Counters)})
	}
	return c, nil
}

func newKey(secret []byte) key {
	return key{
		id:        mac.Derive(secret, "palisade/pow/1 key id").Tag()[0],
		challenge: mac.Derive(secret, "palisade/pow/1 challenge"),
		solution:  mac.Derive(secret, "palisade/pow/1 solution"),
	}
}

func (c *Config) validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf("pow: "+format, args...)) }
	if n := len(c.Keys.Current); n < MinKey {
		add("Keys.Current has %d bytes; at least %d are needed", n, MinKey)
	}
	for i, k := range c.Keys.Others {
		if len(k) < MinKey {
			add("Keys.Others[%d] has %d bytes; at least %d are needed", i, len(k), MinKey)
		}
	}
	if n := len(c.Levels); n == 0 || n > 256 {
		add("Levels has %d entries; give 1 to 256", n)
	}
	for i, w := range c.Levels {
		if err := w.validate(); err != nil {
			add("Levels[%d]: %w", i, err)
		}
	}
	if c.Derivations < 0 {
		add("Derivations is negative")
	}
	if c.Wait < 0 {
		add("Wait is negative")
	}
	return errors.Join(errs...)
}

func (w Work) validate() error {
	var errs []error
	if w.Cost < 1 || w.Cost > MaxCost {
		errs = append(errs, fmt.Errorf("Cost is %d; give 1 to %d", w.Cost, MaxCost))
	}
	switch {
	case w.Prefix != "" && w.Counters != 0:
		errs = append(errs, errors.New("Prefix and Counters exclude each other"))
	case w.Prefix == "" && w.Counters == 0:
		errs = append(errs, errors.New("set Prefix or Counters: without either it asks no work"))
	case w.Counters < 0 || w.Counters > MaxCounters:
		errs = append(errs, fmt.Errorf("Counters is %d; give 1 to %d", w.Counters, MaxCounters))
	case len(w.Prefix) > MaxPrefix || !isHex(w.Prefix):
		errs = append(errs, fmt.Errorf("Prefix %q is not 1 to %d lower-case hex characters", w.Prefix, MaxPrefix))
	}
	return errors.Join(errs...)
}
