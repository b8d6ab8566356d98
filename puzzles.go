package palisade

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/pow"
)

// puzzles are those that a network, and at last everybody, shares. Making one with a
// picked counter costs us a derivation. So the answers to refused submissions share
// one for some seconds, as most who are refused never look at it. And a network that
// has used up its budget is not refused, or one visitor could lock out the neighbours:
// its tickets share one, too. Our work stays bounded. What an attacker gains is that
// one solution serves several tickets, each of which still counts in every limit.
type puzzles struct {
	mu       sync.Mutex
	networks map[puzzleKey]*puzzle
	order    []puzzleKey // oldest first
	common   [topLevel + 1]*puzzle
	second   int64 // in which so many were made
	made     int
}

type puzzleKey struct {
	network netip.Addr
	level   uint8
}

type puzzle struct {
	*pow.Puzzle
	made time.Time
}

const (
	sharedLife     = 4 * time.Second // as long as a budget takes to give one back
	sharedNetworks = 4096            // that have a puzzle of their own; 300 bytes each
	sharedRate     = 64              // puzzles made in a second, which takes a twentieth of a processor
)

// shared returns a puzzle of a level for a network. Where so many are asked for that
// making them would cost us, or the processor's share for derivations is taken, it is
// the last one that was made, whoever it was made for.
func (p *puzzles) shared(ctx context.Context, c *pow.Captcha, addr netip.Addr, level uint8, now time.Time) (*pow.Puzzle, error) {
	key := puzzleKey{clientip.Network(addr).Addr(), level}
	p.mu.Lock()
	defer p.mu.Unlock() // so that a flood makes one, not one each
	if known := p.networks[key]; known.fresh(now) {
		return known.Puzzle, nil
	}
	common := p.common[level]
	if second := now.Unix(); p.second != second {
		p.second, p.made = second, 0
	}
	if p.made++; p.made > sharedRate && common.fresh(now) {
		return common.Puzzle, nil
	}
	if len(p.order) >= sharedNetworks {
		delete(p.networks, p.order[0])
		p.order = p.order[1:]
	}
	made, err := c.Pick(ctx, level, now)
	if err != nil {
		if common != nil {
			return common.Puzzle, nil
		}
		return nil, err
	}
	if p.networks == nil {
		p.networks = make(map[puzzleKey]*puzzle)
	}
	if p.networks[key] == nil {
		p.order = append(p.order, key)
	}
	p.networks[key] = &puzzle{made, now}
	p.common[level] = p.networks[key]
	return made, nil
}

// fresh allows for clocks that go back: what was made in the future is old.
func (p *puzzle) fresh(now time.Time) bool {
	return p != nil && now.Sub(p.made) < sharedLife && !p.made.After(now)
}
