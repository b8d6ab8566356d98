package altcha

import (
	"context"
	"crypto/hmac"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"time"
	"unicode/utf8"
)

// Reason is a stable code for the reason of a refusal. It is empty if there is
// no refusal.
type Reason string

// Reasons of a refusal.
const (
	ReasonMissing     Reason = "missing"           // no payload
	ReasonOversize    Reason = "oversize"          // longer than MaxPayload
	ReasonMalformed   Reason = "malformed"         // not base64 of a v2 payload
	ReasonTestMode    Reason = "test-mode"         // sent by a widget in test mode
	ReasonSignature   Reason = "invalid-signature" // not signed with Config.Secret
	ReasonExpired     Reason = "expired"           // expiresAt has passed, or is missing
	ReasonUnsupported Reason = "unsupported"       // well signed, but outside our bounds
	ReasonSolution    Reason = "invalid-solution"  // not a solution of the challenge
)

// Proof is a payload that passed [Verifier.Check]. The zero value is invalid.
type Proof struct {
	valid   bool
	proven  bool
	id      [16]byte
	expires time.Time
	data    []byte
	work    work
	counter uint64
	derived []byte
}

// Valid reports whether the proof comes from a Check without a reason. The work is not
// yet proven: see [Verifier.Derive] and Derived.
func (p Proof) Valid() bool { return p.valid }

// ID identifies the challenge: the beginning of its signature. Claim it before
// deriving, so that one challenge counts once and causes one derivation.
func (p Proof) ID() [16]byte { return p.id }

// Expires returns when the challenge ends; the zero time means never
// (Config.AllowNoExpiry).
func (p Proof) Expires() time.Time { return p.expires }

// Data returns the challenge's data member as canonical JSON, or nil. The issuer can
// bind a challenge to it.
func (p Proof) Data() []byte { return p.data }

// Derived reports whether the work is already proven, so that [Verifier.Derive] has
// nothing to do.
func (p Proof) Derived() bool { return p.valid && p.proven }

// Check checks everything that needs no derivation: size, shape, signature, expiry, the
// bounds of the work, the form of the solution and its prefix, and the keySignature if
// there is a key for it. It checks the signature first, so an invented challenge is
// always reported as such.
func (v *Verifier) Check(text string, now time.Time) (Proof, Reason) {
	sent, why := parse(text)
	if why != "" {
		return Proof{}, why
	}
	signature := v.config.sum(v.config.Secret, appendCanonical(nil, sent.parameters, true))
	if subtle.ConstantTimeCompare([]byte(hex.EncodeToString(signature)), []byte(sent.signature)) != 1 {
		return Proof{}, ReasonSignature
	}
	p := Proof{valid: true, id: [16]byte(signature)}
	if p.expires, why = v.expiry(sent.parameters, now); why != "" {
		return Proof{}, why
	}
	var ok bool
	if p.work, ok = readWork(sent.parameters, &v.config); !ok {
		return Proof{}, ReasonUnsupported
	}
	if p.counter, p.derived, ok = p.work.solution(sent.solution); !ok {
		return Proof{}, ReasonSolution
	}
	if p.proven, ok = v.signedKey(sent.parameters, p.derived); !ok {
		return Proof{}, ReasonSolution
	}
	if data, present := sent.parameters.get("data"); present {
		p.data = appendCanonical(nil, data, true)
	}
	return p, ""
}

// Derive reports whether the counter of the proof gives its key. It runs in a bounded
// share of the machine (Config.Derivations). An error, [ErrBusy] or that of ctx, means
// that it could not run. For a proof that is already Derived it costs nothing; for an
// invalid one it returns false.
func (v *Verifier) Derive(ctx context.Context, p Proof) (ok bool, err error) {
	if !p.valid || p.proven {
		return p.Derived(), nil
	}
	busy := v.share.Do(ctx, func() {
		var derived []byte
		derived, err = p.work.derive(p.counter)
		ok = err == nil && subtle.ConstantTimeCompare(derived, p.derived) == 1
	})
	if busy != nil {
		return false, busy
	}
	return ok, err
}

func (v *Verifier) expiry(parameters object, now time.Time) (time.Time, Reason) {
	value, present := parameters.get("expiresAt")
	if !present && v.config.AllowNoExpiry {
		return time.Time{}, ""
	}
	seconds, ok := float(value)
	if !ok || seconds > 1e11 { // the year 5138
		return time.Time{}, ReasonExpired
	}
	expires := time.UnixMilli(int64(seconds * 1000))
	if !now.Before(expires) {
		return time.Time{}, ReasonExpired
	}
	return expires, ""
}

// signedKey checks the keySignature: whether it proves the work, and whether
// the payload can be accepted with it.
func (v *Verifier) signedKey(parameters object, derived []byte) (proven, ok bool) {
	signature, _ := parameters.text("keySignature")
	if signature == "" || v.config.KeySecret == nil {
		return false, true
	}
	sent, err := hex.DecodeString(signature)
	proven = err == nil && hmac.Equal(sent, v.config.sum(v.config.KeySecret, derived))
	return proven, proven
}

// payload is a payload of a client; nothing in it has been verified yet.
type payload struct {
	parameters object
	signature  string
	solution   object
}

var base64Std = base64.StdEncoding.Strict()

func parse(text string) (p payload, why Reason) {
	switch {
	case text == "":
		return p, ReasonMissing
	case len(text) > MaxPayload:
		return p, ReasonOversize
	case strings.ContainsAny(text, "\r\n"): // the decoder would skip these
		return p, ReasonMalformed
	}
	raw, err := base64Std.DecodeString(text)
	if err != nil {
		return p, ReasonMalformed
	}
	value, ok := decodeJSON(fromLatin1(raw))
	top, isObject := value.(object)
	if !ok || !isObject {
		return p, ReasonMalformed
	}
	if _, test := top.get("test"); test {
		return p, ReasonTestMode
	}
	challenge, _ := top.object("challenge")
	parameters, hasParameters := challenge.object("parameters")
	solution, hasSolution := top.object("solution")
	if !hasParameters || !hasSolution {
		return p, ReasonMalformed
	}
	signature, _ := challenge.text("signature") // a missing signature is an invalid one
	return payload{parameters, signature, solution}, ""
}

// fromLatin1 returns UTF-8. The widget calls btoa, which encodes every character up to
// U+00FF as one byte and throws on others. Other clients encode UTF-8.
func fromLatin1(raw []byte) []byte {
	if utf8.Valid(raw) {
		return raw
	}
	text := make([]rune, len(raw))
	for i, c := range raw {
		text[i] = rune(c)
	}
	return []byte(string(text))
}
