package palisade

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/palisade-dev/palisade/internal/mac"
	"github.com/palisade-dev/palisade/signal"
)

// A ticket is minted when a form is shown and comes back with the submission.
// It is stateless: everything it says stands in it, under our signature.
//
//	0      version
//	1      key id
//	2      flags
//	3      level
//	4      carry
//	5..10  issued, milliseconds
//	11..22 nonce
//	23..30 form
//	31..38 network tag
//	39..40 user-agent tag
//	41..56 HMAC-SHA-256 of the above, cut to 128 bits
//
// base64url without padding makes 76 characters of it.
type ticket struct {
	flags   ticketFlags
	level   uint8 // what a proof must show at least
	carry   uint8 // how often a visible solve was carried to get here
	issued  time.Time
	nonce   [nonceSize]byte
	form    formID
	network networkTag // of who fetched it: its limits count too; evidence when it changes, never a condition
	agent   [2]byte    // soft, but a carry needs it unchanged
}

type ticketFlags uint8

const (
	flagDecoys   ticketFlags = 1 << iota // the decoys were shown with it
	flagRetry                            // minted by Pass.Retry: the form was already filled
	flagStepDown                         // the provider was down: the hardest local step stands in

	flagShared // its puzzle is that of its network

	linkShift             = 4
	linkBits  ticketFlags = maxFallbacks << linkShift // which link of the chain the form was shown with
)

// link tells which of the providers the ticket's form was shown with.
func (t *ticket) link() uint8 { return uint8(t.flags&linkBits) >> linkShift }

const (
	ticketVersion = 2
	nonceSize     = 12
	formIDSize    = 8
	ticketBody    = 41
	ticketSize    = ticketBody + mac.Size
	ticketChars   = (ticketSize*8 + 5) / 6
)

// formID is the name of a form as its tickets hold it.
type formID [formIDSize]byte

func newFormID(name string) (id formID) {
	sum := sha256.Sum256([]byte("palisade form " + name))
	copy(id[:], sum[:])
	return id
}

var encoding = base64.RawURLEncoding.Strict()

func (t *ticket) has(f ticketFlags) bool { return t.flags&f != 0 }

// newNonce fills the nonce from the operating system's generator, which cannot
// fail (crypto/rand.Read never returns an error).
func (t *ticket) newNonce() { rand.Read(t.nonce[:]) }

// appendTicket appends the signed text of t.
func (k *keyring) appendTicket(dst []byte, t *ticket) []byte {
	var raw [ticketSize]byte
	signer := &k.tickets[0]
	raw[0], raw[1], raw[2], raw[3], raw[4] = ticketVersion, signer.id, byte(t.flags), t.level, t.carry
	putMilli(raw[5:11], t.issued)
	copy(raw[11:23], t.nonce[:])
	copy(raw[23:31], t.form[:])
	copy(raw[31:39], t.network[:])
	copy(raw[39:41], t.agent[:])
	tag := signer.sign.Tag(raw[:ticketBody])
	copy(raw[ticketBody:], tag[:])
	return encoding.AppendEncode(dst, raw[:])
}

// parseTicket returns the ticket in text and the key that signed it. Any reason
// but none means that nothing in the ticket may be believed.
func (k *keyring) parseTicket(text string) (t ticket, signer *ticketKey, why signal.Reason) {
	if text == "" {
		return t, nil, ReasonTicketMissing
	}
	var raw [ticketSize]byte
	if len(text) != ticketChars {
		return t, nil, ReasonTicketForged
	}
	var buf [ticketChars]byte
	copy(buf[:], text)
	if n, err := encoding.Decode(raw[:], buf[:]); err != nil || n != ticketSize || raw[0] != ticketVersion {
		return t, nil, ReasonTicketForged
	}
	signer = k.verify(&raw)
	if signer == nil {
		return t, nil, ReasonTicketForged
	}
	t.flags, t.level, t.carry = ticketFlags(raw[2]), raw[3], raw[4]
	t.issued = getMilli(raw[5:11])
	copy(t.nonce[:], raw[11:23])
	copy(t.form[:], raw[23:31])
	copy(t.network[:], raw[31:39])
	copy(t.agent[:], raw[39:41])
	return t, signer, ""
}

// verify finds the key that signed raw. Two keys may share an id, so each one
// that fits is tried.
func (k *keyring) verify(raw *[ticketSize]byte) *ticketKey {
	for i := range k.tickets {
		key := &k.tickets[i]
		if key.id == raw[1] && key.sign.Tag(raw[:ticketBody]).Equal(mac.Tag(raw[ticketBody:])) {
			return key
		}
	}
	return nil
}

// decoySeed names the decoys of a ticket.
func (key *ticketKey) decoySeed(t *ticket) [16]byte { return key.seed.Tag(t.nonce[:]) }

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
