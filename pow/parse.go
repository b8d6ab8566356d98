package pow

import (
	"encoding/base64"

	"github.com/palisade-dev/palisade/internal/mac"
)

// testMode is the payload of a widget in test mode: it proves nothing.
const testMode = `{"challenge":null,"solution":null,"test":true}`

// payload is a payload of a client: terms that the client presents as issued, and a solution.
type payload struct {
	terms
	signature mac.Tag
	counter   uint32
	derived   [keySize]byte
	keyText   []byte // derived, as it was sent
}

// base64Std accepts only the output of btoa. A looser decoder would allow several
// spellings of one proof.
var base64Std = base64.StdEncoding.Strict()

// decode decodes the base64 of text into buf, which must be at least as long.
func decode(buf []byte, text string) ([]byte, bool) {
	n := copy(buf, text)
	if n%4 != 0 {
		return nil, false
	}
	padding := 0
	for padding < 2 && buf[n-1-padding] == '=' {
		padding++
	}
	size, err := base64Std.Decode(buf, buf[:n])
	// The decoder skips line breaks; then the size is too small.
	return buf[:size], err == nil && size == n/4*3-padding
}

// The members of each object, as bits. An unknown or duplicate member refuses the
// payload: the script, the widget and Solve send exactly these members.
const (
	memberChallenge = 1 << iota
	memberSolution
)
const (
	memberParameters = 1 << iota
	memberSignature
)
const (
	memberCounter = 1 << iota
	memberDerivedKey
	memberTime
)
const (
	memberAlgorithm = 1 << iota
	memberCost
	memberExpiresAt
	memberKeyLength
	memberKeyPrefix
	memberNonce
	memberSalt
	memberKeySignature
)

func (p *payload) parse(text []byte) bool {
	s := scanner{text: text}
	return s.object(memberChallenge|memberSolution, func(name []byte) uint {
		switch string(name) {
		case "challenge":
			return bit(memberChallenge, p.parseChallenge(&s))
		case "solution":
			return bit(memberSolution, p.parseSolution(&s))
		}
		return 0
	}) && s.end()
}

func (p *payload) parseChallenge(s *scanner) bool {
	return s.object(memberParameters|memberSignature, func(name []byte) uint {
		switch string(name) {
		case "parameters":
			return bit(memberParameters, p.parseParameters(s))
		case "signature":
			return bit(memberSignature, s.hex(p.signature[:]))
		}
		return 0
	})
}

func (p *payload) parseParameters(s *scanner) bool {
	return s.object(memberKeySignature-1, func(name []byte) uint {
		switch string(name) {
		case "algorithm":
			text, ok := s.string()
			return bit(memberAlgorithm, ok && string(text) == algorithm)
		case "cost":
			n, ok := s.integer(MaxCost)
			p.cost = uint32(n)
			return bit(memberCost, ok && n > 0)
		case "expiresAt":
			n, ok := s.integer(maxMilli)
			p.expires = int64(n)
			return bit(memberExpiresAt, ok)
		case "keyLength":
			n, ok := s.integer(keySize)
			return bit(memberKeyLength, ok && n == keySize)
		case "keyPrefix":
			text, ok := s.string()
			p.prefix = text
			return bit(memberKeyPrefix, ok && len(text) > 0 && len(text) <= keySize)
		case "keySignature":
			p.picked = true
			return bit(memberKeySignature, s.hex(p.keySignature[:]))
		case "nonce":
			return bit(memberNonce, s.hex(p.nonce[:]))
		case "salt":
			return bit(memberSalt, s.hex(p.salt[:]))
		}
		return 0
	})
}

func (p *payload) parseSolution(s *scanner) bool {
	return s.object(memberCounter|memberDerivedKey, func(name []byte) uint {
		switch string(name) {
		case "counter":
			n, ok := s.integer(1<<32 - 1)
			p.counter = uint32(n)
			return bit(memberCounter, ok)
		case "derivedKey":
			text, ok := s.string()
			p.keyText = text
			return bit(memberDerivedKey, ok && unhex(p.derived[:], text))
		case "time":
			// The time that the client reports. It is not used.
			return bit(memberTime, s.number())
		}
		return 0
	})
}

func bit(member uint, ok bool) uint {
	if !ok {
		return 0
	}
	return member
}

// scanner reads the subset of JSON that payloads use: objects, strings without escapes,
// numbers. encoding/json reads the same values from such a text.
type scanner struct {
	text []byte
	at   int
}

// object reads an object with members in any order. For each, member returns its own
// bit, or 0 to refuse it. All bits of need must occur, and none twice.
func (s *scanner) object(need uint, member func(name []byte) uint) bool {
	if !s.next('{') {
		return false
	}
	seen := uint(0)
	for first := true; !s.next('}'); first = false {
		if !first && !s.next(',') {
			return false
		}
		name, ok := s.string()
		if !ok || !s.next(':') {
			return false
		}
		got := member(name)
		if got == 0 || seen&got != 0 {
			return false
		}
		seen |= got
	}
	return seen&need == need
}

// next skips white space and consumes c if it is the next byte.
func (s *scanner) next(c byte) bool {
	s.space()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

func (s *scanner) end() bool {
	s.space()
	return s.at == len(s.text)
}

// string reads a string of printable ASCII without escapes; the relevant members need no
// more.
func (s *scanner) string() ([]byte, bool) {
	if !s.next('"') {
		return nil, false
	}
	start := s.at
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.text[start : s.at-1], true
		case c < ' ' || c > '~' || c == '\\':
			return nil, false
		}
	}
	return nil, false
}

func (s *scanner) hex(dst []byte) bool {
	text, ok := s.string()
	return ok && unhex(dst, text)
}

// integer reads a whole number of at most limit, which is below 2^60. It accepts only
// the plain spelling.
func (s *scanner) integer(limit uint64) (n uint64, ok bool) {
	s.space()
	start := s.at
	for s.digit() {
		n = n*10 + uint64(s.text[s.at]-'0')
		if n > limit {
			return 0, false
		}
		s.at++
	}
	digits := s.at - start
	return n, digits == 1 || digits > 1 && s.text[start] != '0'
}

// number skips any JSON number (RFC 8259, section 6).
func (s *scanner) number() bool {
	s.next('-')
	if s.is('0') {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.is('.') {
		s.at++
		if !s.digits() {
			return false
		}
	}
	if s.is('e') || s.is('E') {
		s.at++
		if s.is('+') || s.is('-') {
			s.at++
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.at
	for s.digit() {
		s.at++
	}
	return s.at > start
}

func (s *scanner) digit() bool {
	return s.at < len(s.text) && s.text[s.at]-'0' <= 9
}

func (s *scanner) is(c byte) bool { return s.at < len(s.text) && s.text[s.at] == c }

// unhex decodes lower-case hex that fills dst exactly. Upper case would be a
// second spelling of the same proof.
func unhex(dst, text []byte) bool {
	if len(text) != 2*len(dst) {
		return false
	}
	for i := range dst {
		hi, lo := nibble(text[2*i]), nibble(text[2*i+1])
		if hi|lo > 15 {
			return false
		}
		dst[i] = hi<<4 | lo
	}
	return true
}

// nibble returns the value of a hex digit, or 255 for any other byte.
func nibble(c byte) byte {
	switch {
	case c-'0' <= 9:
		return c - '0'
	case c-'a' <= 5:
		return c - 'a' + 10
	}
	return 255
}

func isHex(text string) bool {
	for i := range len(text) {
		if nibble(text[i]) > 15 {
			return false
		}
	}
	return true
}
