// Package store is the seam between the judgement and its shared memory.
//
// A [Store] remembers two things: which tickets and proofs were used ([Claim]),
// and how often a key acted lately ([Take]). Everything one decision asks of it
// goes in one [Trip], and a trip is one atomic act: every claim is first and
// every take is granted, or nothing at all is spent.
//
// The package memory is the default. A new store is one folder whose test calls
// storetest.Run and storetest.RunConcurrency; those hold the laws written here.
package store

import (
	"context"
	"time"
)

// Key names one thing to remember. It is a keyed hash made by the caller, never
// clear text: a store that leaks must not leak addresses or e-mail addresses.
type Key [16]byte

// Pool separates claims that were checked before they were stored from claims
// that were not, so that bytes nobody vouches for cannot fill the memory of
// those that somebody does.
type Pool uint8

const (
	// Signed holds claims whose bytes carried our own signature.
	Signed Pool = iota
	// Unverified holds third-party tokens that nobody has checked yet.
	Unverified
)

// Claim uses something once: a ticket, a proof, a provider's token.
type Claim struct {
	Key  Key
	Pool Pool
	// Issued is when the claimed thing was made. A store that cannot know
	// whether the thing was used before (it was made before the store's memory
	// begins) answers Forgotten. The zero time means that the maker is unknown
	// and the check is left out.
	Issued time.Time
	// Expires is until when the claim must be remembered. A claim that has
	// already expired at Trip.Now is answered Forgotten: the store may have let
	// go of an earlier one. A store may bound how far ahead it lies.
	Expires time.Time
}

// Take asks a rate limit for permits. The limit is GCRA: Burst permits at once,
// one more every Every. It needs no set-up; the first Take of a key starts full.
type Take struct {
	Key   Key
	Every time.Duration // one permit is regained each Every; must be positive
	Burst int           // most permits at once; at least 1
	Cost  int           // permits taken; 0 means 1. More than Burst is never granted, whatever Wait says
}

// Trip is everything one decision asks of the store.
type Trip struct {
	// Now is the time of the attempt, read once by the caller; required. A store
	// that many processes share uses its own clock instead. Trips need not come
	// in the order of their times, and none may be granted for that reason what
	// was used by the time of its own Now.
	Now    time.Time
	Claims []Claim
	Takes  []Take
}

// Status says how a trip ended. The zero value is not an answer: treat it as a
// refusal.
type Status uint8

const (
	_ Status = iota
	// Granted: every claim was first and every take was granted.
	Granted
	// Spent: Claims[Index] was claimed before.
	Spent
	// Forgotten: whether Claims[Index] was used cannot be known, because it was
	// issued before the store's memory began or has expired.
	Forgotten
	// Limited: Takes[Index] has no permits left; Wait says when it would.
	Limited
)

var statusNames = [...]string{"none", "granted", "spent", "forgotten", "limited"}

// String returns the name of a status in lower case.
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "invalid"
}

// Result is the answer to a trip. Claims are looked at before takes, so a
// replay is told as a replay even when its sender is over a limit.
type Result struct {
	Status Status
	Index  int           // which claim or take refused; 0 when granted
	Wait   time.Duration // Limited only: until the refused take could be granted
}

// Store is the shared memory. Spend performs a whole trip atomically: unless
// the result is Granted, nothing was claimed and no permit was taken, whatever
// else runs at the same time in whatever process.
//
// A refusal is a Result. An error means that the store could not do its work
// (out of reach, full, the context ended); the caller must then not act as if
// the trip was granted. A store never forgets a live claim to make room: it
// returns an error instead, ErrFull or one that wraps it.
//
// The slices of a trip belong to the caller again when Spend returns.
type Store interface {
	Spend(ctx context.Context, trip Trip) (Result, error)
}
