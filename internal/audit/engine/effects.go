package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errOracle is wrapped by what went wrong with the oracle.
var errOracle = errors.New("the effect cannot be seen")

// Effects counts how often the app did what the form is for.
type Effects struct {
	oracle Oracle
	settle time.Duration // until an effect is seen
}

// ReadsBack reports whether the oracle counts only the canaries that it is asked for.
func (e *Effects) ReadsBack() bool {
	o, ok := e.oracle.(*urlOracle)
	return ok && o.canary
}

// Mark returns the count before a submission, for Since.
func (e *Effects) Mark(ctx context.Context) (int, error) {
	if e.ReadsBack() {
		return 0, nil // what is unique needs no comparison
	}
	n, err := e.oracle.Count(ctx, nil)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", errOracle, err)
	}
	return n, err
}

// Since waits until effects can be seen, and returns how many there were after the count
// before. With patience, Since looks again until there is an effect.
func (e *Effects) Since(ctx context.Context, before int, canaries []string, patience time.Duration) (int, error) {
	deadline := time.Now().Add(patience)
	if err := Sleep(ctx, e.settle); err != nil {
		return 0, err
	}
	for pause := 50 * time.Millisecond; ; pause *= 2 {
		n, err := e.oracle.Count(ctx, canaries)
		if err != nil {
			if ctx.Err() == nil {
				err = fmt.Errorf("%w: %w", errOracle, err)
			}
			return 0, err
		}
		if n-before != 0 || time.Now().Add(pause).After(deadline) {
			return n - before, nil
		}
		if err := Sleep(ctx, pause); err != nil {
			return 0, err
		}
	}
}

// alone makes sure that nothing happens while nothing is sent: what others do in the
// meantime would be taken for the effect of a probe.
func (e *Effects) alone(ctx context.Context, watch time.Duration) error {
	if e.ReadsBack() {
		return nil // it tells one's own from others'
	}
	before, err := e.Mark(ctx)
	if err == nil {
		var n int
		if n, err = e.Since(ctx, before, nil, watch); err == nil && n != 0 {
			return fmt.Errorf("the effects rose by %d while nothing was sent: the app must be this audit's alone", n)
		}
	}
	return err
}
