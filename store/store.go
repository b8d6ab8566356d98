// Package store is the interface between the judgement and its shared memory.
//
// A [Store] remembers two things: the tickets and proofs that were used ([Claim]), and
// how often a key acted recently ([Take]). All requests of one decision to the store are
// in one [Trip]. A trip is atomic: either every claim is the first and every take is
// granted, or nothing is spent.
// The package memory is the default. A new store is one folder whose test calls
// storetest.Run and storetest.RunConcurrency; those check the laws written here.
package store

import (
	"context"
	"time"
)

// Key identifies one thing to remember. It is a keyed hash made by the caller, never
// clear text: a leak of the store must not reveal addresses or e-mail addresses.
type Key [16]byte

// Pool separates claims that were verified before they were stored from other claims.
// So unverified bytes cannot fill the memory of verified ones.
type Pool uint8

const (
	// Signed holds claims for things with our own signature.
	Signed Pool = iota
	// Unverified holds third-party tokens that have not been verified yet.
	Unverified
)

// Claim uses something once: a ticket, a proof, a provider's token.
type Claim struct {
	Key  Key
	Pool Pool
	// Issued is when the claimed thing was made. If it was made before the store's
	// memory began, the store cannot know whether it was used before and answers
	// Forgotten. The zero time means that the time is unknown and is not
	// checked.
	Issued time.Time
	// Expires is until when the claim must be remembered. A claim that has already
	// expired at Trip.Now is answered Forgotten, because the store may have removed an
	// earlier one. A store may bound how far ahead Expires is.
	Expires time.Time
}

// Take requests permits of a rate limit. The limit is GCRA: Burst permits at once, and
// one more in each Every. It needs no set-up; at the first Take a key has all permits.
type Take struct {
	Key   Key
	Every time.Duration // one permit is regained each Every; must be positive
	Burst int           // most permits at once; at least 1
	Cost  int           // permits taken; 0 means 1. More than Burst is never granted, also after Wait

	// Force makes the store grant the take without permits too: what it counts was used
	// already. Cost counts up to twice the Burst. After it a key owes at most three times
	// the Burst: what it owed before, up to one, and the Cost.
	Force bool

	// Back, if it is set, makes the take give back the permits that an earlier trip took at
	// this time. It is always granted. The permits that the key has regained since stay
	// regained and are not given twice: a key that takes and gives back never has more
	// permits than one that did neither. A key that owes nothing is not changed.
	Back time.Time
}

// Trip holds all requests of one decision to the store.
type Trip struct {
	// Now is the time of the attempt, read once by the caller; required. A store that
	// many processes share uses its own clock instead. Trips need not come in the order
	// of their times. A claim that was used by a trip's own Now must not be granted
	// because of the order.
	Now    time.Time
	Claims []Claim
	Takes  []Take
}

// Status is the result of a trip. The zero value is not an answer: treat it as a
// refusal.
type Status uint8

const (
	_ Status = iota
	// Granted: every claim was the first and every take was granted.
	Granted
	// Spent: Claims[Index] was claimed before.
	Spent
	// Forgotten: the store cannot know whether Claims[Index] was used, because it was
	// issued before the store's memory began or has expired.
	Forgotten
	// Limited: Takes[Index] has too few permits left; Wait is the time until it would have enough.
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

// Result is the answer to a trip. Claims are checked before takes, so a replay is
// reported as a replay even if its sender is over a limit.
type Result struct {
	Status Status
	Index  int           // which claim or take refused; 0 when granted
	Wait   time.Duration // Limited only: until the refused take could be granted
}

// Store is the shared memory. Spend performs a whole trip atomically: unless the result
// is Granted, nothing was claimed and no permit was taken. That holds for concurrent
// trips of all processes.
//
// A refusal is a Result. An error means that the store could not do its work
// (unreachable, full, the context ended); then the caller must not act as if
// the trip was granted. A store never removes a live claim to make room: it
// returns an error instead, ErrFull or one that wraps it.
//
// When Spend returns, the caller may reuse the slices of the trip.
type Store interface {
	Spend(ctx context.Context, trip Trip) (Result, error)
}
