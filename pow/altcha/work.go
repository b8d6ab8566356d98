package altcha

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"math"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/scrypt"
)

// work is the work of a challenge, within our bounds.
type work struct {
	algorithm algorithm
	cost      int // iterations, passes, or scrypt's N
	memory    int // KiB, or scrypt's r
	lanes     int
	size      int    // of the key, in bytes
	prefix    string // lower-case hex
	nonce     []byte
	salt      []byte
	decimal   bool // Config.DecimalCounter
}

// algorithm is one way to derive a key.
type algorithm interface {
	// bounded reports whether the work is valid and has a known price.
	bounded(w *work, maxMemory int) bool
	key(w *work, password []byte) ([]byte, error)
}

// algorithmNamed accepts the widget's names, and for the last two also those of the Go
// library. It returns nil for others.
func algorithmNamed(name string) algorithm {
	switch name {
	case "PBKDF2/SHA-256":
		return pbkdf2With{sha256.New}
	case "PBKDF2/SHA-384":
		return pbkdf2With{sha512.New384}
	case "PBKDF2/SHA-512":
		return pbkdf2With{sha512.New}
	case "SHA-256":
		return iterated{sha256.New}
	case "SHA-384":
		return iterated{sha512.New384}
	case "SHA-512":
		return iterated{sha512.New}
	case "SCRYPT", "Scrypt":
		return scryptKDF{}
	case "ARGON2ID", "Argon2id":
		return argon2id{}
	}
	return nil
}

// readWork reads the parameters and reports whether they are within bounds. An empty
// prefix is out of bounds: any key would solve it.
func readWork(parameters object, config *Config) (work, bool) {
	r := reader{from: parameters, ok: true}
	w := work{
		algorithm: algorithmNamed(r.text("algorithm")),
		cost:      r.integer("cost", 0),
		memory:    r.integer("memoryCost", 0),
		lanes:     r.integer("parallelism", 1),
		size:      r.integer("keyLength", 32),
		prefix:    strings.ToLower(r.text("keyPrefix")),
		nonce:     r.hex("nonce"),
		salt:      r.hex("salt"),
		decimal:   config.DecimalCounter,
	}
	return w, r.ok && w.algorithm != nil && w.prefix != "" &&
		w.size >= 16 && w.size <= 64 && w.cost >= 1 && w.lanes >= 1 && w.lanes <= MaxLanes &&
		w.algorithm.bounded(&w, config.MaxMemory)
}

// reader reads members and remembers whether all had the right type.
type reader struct {
	from object
	ok   bool
}

func (r *reader) text(name string) string {
	text, ok := r.from.text(name)
	r.ok = r.ok && ok
	return text
}

func (r *reader) hex(name string) []byte {
	raw, err := hex.DecodeString(r.text(name))
	r.ok = r.ok && err == nil
	return raw
}

func (r *reader) integer(name string, missing uint64) int {
	n, ok := r.from.integer(name, missing, math.MaxInt32)
	r.ok = r.ok && ok
	return int(n)
}

// solution reads a solution and reports whether it is possible: a counter in the mode's
// range, and a key in lower-case hex with the prefix. altcha-lib before 2.3.2 compared
// the derived key without the prefix, so counter 0 solved everything.
func (w *work) solution(sent object) (counter uint64, key []byte, ok bool) {
	limit := uint64(math.MaxUint32)
	if w.decimal {
		limit = 1<<53 - 1 // the largest exact integer of JavaScript
	}
	if _, present := sent.get("counter"); !present {
		return 0, nil, false
	}
	counter, ok = sent.integer("counter", 0, limit)
	text, _ := sent.text("derivedKey")
	key, err := hex.DecodeString(text)
	return counter, key, ok && err == nil && text == strings.ToLower(text) && strings.HasPrefix(text, w.prefix)
}

func (w *work) derive(counter uint64) ([]byte, error) {
	password := append([]byte(nil), w.nonce...)
	if w.decimal {
		password = strconv.AppendUint(password, counter, 10)
	} else {
		password = binary.BigEndian.AppendUint32(password, uint32(counter))
	}
	return w.algorithm.key(w, password)
}

type pbkdf2With struct{ hash func() hash.Hash }

func (pbkdf2With) bounded(w *work, _ int) bool { return w.cost <= MaxIterations }

func (a pbkdf2With) key(w *work, password []byte) ([]byte, error) {
	return pbkdf2.Key(a.hash, string(password), w.salt, w.cost, w.size)
}

// iterated is hash(salt ‖ password), then the hash of the hash; cut only at the end.
type iterated struct{ hash func() hash.Hash }

func (iterated) bounded(w *work, _ int) bool { return w.cost <= MaxIterations }

func (a iterated) key(w *work, password []byte) ([]byte, error) {
	h := a.hash()
	h.Write(w.salt)
	h.Write(password)
	sum := h.Sum(nil)
	for range w.cost - 1 {
		h.Reset()
		h.Write(sum)
		sum = h.Sum(sum[:0])
	}
	return sum[:min(w.size, len(sum))], nil
}

type scryptKDF struct{}

// bounded counts lanes as memory, although they run one after the other, so
// that they cannot multiply the time. 128·N·r bytes are N·r/8 KiB.
func (scryptKDF) bounded(w *work, maxMemory int) bool {
	power := w.cost > 1 && w.cost&(w.cost-1) == 0
	return power && w.memory >= 1 && int64(w.cost)*int64(w.memory) <= int64(maxMemory)*8/int64(w.lanes)
}

func (scryptKDF) key(w *work, password []byte) ([]byte, error) {
	return scrypt.Key(password, w.salt, w.cost, w.memory, w.lanes, w.size)
}

type argon2id struct{}

// bounded requires memoryCost: ALTCHA's libraries disagree about the default,
// 16 or 64 MiB.
func (argon2id) bounded(w *work, maxMemory int) bool {
	return w.cost <= MaxPasses && w.memory >= 8*w.lanes && w.memory <= maxMemory
}

func (argon2id) key(w *work, password []byte) ([]byte, error) {
	return argon2.IDKey(password, w.salt, uint32(w.cost), uint32(w.memory), uint8(w.lanes), uint32(w.size)), nil
}
