package pow

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Challenge describes a new challenge.
type Challenge struct {
	// Binding names the only use of the challenge: site, form, ticket. It is signed but
	// not sent. The checker must build the same bytes. 1 to MaxBinding bytes.
	Binding []byte
	// Level selects the work, an index of Config.Levels.
	Level uint8
	// Issued is now; kept to the millisecond.
	Issued time.Time
	// Expires is when the challenge ends, a second to MaxLife after Issued. It is cut to
	// the second, because the widget knows only seconds.
	Expires time.Time
}

// Puzzle is the part of a challenge that must be solved. It is not bound to anything, so
// several challenges can share one. That saves the derivation of a picked counter. A
// client that gets several of these challenges solves them all with one solution. A
// Puzzle never changes.
type Puzzle struct{ terms terms }

// Pick makes a new puzzle of a level. A puzzle with a picked counter costs one
// derivation, from the same share as [Captcha.Derive]. So Pick can return [ErrBusy]; any
// other error is a mistake of the caller.
func (c *Captcha) Pick(ctx context.Context, level uint8, issued time.Time) (*Puzzle, error) {
	t, err := c.pick(ctx, level, issued)
	if err != nil {
		return nil, err
	}
	return &Puzzle{t}, nil
}

func (c *Captcha) pick(ctx context.Context, level uint8, issued time.Time) (t terms, err error) {
	if int(level) >= len(c.levels) {
		return t, fmt.Errorf("pow: Level is %d; there are %d", level, len(c.levels))
	}
	var random [nonceSize + 8 + 8]byte
	rand.Read(random[:]) // never fails
	work, signer := &c.levels[level], &c.keys[0]
	t = terms{cost: work.cost, prefix: work.prefix}
	copy(t.nonce[:], random[:])
	t.setSalt(level, signer.id, issued.UnixMilli(), random[nonceSize:])
	if work.counters == 0 {
		return t, nil
	}
	// 64 random bits modulo at most 2^20 are even enough.
	counter := uint32(binary.BigEndian.Uint64(random[nonceSize+8:]) % work.counters)
	derived, err := c.derive(ctx, t.nonce, t.salt, t.cost, counter)
	if err != nil {
		return t, err
	}
	t.picked, t.keySignature = true, signer.solutionTag(&t, counter, derived)
	t.prefix = hex.AppendEncode(nil, derived[:keySize/2])
	return t, nil
}

// AppendChallenge appends a new challenge as JSON for the altcha 3.2 widget and its
// worker. It stores nothing. Its cost and its errors are those of [Captcha.Pick]. After
// an error it returns dst unchanged.
func (c *Captcha) AppendChallenge(dst []byte, ch Challenge) ([]byte, error) {
	if err := c.validate(ch); err != nil {
		return dst, err
	}
	t, err := c.pick(context.Background(), ch.Level, ch.Issued)
	if err != nil {
		return dst, err
	}
	t.expires = ch.Expires.Unix()
	return appendJSON(dst, &t, &c.keys[0], ch.Binding), nil
}

// AppendPuzzle is AppendChallenge for an existing puzzle of the same level. It derives
// nothing.
func (c *Captcha) AppendPuzzle(dst []byte, ch Challenge, p *Puzzle) ([]byte, error) {
	if err := c.validate(ch); err != nil {
		return dst, err
	}
	t := p.terms
	if t.level() != ch.Level {
		return dst, fmt.Errorf("pow: the puzzle is of level %d, not %d", t.level(), ch.Level)
	}
	t.expires = ch.Expires.Unix()
	return appendJSON(dst, &t, &c.keys[0], ch.Binding), nil
}

func (c *Captcha) validate(ch Challenge) error {
	var errs []error
	if n := len(ch.Binding); n == 0 || n > MaxBinding {
		errs = append(errs, fmt.Errorf("pow: Binding has %d bytes; give 1 to %d", n, MaxBinding))
	}
	if int(ch.Level) >= len(c.levels) {
		errs = append(errs, fmt.Errorf("pow: Level is %d; there are %d", ch.Level, len(c.levels)))
	}
	if ms := ch.Issued.UnixMilli(); ms <= 0 || ms > maxMilli {
		errs = append(errs, errors.New("pow: Issued is not set"))
	}
	if life := ch.Expires.Sub(ch.Issued); ch.Expires.Unix() <= ch.Issued.Unix() || life > MaxLife {
		errs = append(errs, fmt.Errorf("pow: Expires must be a second to %v after Issued", MaxLife))
	}
	return errors.Join(errs...)
}

// appendJSON writes the members in the order of ALTCHA's own libraries.
func appendJSON(dst []byte, t *terms, signer *key, binding []byte) []byte {
	tag := signer.tag(t, binding)
	dst = append(dst, `{"parameters":{"algorithm":"`+algorithm+`","cost":`...)
	dst = strconv.AppendUint(dst, uint64(t.cost), 10)
	dst = append(dst, `,"expiresAt":`...)
	dst = strconv.AppendInt(dst, t.expires, 10)
	dst = append(dst, `,"keyLength":32,"keyPrefix":"`...)
	dst = append(dst, t.prefix...)
	if t.picked {
		dst = append(dst, `","keySignature":"`...)
		dst = hex.AppendEncode(dst, t.keySignature[:])
	}
	dst = append(dst, `","nonce":"`...)
	dst = hex.AppendEncode(dst, t.nonce[:])
	dst = append(dst, `","salt":"`...)
	dst = hex.AppendEncode(dst, t.salt[:])
	dst = append(dst, `"},"signature":"`...)
	dst = hex.AppendEncode(dst, tag[:])
	return append(dst, `"}`...)
}
