package store

import "errors"

// ErrFull is returned when a claim could only be stored by forgetting another
// one that is still live.
var ErrFull = errors.New("store: full of live claims")

// ErrInvalidTrip is returned for a trip that no store can serve: a take with no
// positive Every or Burst, the same key twice, an unknown pool.
var ErrInvalidTrip = errors.New("store: invalid trip")
