package pow

import (
	"bytes"
	"context"
	"crypto/subtle"
	"time"
)

// Reason is a stable code for why a payload was refused; it is empty when there
// is none.
type Reason string

// Reasons of a refusal. The first four need no key; from ReasonLevel on the
// challenge is known to be ours and for this binding.
const (
	ReasonMissing   Reason = "missing"   // no payload
	ReasonOversize  Reason = "oversize"  // longer than MaxPayload
	ReasonMalformed Reason = "malformed" // not a payload in its one shape
	ReasonTestMode  Reason = "test-mode" // sent by a widget in test mode
	ReasonForged    Reason = "forged"    // not signed by a live key for this binding
	ReasonLevel     Reason = "level"     // a level that is not configured
	ReasonExpired   Reason = "expired"   // Expires has come
	ReasonFuture    Reason = "future"    // issued later than now, beyond clock skew
	ReasonUnsolved  Reason = "unsolved"  // the key does not begin with the prefix
	ReasonWrongKey  Reason = "wrong-key" // not the solution of a picked counter
)

// ClockSkew is how far ahead the clock of another process with our keys may be.
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

// Valid reports whether the proof comes from a Check without a reason. It is not
// yet proven: that takes [Captcha.Derive], or Derived.
func (p Proof) Valid() bool { return p.valid }

// Level returns the level the challenge was issued at.
func (p Proof) Level() uint8 { return p.salt[0] }

// ID names the issued challenge: 128 random bits, covered by the signature.
// Claim it once it is derived: what made-up proofs could claim would be full for
// people too.
func (p Proof) ID() [16]byte { return p.nonce }

// Issued returns when the challenge was issued, to the millisecond.
func (p Proof) Issued() time.Time {
	t := terms{salt: p.salt}
	return t.issued()
}

// Expires returns when the challenge ends; a claim must be remembered so long.
func (p Proof) Expires() time.Time { return time.Unix(p.expires, 0) }

// Derived reports whether the work is proven already and [Captcha.Derive] has
// nothing left to do.
func (p Proof) Derived() bool { return p.valid && p.proven }

// Check looks at everything about a payload that costs next to nothing: size,
// shape, signature and binding, level, time, and whether the key that it claims
// has the prefix. The proof is good as far as that goes when the reason is
// empty, and the zero Proof otherwise.
//
// Then call [Captcha.Derive], within a budget of the sender's network, since a made-up
// proof costs us as much as a real one; then claim [Proof.ID]: in this order.
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

// CheckJSON is Check for a payload whose base64 was undone already.
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

// signer returns the key that signed p for binding, or nil. Two keys may share
// an id, so each one that fits is tried.
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

// judge weighs what is known to be ours.
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

// Derive reports whether the proof is one: whether its counter gives its key.
// That is the one costly step, so it runs in a bounded share of the processor
// (Config.Derivations); an error, [ErrBusy] or that of ctx, means that it could
// not run. A proof that is Derived already costs nothing, an invalid one is
// never true.
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

// derive takes arrays, so that only what derives pays for what escapes.
func (c *Captcha) derive(ctx context.Context, nonce [nonceSize]byte, salt [saltSize]byte, cost, counter uint32) (derived []byte, err error) {
	busy := c.share.Do(ctx, func() {
		derived, err = derive(nonce[:], salt[:], int(cost), counter)
	})
	if busy != nil {
		return nil, busy
	}
	return derived, err
}
