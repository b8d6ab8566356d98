package store

import "errors"

// ErrFull is returned if a claim could only be stored by removing another live
// claim.
var ErrFull = errors.New("store: full of live claims")

// ErrInvalidTrip is returned for an invalid trip: a take with no positive Every or Burst
// or with a negative Cost, a key that occurs twice among the takes or among the claims of
// a pool, an unknown pool, a missing Now that is required, and values beyond the bounds
// of the store.
var ErrInvalidTrip = errors.New("store: invalid trip")
