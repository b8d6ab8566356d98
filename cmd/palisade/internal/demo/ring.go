package demo

import (
	"slices"
	"sync"

	"github.com/palisade-dev/palisade"
)

// ringSize is the number of decisions that are kept.
const ringSize = 100

// ring keeps the last decisions.
type ring struct {
	mu   sync.Mutex
	list []palisade.Decision // oldest first
}

func (r *ring) add(d palisade.Decision) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == ringSize {
		r.list = slices.Delete(r.list, 0, 1)
	}
	r.list = append(r.list, d)
}

// all returns the decisions, newest first; never nil, so that JSON has a list.
func (r *ring) all() []palisade.Decision {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := append([]palisade.Decision{}, r.list...)
	slices.Reverse(list)
	return list
}
