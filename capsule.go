package palisade

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/mac"
	"github.com/palisade-dev/palisade/signal"
)

// A capsule is a submission sealed into the challenge page, so that the very
// bytes that were sent, files too, can be sent again after the challenge. The
// server keeps nothing of it.
//
//	nonce, AES-256-GCM of
//	  0..21  what binds it to the browser, as in the cookie
//	  22..23 length of the content type
//	  24..   content type
//	  ...    body, without the guard's own fields
//
// It opens only for the form, method, target and ticket of the page that holds
// it, and is released only in the browser that sent it first. Without that, anybody
// could have a submission of their own released by somebody else's browser. Where the
// cookie is missing, because it is blocked or was cleared, what was typed is shown
// once more as plain fields, to nobody but a page of ours.

const (
	maxContentType = 1 << 10
	capsuleRoom    = 16 << 10 // what a capsule's own form and the ticket and proof in it take

	// maxUnticketed is the most that is sealed for who showed no ticket of ours:
	// enough for a form that was typed, not for an upload.
	maxUnticketed = 64 << 10

	// The prefix keeps anybody but this very host from setting the cookie
	// (RFC 6265bis §4.1.3.2). It needs HTTPS.
	browserCookie         = "__Host-palisade"
	browserCookieInsecure = "palisade"
	browserChars          = 22 // 128 bits
)

var (
	errCapsule = errors.New("the sealed submission does not open here")
	errBrowser = errors.New("the sealed submission opens, but not for this browser")
)

func newSealer(secret []byte, site string) cipher.AEAD {
	block, err := aes.NewCipher(mac.Secret(secret, "palisade/1 capsule "+site))
	if err != nil {
		panic("palisade: " + err.Error()) // only for keys of another length
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("palisade: " + err.Error()) // only for other ciphers than AES
	}
	return aead
}

// seal returns the capsule, or nil where there may be none.
func (f *Form) seal(r *http.Request, s *submission, ticket, browser string) []byte {
	kind := strings.Join(r.Header["Content-Type"], "")
	body := s.without(f.guard.own(r, s))
	known := f.guard.ticketOf(r, s) != nil
	if browser == "" || len(kind) > maxContentType || int64(len(body)) > f.config.MaxBody || !known && len(body) > maxUnticketed {
		return nil
	}
	plain := make([]byte, 0, browserChars+2+len(kind)+len(body))
	plain = append(plain, browser...)
	plain = binary.BigEndian.AppendUint16(plain, uint16(len(kind)))
	plain = append(append(plain, kind...), body...)
	return f.guard.keys.sealers[0].Seal(nil, nil, plain, seals(f.id, r, ticket))
}

// unseal puts the sealed submission in the place of the form that carried it, with
// errBrowser also where it may not be released.
func (f *Form) unseal(r *http.Request, s *submission, ticket string) (*submission, error) {
	browser, kind, body, err := f.guard.keys.openCapsule(s.capsule, seals(f.id, r, ticket))
	if err != nil {
		return nil, err
	}
	putSubmission(r, body)
	delete(r.Header, "Content-Type")
	if kind != "" {
		r.Header["Content-Type"] = []string{kind}
	}
	opened, err := readSubmission(r, f.config.MaxBody)
	if err == nil && browser != browserOf(r) {
		err = errBrowser
	}
	return opened, err
}

// openCapsule returns what a capsule holds.
func (k *keyring) openCapsule(capsule, bound []byte) (browser, kind string, body []byte, err error) {
	sealed, err := encoding.AppendDecode(nil, capsule)
	if err != nil {
		return "", "", nil, errCapsule
	}
	plain := k.open(sealed, bound)
	if len(plain) < browserChars+2 {
		return "", "", nil, errCapsule
	}
	browser, plain = string(plain[:browserChars]), plain[browserChars:]
	n := 2 + int(binary.BigEndian.Uint16(plain))
	if len(plain) < n {
		return "", "", nil, errCapsule
	}
	return browser, string(plain[2:n]), plain[n:], nil
}

func (k *keyring) open(sealed, bound []byte) []byte {
	for _, sealer := range k.sealers {
		if plain, err := sealer.Open(nil, nil, sealed, bound); err == nil {
			return plain
		}
	}
	return nil
}

// seals is what a capsule is bound to, besides the site, whose name is in the key.
func seals(form formID, r *http.Request, ticket string) []byte {
	hash := sha256.New()
	for _, part := range []string{string(form[:]), r.Method, r.RequestURI, ticket} {
		_ = binary.Write(hash, binary.BigEndian, uint64(len(part))) // a hash takes everything
		hash.Write([]byte(part))
	}
	return hash.Sum(nil)
}

// browserOf returns what binds capsules to the browser, or "".
func browserOf(r *http.Request) string {
	cookie, err := r.Cookie(browserCookieName(r))
	if err != nil || len(cookie.Value) != browserChars {
		return ""
	}
	return cookie.Value
}

// browserCookieName depends on the scheme, which only the browser knows for sure
// where TLS ends before us. A lie is of no use: it makes nobody else's browser
// send another cookie.
func browserCookieName(r *http.Request) string {
	if r.TLS != nil || strings.HasPrefix(r.Header.Get("Origin"), "https://") {
		return browserCookie
	}
	return browserCookieInsecure
}

// bindBrowser returns what binds capsules to the browser, new if there is none.
func bindBrowser(w http.ResponseWriter, r *http.Request) string {
	if known := browserOf(r); known != "" {
		return known
	}
	var raw [16]byte
	rand.Read(raw[:])
	name := browserCookieName(r)
	cookie := http.Cookie{
		Name: name, Value: encoding.EncodeToString(raw[:]), Path: "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: name == browserCookie,
	}
	http.SetCookie(w, &cookie)
	return cookie.Value
}

// bodyLimit is how much of a body is read: more where it brings a capsule, which
// the first bytes tell. They are not waited for where the length says enough.
func (f *Form) bodyLimit(r *http.Request) int64 {
	if !f.config.Transparent {
		return f.config.MaxBody
	}
	return limitWithCapsule(r, f.config.MaxBody)
}

// limitWithCapsule is that limit for any form whose body may have limit bytes.
func limitWithCapsule(r *http.Request, limit int64) int64 {
	most := limit/3*4 + capsuleRoom
	if r.Body == nil || r.ContentLength > most || r.ContentLength >= 0 && r.ContentLength <= limit {
		return limit
	}
	start := make([]byte, 512)
	n, err := io.ReadFull(r.Body, start)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	start = start[:n]
	unread(r, start, err)
	if bytes.Contains(start, []byte(`name="`+FieldCapsule+`"`)) || bytes.HasPrefix(start, []byte(FieldCapsule+"=")) {
		return most
	}
	return limit
}

// own returns which fields are not the app's but the guard's.
func (g *Guard) own(r *http.Request, s *submission) func(name string) bool {
	var decoys map[string]bool
	if t := g.ticketOf(r, s); t != nil && t.signer != nil {
		decoys = make(map[string]bool)
		for _, d := range signal.Decoys(t.signer.decoySeed(&t.ticket)) {
			decoys[d.Name] = true
		}
	}
	return func(name string) bool {
		return name == FieldTicket || name == FieldProof || name == FieldCapsule || decoys[name] ||
			g.chain.fieldOf(name)
	}
}

// signedTicket is a ticket with the key that signed it.
type signedTicket struct {
	ticket
	signer *ticketKey
}

// ticketOf returns the ticket that came with a submission, if it is one of ours.
func (g *Guard) ticketOf(r *http.Request, s *submission) *signedTicket {
	text, _ := s.oneOf(FieldTicket, HeaderTicket, r, nil)
	t, signer, why := g.keys.parseTicket(text)
	if why != "" {
		return nil
	}
	return &signedTicket{t, signer}
}
