package gateway

import (
	"slices"
	"sync"
	"time"
)

// heard is what the app has said lately, oldest first. It is bounded, because whoever makes
// the app speak decides how much it says.
type heard struct {
	mu   sync.Mutex
	said []said
}

type said struct {
	text        string
	credentials bool // of an origin: the app allows them
	until       time.Time
}

// note remembers one thing more, and forgets the oldest of more than most.
func (h *heard) note(one said, most int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = slices.DeleteFunc(h.said, func(old said) bool { return old.text == one.text })
	if len(h.said) >= most {
		h.said = slices.Delete(h.said, 0, 1)
	}
	h.said = append(h.said, one)
}

// lately returns what still holds.
func (h *heard) lately(now time.Time) (list []said) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, one := range h.said {
		if now.Before(one.until) {
			list = append(list, one)
		}
	}
	return list
}
