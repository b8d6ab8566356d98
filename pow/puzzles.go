package pow

import (
	"context"
	"sync"
	"time"
)

// Puzzles are puzzles that the visitors of a network share, or all visitors. A puzzle with
// a picked counter costs us a derivation. The answers to refused submissions share one
// puzzle for some seconds, because most of them are never solved. A network that has used
// up its budget is not refused, because then one visitor could lock out the neighbours.
// Its challenges share one puzzle, too. So our work stays bounded. An attacker gains that
// one solution solves several challenges, but each of them still counts in every limit.
//
// The zero Puzzles is ready for use. It is safe for concurrent use.
type Puzzles struct {
	mu     sync.Mutex
	shared map[puzzleKey]*madePuzzle
	order  []puzzleKey // oldest first
	common map[uint8]*madePuzzle
	second int64 // the second in which they were made
	made   int
}

type puzzleKey struct {
	network [16]byte
	level   uint8
}

type madePuzzle struct {
	*Puzzle
	at time.Time
}

const (
	sharedLife = 4 * time.Second // the time in which a budget regains one
	sharedRate = 64              // puzzles made in a second, which takes a twentieth of a processor
)

// Shared returns a puzzle of a level for a network, under the caller's name for the
// network. It returns the newest puzzle of any network if more are requested than
// sharedRate allows, or if the processor's share for derivations is in use. Errors are
// those of [Captcha.Pick].
func (p *Puzzles) Shared(ctx context.Context, c *Captcha, network [16]byte, level uint8, now time.Time) (*Puzzle, error) {
	key := puzzleKey{network, level}
	p.mu.Lock()
	defer p.mu.Unlock() // so that a flood makes one puzzle, not one each
	if known := p.shared[key]; known.fresh(now) {
		return known.Puzzle, nil
	}
	common := p.common[level]
	if second := now.Unix(); p.second != second {
		p.second, p.made = second, 0
	}
	if p.made++; p.made > sharedRate && common.fresh(now) {
		return common.Puzzle, nil
	}
	made, err := c.Pick(ctx, level, now)
	switch {
	case err != nil && common != nil:
		return common.Puzzle, nil
	case err != nil:
		return nil, err
	}
	p.keep(key, &madePuzzle{made, now})
	return made, nil
}

// keep stores a puzzle and removes old ones, so sharedRate bounds their number.
func (p *Puzzles) keep(key puzzleKey, made *madePuzzle) {
	if p.shared == nil {
		p.shared, p.common = make(map[puzzleKey]*madePuzzle), make(map[uint8]*madePuzzle)
	}
	for len(p.order) > 0 && !p.shared[p.order[0]].fresh(made.at) {
		delete(p.shared, p.order[0])
		p.order = p.order[1:]
	}
	if p.shared[key] == nil {
		p.order = append(p.order, key)
	}
	p.shared[key], p.common[key.level] = made, made
}

// fresh allows for clocks that go back: a puzzle from the future counts as old.
func (p *madePuzzle) fresh(now time.Time) bool {
	return p != nil && now.Sub(p.at) < sharedLife && !p.at.After(now)
}
