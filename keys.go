package palisade

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"

	"github.com/palisade-dev/palisade/internal/mac"
	"github.com/palisade-dev/palisade/pow"
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

// keyring holds what is derived from Keys, one purpose a key.
type keyring struct {
	tickets []ticketKey   // [0] signs
	sealers []cipher.AEAD // of capsules; [0] seals
	lookup  *mac.Key      // names of rate limits and visitors in store and log
	proofs  pow.Keys
}

// ticketKey signs tickets; seed names their decoys.
type ticketKey struct {
	id   byte
	sign *mac.Key
	seed *mac.Key
}

// newKeyring derives every key apart by purpose and site, so that a value
// signed for one site means nothing on another even where secrets are shared.
func newKeyring(keys Keys, site string) keyring {
	ring := keyring{lookup: mac.Derive(keys.Current, "palisade/1 lookup "+site)}
	for i, secret := range [][]byte{keys.Current, keys.Next, keys.Previous} {
		if len(secret) == 0 {
			continue
		}
		ring.tickets = append(ring.tickets, ticketKey{
			id:   mac.Derive(secret, "palisade/1 key id "+site).Tag()[0],
			sign: mac.Derive(secret, "palisade/1 ticket "+site),
			seed: mac.Derive(secret, "palisade/1 decoy "+site),
		})
		ring.sealers = append(ring.sealers, newSealer(secret, site))
		proof := mac.Secret(secret, "palisade/1 proof "+site)
		if i == 0 {
			ring.proofs.Current = proof
		} else {
			ring.proofs.Others = append(ring.proofs.Others, proof)
		}
	}
	return ring
}
