package pow

import (
	"context"

	"github.com/palisade-dev/palisade/internal/mac"
)

// SwapPurposes returns a Captcha with the same secrets that signs challenges
// with the key for solutions.
func SwapPurposes(c *Captcha) *Captcha {
	swapped := &Captcha{levels: c.levels, share: c.share}
	for _, k := range c.keys {
		swapped.keys = append(swapped.keys, key{id: k.id, challenge: k.solution, solution: k.challenge})
	}
	return swapped
}

// Occupy takes one place for derivations until release is called.
func Occupy(c *Captcha) (release func()) {
	taken, done := make(chan struct{}), make(chan struct{})
	go c.share.Do(context.Background(), func() { close(taken); <-done })
	<-taken
	return func() { close(done) }
}

// Parsed is the result of the payload parser.
type Parsed struct {
	Cost         uint32
	Expires      int64
	KeyPrefix    string
	KeySignature *mac.Tag
	Nonce, Salt  [16]byte
	Signature    mac.Tag
	Counter      uint32
	DerivedKey   [keySize]byte
}

// Parse runs the payload parser alone.
func Parse(text []byte) (Parsed, bool) {
	var p payload
	if !p.parse(text) {
		return Parsed{}, false
	}
	out := Parsed{
		Cost: p.cost, Expires: p.expires, KeyPrefix: string(p.prefix), Nonce: p.nonce, Salt: p.salt,
		Signature: p.signature, Counter: p.counter, DerivedKey: p.derived,
	}
	if p.picked {
		out.KeySignature = &p.keySignature
	}
	return out, true
}

// Kept returns the number of puzzles stored by network, and the number of their names.
func Kept(p *Puzzles) (shared, order int) { return len(p.shared), len(p.order) }
