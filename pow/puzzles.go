package pow

import (
	"context"
	"sync"
	"time"
)

// Puzzles are those that a network, and at last everybody, shares. Making one with a
// picked counter costs us a derivation. So the answers to refused submissions share
// one for some seconds, as most who are refused never look at it. And a network that
// has used up its budget is not refused, or one visitor could lock out the neighbours:
// its challenges share one, too. Our work stays bounded. What an attacker gains is that
// one solution serves several challenges, each of which still counts in every limit.
//
// The zero Puzzles is ready. It is safe for concurrent use.
type Puzzles struct {
	mu     sync.Mutex
	shared map[puzzleKey]*madePuzzle
	order  []puzzleKey // oldest first
	common map[uint8]*madePuzzle
	second int64 // in which so many were made
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
	sharedLife = 4 * time.Second // as long as a budget takes to give one back
	sharedRate = 64              // puzzles made in a second, which takes a twentieth of a processor
)

// Shared returns a puzzle of a level for a network, by whatever name the caller gives
// it. Where so many are asked for that making them would cost us, or the processor's
// share for derivations is taken, it is the last one that was made, whoever it was made
// for. Errors are those of [Captcha.Pick].
func (p *Puzzles) Shared(ctx context.Context, c *Captcha, network [16]byte, level uint8, now time.Time) (*Puzzle, error) {
	key := puzzleKey{network, level}
	p.mu.Lock()
	defer p.mu.Unlock() // so that a flood makes one, not one each
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

// keep forgets what has grown old, so what sharedRate allows is all that it holds.
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

// fresh allows for clocks that go back: what was made in the future is old.
func (p *madePuzzle) fresh(now time.Time) bool {
	return p != nil && now.Sub(p.at) < sharedLife && !p.at.After(now)
}
