package pow

import (
	"bytes"
	"context"
	"crypto/subtle"
	"time"
)

// Reason is a stable code for the reason of a refusal. It is empty if there is
// no refusal.
type Reason string

// Reasons of a refusal. The first four need no key. From ReasonLevel on, the
// challenge is known to be ours and for this binding.
const (
	ReasonMissing   Reason = "missing"   // no payload
	ReasonOversize  Reason = "oversize"  // longer than MaxPayload
	ReasonMalformed Reason = "malformed" // not a payload in the one valid form
	ReasonTestMode  Reason = "test-mode" // sent by a widget in test mode
	ReasonForged    Reason = "forged"    // not signed by a live key for this binding
	ReasonLevel     Reason = "level"     // a level that is not configured
	ReasonExpired   Reason = "expired"   // Expires has passed
	ReasonFuture    Reason = "future"    // issued later than now, beyond clock skew
	ReasonUnsolved  Reason = "unsolved"  // the key does not begin with the prefix
	ReasonWrongKey  Reason = "wrong-key" // not the solution of a picked counter
)

// ClockSkew is the maximum lead of the clock of another process with our keys.
const ClockSkew = 5 * time.Second

// Proof is a payload that passed [Captcha.Check]. The zero value is invalid.
type Proof struct {
	valid   bool
	proven  bool
	nonce   [nonceSize]byte
	salt    [saltSize]byte
	derived [keySize]byte
	cost    uint32
	counter uint32
	expires int64
}

// Valid reports whether the proof comes from a Check without a reason. The work is not
// yet proven: see [Captcha.Derive] and Derived.
func (p Proof) Valid() bool { return p.valid }

// Level returns the level the challenge was issued at.
func (p Proof) Level() uint8 { return p.salt[0] }

// ID identifies the issued challenge: 128 random bits, covered by the signature.
// Claim it after deriving: made-up proofs must not fill the store, because people need
// it.
func (p Proof) ID() [16]byte { return p.nonce }

// Issued returns when the challenge was issued, to the millisecond.
func (p Proof) Issued() time.Time {
	t := terms{salt: p.salt}
	return t.issued()
}

// Expires returns when the challenge ends; a claim must be remembered until then.
func (p Proof) Expires() time.Time { return time.Unix(p.expires, 0) }

// Derived reports whether the work is already proven, so that [Captcha.Derive] has
// nothing to do.
func (p Proof) Derived() bool { return p.valid && p.proven }

// Check checks everything about a payload that costs next to nothing: size, shape,
// signature and binding, level, time, and whether the key in it has the prefix. If the
// reason is empty, the proof has passed these checks. Otherwise it is the zero Proof.
//
// Then call [Captcha.Derive], within a budget of the sender's network, because a made-up
// proof costs us as much as a real one. After that, claim [Proof.ID]. Keep this order.
func (c *Captcha) Check(text string, binding []byte, now time.Time) (Proof, Reason) {
	switch {
	case text == "":
		return Proof{}, ReasonMissing
	case len(text) > MaxPayload:
		return Proof{}, ReasonOversize
	}
	buf := c.scratch.Get().(*[MaxPayload]byte)
	defer c.scratch.Put(buf)
	raw, ok := decode(buf[:], text)
	if !ok {
		return Proof{}, ReasonMalformed
	}
	return c.CheckJSON(raw, binding, now)
}

// CheckJSON is Check for a payload whose base64 is already decoded.
func (c *Captcha) CheckJSON(raw, binding []byte, now time.Time) (Proof, Reason) {
	if len(raw) > MaxPayload {
		return Proof{}, ReasonOversize
	}
	if string(raw) == testMode {
		return Proof{}, ReasonTestMode
	}
	var p payload
	if !p.parse(raw) {
		return Proof{}, ReasonMalformed
	}
	signer := c.signer(&p, binding)
	if signer == nil {
		return Proof{}, ReasonForged
	}
	if why := c.judge(&p, signer, now); why != "" {
		return Proof{}, why
	}
	return Proof{
		valid: true, proven: p.picked,
		nonce: p.nonce, salt: p.salt, derived: p.derived,
		cost: p.cost, counter: p.counter, expires: p.expires,
	}, ""
}

// signer returns the key that signed p for binding, or nil. Two keys may have the same
// id, so signer tries each one with that id.
func (c *Captcha) signer(p *payload, binding []byte) *key {
	if len(binding) > MaxBinding {
		return nil
	}
	for i := range c.keys {
		k := &c.keys[i]
		if k.id == p.keyID() && k.tag(&p.terms, binding).Equal(p.signature) {
			return k
		}
	}
	return nil
}

// judge checks a challenge that is known to be ours.
func (c *Captcha) judge(p *payload, signer *key, now time.Time) Reason {
	switch {
	case int(p.level()) >= len(c.levels):
		return ReasonLevel
	case !now.Before(time.Unix(p.expires, 0)):
		return ReasonExpired
	case p.issued().After(now.Add(ClockSkew)):
		return ReasonFuture
	case !bytes.HasPrefix(p.keyText, p.prefix):
		return ReasonUnsolved
	case p.picked && !signer.solutionTag(&p.terms, p.counter, p.derived[:]).Equal(p.keySignature):
		return ReasonWrongKey
	}
	return ""
}

// Derive reports whether the counter of the proof gives its key. This is the one costly
// step, so it runs in a bounded share of the processor (Config.Derivations). An error,
// [ErrBusy] or that of ctx, means that it could not run. For a proof that is already
// Derived it costs nothing; for an invalid one it returns false.
func (c *Captcha) Derive(ctx context.Context, p Proof) (bool, error) {
	if !p.valid || p.proven {
		return p.Derived(), nil
	}
	derived, err := c.derive(ctx, p.nonce, p.salt, p.cost, p.counter)
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(derived, p.derived[:]) == 1, nil
}

// derive takes arrays, so that only calls that derive pay for the escaping values.
func (c *Captcha) derive(ctx context.Context, nonce [nonceSize]byte, salt [saltSize]byte, cost, counter uint32) (derived []byte, err error) {
	busy := c.share.Do(ctx, func() {
		derived, err = derive(nonce[:], salt[:], int(cost), counter)
	})
	if busy != nil {
		return nil, busy
	}
	return derived, err
}
