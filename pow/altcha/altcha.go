// Package altcha verifies ALTCHA v2 payloads whose challenges were issued by another
// ALTCHA server library, for sites that already run one. To issue challenges, use
// package pow: its proofs are bound to a form and cost a thousandth to check.
//
//	verifier, err := altcha.New(altcha.Config{Secret: secret})
//
//	proof, why := verifier.Check(payload, now) // no derivation yet
//	if why != "" {
//		refuse(string(why))
//		return
//	}
//	if !isFor(form, proof.Data()) || !claim(proof.ID(), proof.Expires()) { // once, in the store
//		refuse("another form's, or used")
//		return
//	}
//	ok, err := verifier.Derive(ctx, proof) // the one costly step
//
// All of these steps are needed. The protocol binds a challenge only to the content
// of its data member, and libraries do not remember used challenges.
//
// Algorithms: PBKDF2/SHA-256, -384, -512; SHA-256, -384, -512 iterated; SCRYPT;
// ARGON2ID. A derivation with the last two takes as much memory as the challenge says.
// So the signature is checked first, cost and memory are bounded even with a valid
// signature, and the number of derivations at the same time is limited.
//
// Canonical JSON, orders and classes are those of npm's altcha-lib 2.8.0. One
// difference among ALTCHA's own programs cannot be corrected here. The SHA worker of
// the 3.2 widget cuts the digest to keyLength in every round; altcha-lib from 2.8, and
// this package, only at the end. With SHA-384 or SHA-512, a cost above 1 and a
// keyLength below the digest they never agree.
package altcha

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"time"

	"github.com/palisade-dev/palisade/pow/internal/share"
)

// Bounds that apply even with a valid signature.
const (
	MaxPayload    = 8 << 10   // bytes
	MaxIterations = 200_000   // cost of PBKDF2 and SHA
	MaxPasses     = 8         // cost of ARGON2ID
	MaxLanes      = 16        // parallelism
	MinSecret     = 16        // bytes of a secret
	DefaultMemory = 128 << 10 // KiB; ALTCHA recommends 64 to 128 MiB
	DefaultWait   = 2 * time.Second
)

// ErrBusy reports that no derivation could run in time. It is an outage and does not
// mean that the proof is bad.
var ErrBusy = share.ErrBusy

// Config holds the secrets and options of the issuer.
type Config struct {
	// Secret is the issuer's hmacSignatureSecret, at least MinSecret bytes.
	Secret []byte
	// KeySecret is its hmacKeySignatureSecret. If it is set and the payload has a
	// keySignature, the signature proves the work and nothing is derived. nil: always
	// derive.
	KeySecret []byte
	// Hash is the hash of the HMAC; nil means SHA-256, as with ALTCHA.
	Hash func() hash.Hash
	// DecimalCounter corresponds to the issuer's counterMode "string": the counter is
	// appended as decimal text. Widgets solve v2 challenges without it.
	DecimalCounter bool
	// AllowNoExpiry accepts challenges without expiresAt. Their payloads are valid
	// as long as the secret, so claims must be remembered as long.
	AllowNoExpiry bool
	// MaxMemory bounds one derivation, in KiB; 0 means DefaultMemory. All
	// together may take Derivations times that.
	MaxMemory int
	// Derivations is the number that may run at once; 0 means half of GOMAXPROCS,
	// at least one.
	Derivations int
	// Wait is the longest wait for a place; 0 means DefaultWait.
	Wait time.Duration
}

// LogValue keeps the secrets out of logs.
func (Config) LogValue() slog.Value { return slog.StringValue("[altcha config]") }

// String keeps the secrets out of formatted text.
func (Config) String() string { return "[altcha config]" }

// GoString keeps the secrets out of formatted text.
func (Config) GoString() string { return "[altcha config]" }

// Verifier checks payloads. It is safe for concurrent use.
type Verifier struct {
	config Config
	share  *share.Share
}

// New returns a Verifier, or every mistake of the configuration.
func New(config Config) (*Verifier, error) {
	if config.Hash == nil {
		config.Hash = sha256.New
	}
	if config.MaxMemory == 0 {
		config.MaxMemory = DefaultMemory
	}
	if config.Wait == 0 {
		config.Wait = DefaultWait
	}
	if err := config.validate(); err != nil {
		return nil, err
	}
	return &Verifier{config, share.New(config.Derivations, config.Wait)}, nil
}

func (c *Config) validate() error {
	var errs []error
	if n := len(c.Secret); n < MinSecret {
		errs = append(errs, fmt.Errorf("altcha: Secret has %d bytes; at least %d are needed", n, MinSecret))
	}
	if n := len(c.KeySecret); c.KeySecret != nil && n < MinSecret {
		errs = append(errs, fmt.Errorf("altcha: KeySecret has %d bytes; at least %d are needed", n, MinSecret))
	}
	if c.Hash().Size() < sha256.Size {
		errs = append(errs, errors.New("altcha: Hash is shorter than SHA-256"))
	}
	if c.MaxMemory < 0 || c.Derivations < 0 || c.Wait < 0 {
		errs = append(errs, errors.New("altcha: MaxMemory, Derivations and Wait must not be negative"))
	}
	return errors.Join(errs...)
}

func (c *Config) sum(secret, message []byte) []byte {
	h := hmac.New(c.Hash, secret)
	h.Write(message)
	return h.Sum(nil)
}
