// Package mac makes HMAC-SHA-256 tags without allocating.
//
// A keyed hash costs more to set up than to run, so the states of one key are
// pooled and reset. All of Palisade's signatures and keyed hashes use this package. A key
// serves one purpose only, see [Derive].
package mac

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"hash"
	"net/netip"
	"sync"
)

// Size is the length of a tag in bytes. An online attacker cannot forge 128 bits.
const Size = 16

// Tag is a truncated HMAC-SHA-256.
type Tag [Size]byte

// Equal compares two tags in constant time.
func (t Tag) Equal(other Tag) bool {
	return subtle.ConstantTimeCompare(t[:], other[:]) == 1
}

// Key makes tags under one secret. It is safe for concurrent use.
type Key struct {
	states sync.Pool // of *state
}

type state struct {
	hash hash.Hash
	buf  []byte // the message; kept here so that it does not escape per call
	sum  [sha256.Size]byte
}

// New returns a Key for a secret.
func New(secret []byte) *Key {
	k := &Key{}
	k.states.New = func() any {
		return &state{hash: hmac.New(sha256.New, secret), buf: make([]byte, 0, 128)}
	}
	return k
}

// Derive returns the key for one purpose (HKDF-SHA-256, RFC 5869). So a tag for one
// purpose is never valid for another.
func Derive(master []byte, purpose string) *Key {
	return New(Secret(master, purpose))
}

// Secret returns the 32 bytes that [Derive] uses, for code that makes its own key.
func Secret(master []byte, purpose string) []byte {
	secret, err := hkdf.Key(sha256.New, master, nil, purpose, sha256.Size)
	if err != nil {
		panic("mac: " + err.Error()) // only for lengths over 8160 bytes
	}
	return secret
}

// Tag returns the tag of the concatenated parts. Callers that join parts of
// variable length put a separator or a length between them.
func (k *Key) Tag(parts ...[]byte) Tag {
	s := k.states.Get().(*state)
	defer k.states.Put(s)
	s.buf = s.buf[:0]
	for _, p := range parts {
		s.buf = append(s.buf, p...)
	}
	return s.finish()
}

// TagString is Tag for a prefix and one string.
func (k *Key) TagString(prefix, text string) Tag {
	s := k.states.Get().(*state)
	defer k.states.Put(s)
	s.buf = append(append(s.buf[:0], prefix...), text...)
	return s.finish()
}

// TagAddr is Tag for a prefix and an address, in its 16-byte form.
func (k *Key) TagAddr(prefix string, addr netip.Addr) Tag {
	s := k.states.Get().(*state)
	defer k.states.Put(s)
	raw := addr.As16()
	s.buf = append(append(s.buf[:0], prefix...), raw[:]...)
	return s.finish()
}

func (s *state) finish() (t Tag) {
	s.hash.Reset()
	s.hash.Write(s.buf)
	copy(t[:], s.hash.Sum(s.sum[:0]))
	return t
}
