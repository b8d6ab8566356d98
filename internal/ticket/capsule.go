package ticket

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/palisade-dev/palisade/internal/mac"
)

// Capsule is a submission sealed into the challenge page, so that the very bytes that
// were sent, files too, can be sent again after the challenge. The server keeps nothing of
// it.
//
//	nonce, AES-256-GCM of
//	  0..21  Browser
//	  22..23 length of Type
//	  24..   Type
//	  ...    Body
//
// It opens only for the form, method, target and ticket of the page that holds it, and is
// released only in the browser that sent it first. Without that, anybody could have a
// submission of their own released by somebody else's browser. Where the cookie is
// missing, because it is blocked or was cleared, the input is shown once more as plain
// fields, to nobody but a page of ours.
type Capsule struct {
	Browser string // value of the cookie that binds it to the browser
	Type    string // content type; at most MaxType bytes
	Body    []byte // without the guard's own fields
}

// MaxType bounds the content type of a capsule, in bytes.
const MaxType = 1 << 10

const (
	// The prefix keeps anybody but this very host from setting the cookie
	// (RFC 6265bis §4.1.3.2). It needs HTTPS.
	browserCookie         = "__Host-palisade"
	browserCookieInsecure = "palisade"
	browserChars          = 22 // 128 bits
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

// Seal returns a capsule for one place, or nil where the capsule holds nothing
// that binds it to a browser.
func (k *Keyring) Seal(c Capsule, p Place) []byte {
	if c.Browser == "" || len(c.Type) > MaxType {
		return nil
	}
	plain := make([]byte, 0, browserChars+2+len(c.Type)+len(c.Body))
	plain = append(plain, c.Browser...)
	plain = binary.BigEndian.AppendUint16(plain, uint16(len(c.Type)))
	plain = append(append(plain, c.Type...), c.Body...)
	return k.sealers[0].Seal(nil, nil, plain, p.bound())
}

// Open opens a capsule in base64url. ok is false where it does not open in this place.
func (k *Keyring) Open(text []byte, p Place) (c Capsule, ok bool) {
	sealed, err := encoding.AppendDecode(nil, text)
	if err != nil {
		return c, false
	}
	plain := k.open(sealed, p.bound())
	if len(plain) < browserChars+2 {
		return c, false
	}
	c.Browser, plain = string(plain[:browserChars]), plain[browserChars:]
	n := 2 + int(binary.BigEndian.Uint16(plain))
	if len(plain) < n {
		return c, false
	}
	c.Type, c.Body = string(plain[2:n]), plain[n:]
	return c, true
}

func (k *Keyring) open(sealed, bound []byte) []byte {
	for _, sealer := range k.sealers {
		if plain, err := sealer.Open(nil, nil, sealed, bound); err == nil {
			return plain
		}
	}
	return nil
}

// Place is the binding of a capsule, besides the site, whose name is in the key.
type Place struct {
	Form           Form
	Method, Target string // of the request
	Ticket         string // of the page that holds the capsule
}

func (p Place) bound() []byte {
	hash := sha256.New()
	for _, part := range []string{string(p.Form[:]), p.Method, p.Target, p.Ticket} {
		_ = binary.Write(hash, binary.BigEndian, uint64(len(part))) // a hash takes everything
		hash.Write([]byte(part))
	}
	return hash.Sum(nil)
}

// CookieSuffix returns the end of the cookie's name for a guard with a base path of its
// own. The cookies of a host have one path (__Host- demands it), so only their names keep
// two guards from overwriting each other's.
func CookieSuffix(base string) string {
	sum := sha256.Sum256([]byte(base))
	return "-" + hex.EncodeToString(sum[:4])
}

// BrowserOf returns the value that binds capsules to the browser, or "". suffix is the end
// of the cookie's name, see [CookieSuffix], or "".
func BrowserOf(r *http.Request, suffix string) string {
	cookie, err := r.Cookie(browserCookieName(r) + suffix)
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

// BindBrowser returns the value that binds capsules to the browser. If there is none, it
// sets a new one. suffix is that of [BrowserOf].
func BindBrowser(w http.ResponseWriter, r *http.Request, suffix string) string {
	if known := BrowserOf(r, suffix); known != "" {
		return known
	}
	var raw [16]byte
	rand.Read(raw[:])
	name := browserCookieName(r)
	cookie := http.Cookie{
		Name: name + suffix, Value: encoding.EncodeToString(raw[:]), Path: "/",
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: name == browserCookie,
	}
	http.SetCookie(w, &cookie)
	return cookie.Value
}
