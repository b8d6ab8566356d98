package pow

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/palisade-dev/palisade/internal/mac"
)

const (
	algorithm = "PBKDF2/SHA-256"
	keySize   = 32 // keyLength; WebCrypto supports only 16 or 32
	saltSize  = 16
	nonceSize = 16
)

// terms are the content of a challenge. The signature covers their values, not the JSON
// text. So a client may encode them again in any order and spacing, and two parsers
// cannot disagree about a raw text.
//
// Level, key and time of issue are part of the salt, because PBKDF2 requires only that
// salts differ:
//
//	0     level
//	1     key id
//	2..7  issued, Unix milliseconds
//	8..15 random
type terms struct {
	nonce        [nonceSize]byte // random; also the ID of the challenge
	salt         [saltSize]byte
	cost         uint32
	expires      int64  // Unix seconds, as the widget reads them
	prefix       []byte // hex text; in the picked-counter mode the first half of the key
	picked       bool
	keySignature mac.Tag // picked-counter mode only
}

const maxMilli = 1<<48 - 1

func (t *terms) setSalt(level uint8, keyID byte, issued int64, random []byte) {
	binary.BigEndian.PutUint64(t.salt[:], uint64(issued))
	t.salt[0], t.salt[1] = level, keyID
	copy(t.salt[8:], random)
}

func (t *terms) level() uint8 { return t.salt[0] }
func (t *terms) keyID() byte  { return t.salt[1] }

func (t *terms) issued() time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(t.salt[:]) & maxMilli))
}

// tag signs the terms for one binding. Every part has a fixed length or its length in
// front, so no two challenges have the same message.
func (k *key) tag(t *terms, binding []byte) mac.Tag {
	var buf [2 + nonceSize + saltSize + 4 + 8 + 1 + 2*keySize + 1 + mac.Size]byte
	b := binary.BigEndian.AppendUint16(buf[:0], uint16(len(binding)))
	size := len(b)
	b = append(b, t.nonce[:]...)
	b = append(b, t.salt[:]...)
	b = binary.BigEndian.AppendUint32(b, t.cost)
	b = binary.BigEndian.AppendUint64(b, uint64(t.expires))
	b = append(append(b, byte(len(t.prefix))), t.prefix...)
	if t.picked {
		b = append(append(b, 1), t.keySignature[:]...)
	}
	return k.challenge.Tag(b[:size], binding, b[size:])
}

// solutionTag signs the one solution of a challenge with a picked counter.
func (k *key) solutionTag(t *terms, counter uint32, derived []byte) mac.Tag {
	var buf [nonceSize + 4 + keySize]byte
	b := append(password(buf[:0], t.nonce[:], counter), derived...)
	return k.solution.Tag(b)
}

// password returns the password of a guess.
func password(dst, nonce []byte, counter uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, nonce...), counter)
}

// derive makes one guess. It fails only if a policy forbids PBKDF2, as in a
// FIPS-only build.
func derive(nonce, salt []byte, cost int, counter uint32) ([]byte, error) {
	return pbkdf2.Key(sha256.New, string(password(nil, nonce, counter)), salt, cost, keySize)
}
