package store

import "errors"

// ErrFull is returned when a claim could only be stored by forgetting another
// one that is still live.
var ErrFull = errors.New("store: full of live claims")

// ErrInvalidTrip is returned for a trip that cannot be served: a take with no
// positive Every or Burst or with a negative Cost, a key twice among the takes or
// among the claims of a pool, an unknown pool, no Now where one is required, and
// what goes beyond the bounds of the store.
var ErrInvalidTrip = errors.New("store: invalid trip")
