// Package ticket holds the signed ticket of a form, the capsule that seals a submission
// into the challenge page, and the keys of both.
package ticket

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"time"

	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/internal/mac"
	"github.com/palisade-dev/palisade/store"
)

// Ticket is minted when a form is shown and comes back with the submission. It is
// stateless: everything it says stands in it, under our signature.
//
//	0      version
//	1      key id
//	2      flags
//	3      rung
//	4      kind
//	5      carry
//	6..11  issued, milliseconds
//	12..23 nonce
//	24..31 form
//	32..39 network tag
//	40..41 user-agent tag
//	42..57 HMAC-SHA-256 of the above, cut to 128 bits
//
// base64url without padding makes 78 characters of it.
type Ticket struct {
	Flags   Flags
	Rung    challenge.Rung // that an answer must open
	Kind    challenge.ID   // of challenge that the page asked for
	Carry   uint8          // how often a visible solve was carried to get here
	Issued  time.Time
	Nonce   [NonceSize]byte
	Form    Form
	Network Network // that fetched it: its limits count too; a change is evidence, never a condition
	Agent   Agent   // soft, but a carry needs it unchanged

	signer *key
}

// Flags are the yes-or-no statements of a ticket.
type Flags uint8

const (
	Decoys     Flags = 1 << iota // the decoys were shown with it
	Retry                        // the form was filled before
	Shared                       // its puzzle is that of its network
	Challenged                   // minted for a challenge
	Script                       // for a script: no decoys were shown, and it counts in the header alone
	Page                         // it opens nothing: it says when a page was loaded, and by which browser
	Session                      // it is a session's, and counts in its cookie alone
)

const (
	version = 3

	// NonceSize is the length of a nonce in bytes.
	NonceSize = 12
	formSize  = 8
	bodySize  = 42
	size      = bodySize + mac.Size
	chars     = (size*8 + 5) / 6
)

// Form is the name of a form as its tickets hold it.
type Form [formSize]byte

// FormOf returns the tag of a form's name.
func FormOf(name string) (f Form) {
	sum := sha256.Sum256([]byte("palisade form " + name))
	copy(f[:], sum[:])
	return f
}

// Network stands for a network, /24 of IPv4 and /48 of IPv6: a keyed hash, long enough
// that no two networks share a limit by chance or by search.
type Network [8]byte

// Agent stands for a user agent: enough to notice a change, too little to tell one visitor
// from another.
type Agent [2]byte

// AgentOf returns the tag of the user agent that sent a request.
func AgentOf(h http.Header) Agent {
	text := ""
	if lines := h["User-Agent"]; len(lines) > 0 {
		text = lines[0]
	}
	hash := uint32(2166136261) // FNV-1a, folded
	for i := range len(text) {
		hash = (hash ^ uint32(text[i])) * 16777619
	}
	hash ^= hash >> 16
	return Agent{byte(hash >> 8), byte(hash)}
}

var encoding = base64.RawURLEncoding.Strict()

// Has reports whether the ticket has a flag.
func (t *Ticket) Has(f Flags) bool { return t.Flags&f != 0 }

// Binding returns the associated data of a proof: the form and this one ticket. The name
// of the site is in the key.
func (t *Ticket) Binding() (b [formSize + NonceSize]byte) {
	copy(b[:], t.Form[:])
	copy(b[formSize:], t.Nonce[:])
	return b
}

// Key names the ticket in the store. The nonce is random, so it needs no hash.
func (t *Ticket) Key() (key store.Key) {
	copy(key[:], t.Nonce[:])
	copy(key[NonceSize:], "tick")
	return key
}

// DecoySeed names the decoys of the ticket.
func (t *Ticket) DecoySeed() [16]byte { return t.signer.seed.Tag(t.Nonce[:]) }

// Seed is a secret of this ticket for one purpose.
func (t *Ticket) Seed(purpose string) [16]byte {
	return t.signer.seed.TagString(purpose+"\x00", string(t.Nonce[:]))
}

// Mint completes a ticket: a fresh nonce, and the key that signs it. The nonce comes from
// the operating system's generator, which cannot fail (crypto/rand.Read never returns an
// error).
func (k *Keyring) Mint(t *Ticket) {
	t.signer = &k.keys[0]
	rand.Read(t.Nonce[:])
}

// Append appends the signed text of a ticket.
func (k *Keyring) Append(dst []byte, t *Ticket) []byte {
	var raw [size]byte
	signer := &k.keys[0]
	raw[0], raw[1], raw[2], raw[3], raw[4], raw[5] = version, signer.id, byte(t.Flags), byte(t.Rung), byte(t.Kind), t.Carry
	putMilli(raw[6:12], t.Issued)
	copy(raw[12:24], t.Nonce[:])
	copy(raw[24:32], t.Form[:])
	copy(raw[32:40], t.Network[:])
	copy(raw[40:42], t.Agent[:])
	tag := signer.sign.Tag(raw[:bodySize])
	copy(raw[bodySize:], tag[:])
	return encoding.AppendEncode(dst, raw[:])
}

// Parse returns the ticket in text. ok is false where nothing in it may be believed.
func (k *Keyring) Parse(text string) (t Ticket, ok bool) {
	var raw [size]byte
	if len(text) != chars {
		return t, false
	}
	var buf [chars]byte
	copy(buf[:], text)
	if n, err := encoding.Decode(raw[:], buf[:]); err != nil || n != size || raw[0] != version {
		return t, false
	}
	if t.signer = k.verify(&raw); t.signer == nil {
		return t, false
	}
	t.Flags, t.Rung, t.Kind, t.Carry = Flags(raw[2]), challenge.Rung(raw[3]), challenge.ID(raw[4]), raw[5]
	t.Issued = getMilli(raw[6:12])
	copy(t.Nonce[:], raw[12:24])
	copy(t.Form[:], raw[24:32])
	copy(t.Network[:], raw[32:40])
	copy(t.Agent[:], raw[40:42])
	return t, true
}

// verify finds the key that signed raw. Two keys may share an id, so each one that fits
// is tried.
func (k *Keyring) verify(raw *[size]byte) *key {
	for i := range k.keys {
		key := &k.keys[i]
		if key.id == raw[1] && key.sign.Tag(raw[:bodySize]).Equal(mac.Tag(raw[bodySize:])) {
			return key
		}
	}
	return nil
}

func putMilli(dst []byte, t time.Time) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(t.UnixMilli()))
	copy(dst, b[2:])
}

func getMilli(src []byte) time.Time {
	var b [8]byte
	copy(b[2:], src)
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b[:])))
}
