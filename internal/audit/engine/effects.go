package engine

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errOracle wraps every error of the oracle.
var errOracle = errors.New("the effect cannot be seen")

// Effects counts the effects in the app, such as new accounts.
type Effects struct {
	oracle Oracle
	settle time.Duration // time until an effect shows
}

// ReadsBack reports whether the oracle counts only the effects of given canaries.
func (e *Effects) ReadsBack() bool {
	o, ok := e.oracle.(*urlOracle)
	return ok && o.canary
}

// Mark returns the count before a submission, for Since.
func (e *Effects) Mark(ctx context.Context) (int, error) {
	if e.ReadsBack() {
		return 0, nil // a unique canary needs no earlier count
	}
	n, err := e.oracle.Count(ctx, nil)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", errOracle, err)
	}
	return n, err
}

// Since waits until effects can be seen, and returns how many there were after the earlier
// count. With patience, Since looks again until there is an effect.
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

// alone makes sure that nothing happens while the audit sends nothing. Otherwise the audit
// would take the effects of other users for the effects of a probe.
func (e *Effects) alone(ctx context.Context, watch time.Duration) error {
	if e.ReadsBack() {
		return nil // this oracle tells our effects from those of others
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
