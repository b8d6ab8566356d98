// Package verdict is the gateway's message to the app about a request that it let
// through: one signed header that only the gateway can make.
//
//	key := verdict.Key(secret, "example.com")             // or the output of `palisade verdict-key`
//	mux.Handle("POST /signup", verdict.Require(key, create)) // 403 for requests that bypassed the gateway
//
// An app does not need verdicts if clients can reach it only through the gateway. With
// them, the app itself refuses requests that came another way. It can also distinguish
// judged requests from requests in monitor mode.
//
// # The header
//
//	Palisade-Verdict: v=1; t=1795478400; id=5qyp3hdr; site=example.com; form=signup; mode=enforce; sig=<base64url>
//
// sig is HMAC-SHA-256 under the key of the site over these lines, each ended by a
// line feed: "palisade-verdict/1", site, form, host, method, path (percent-escapes
// decoded once), SHA-256 of the body in lower-case hex, t, id, mode. It is valid for
// [Life] from t.
//
// In mode [Session] the line of the body is "-". The gateway passes such a body on unread,
// as it may be long or endless. So the verdict does not bind the body: an app that needs
// it bound refuses that mode.
//
// The folder deploy/verdict has checkers in other languages, and vectors for writing
// another one.
package verdict

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/internal/mac"
)

// Header is the name of the header.
const Header = "Palisade-Verdict"

// Life is how long a verdict is valid, and how far clocks may differ.
const Life = 30 * time.Second

// Modes of a verdict.
const (
	Enforce = "enforce" // judged and allowed
	Monitor = "monitor" // not enforced: it may be a bot
	Exempt  = "exempt"  // a client that signed its request
	Session = "session" // a session let it through; its body was not read and is not bound
)

// ErrVerdict is returned for a verdict that is missing, forged, too old, or made for
// another request.
var ErrVerdict = errors.New("verdict: the request did not come through the gateway")

// Key returns the key of a site under one of the gateway's secrets.
func Key(secret []byte, site string) []byte { return mac.Secret(secret, "palisade/1 verdict "+site) }

// Verdict is the content of the header.
type Verdict struct {
	Site, Form string
	ID         string // of the decision, as in the gateway's log
	Mode       string // Enforce, Monitor, Exempt or Session
	Time       time.Time
}

// Sign returns the value of the header for a request and its body, both as the app will
// see them. Mode Session does not use the body.
func (v Verdict) Sign(key []byte, r *http.Request, body []byte) string {
	t := strconv.FormatInt(v.Time.Unix(), 10)
	return "v=1; t=" + t + "; id=" + v.ID + "; site=" + v.Site + "; form=" + v.Form + "; mode=" + v.Mode +
		"; sig=" + base64.RawURLEncoding.EncodeToString(v.tag(key, r, body))
}

func (v Verdict) tag(key []byte, r *http.Request, body []byte) []byte {
	hash := hmac.New(sha256.New, key)
	for _, line := range []string{
		"palisade-verdict/1", v.Site, v.Form, r.Host, r.Method, r.URL.Path,
		v.digest(body), strconv.FormatInt(v.Time.Unix(), 10), v.ID, v.Mode,
	} {
		// A line feed in a path cannot make two requests look alike: it would
		// have to be in one of the following lines too, and those contain none.
		_, _ = io.WriteString(hash, line+"\n") // a hash takes everything
	}
	return hash.Sum(nil)
}

func (v Verdict) digest(body []byte) string {
	if v.Mode == Session {
		return "-"
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Verify checks the verdict of a request. It reads the body, up to limit bytes, and
// restores it; in mode Session it leaves the body unread. keys are the current key and,
// during a rotation, the previous one.
func Verify(r *http.Request, limit int64, keys ...[]byte) (Verdict, error) {
	v, tag, ok := parse(r.Header[Header])
	if !ok || r.URL == nil || time.Since(v.Time).Abs() > Life {
		return Verdict{}, ErrVerdict
	}
	var body []byte
	if r.Body != nil && v.Mode != Session {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, limit+1)); err != nil || int64(len(body)) > limit {
			return Verdict{}, ErrVerdict
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	for _, key := range keys {
		if hmac.Equal(tag, v.tag(key, r, body)) {
			return v, nil
		}
	}
	return Verdict{}, ErrVerdict
}

func parse(lines []string) (v Verdict, tag []byte, ok bool) {
	if len(lines) != 1 || len(lines[0]) > 1024 {
		return v, nil, false
	}
	values := make(map[string]string)
	for pair := range strings.SplitSeq(lines[0], "; ") {
		name, value, found := strings.Cut(pair, "=")
		if _, twice := values[name]; twice || !found {
			return v, nil, false
		}
		values[name] = value
	}
	seconds, err := strconv.ParseInt(values["t"], 10, 64)
	tag, err2 := base64.RawURLEncoding.Strict().DecodeString(values["sig"])
	if err != nil || err2 != nil || values["v"] != "1" || len(values) != 7 {
		return v, nil, false
	}
	return Verdict{
		Site: values["site"], Form: values["form"], ID: values["id"], Mode: values["mode"], Time: time.Unix(seconds, 0),
	}, tag, true
}

// maxBody bounds the bytes that Require reads to check a body.
const maxBody = 32 << 20

// Require runs next only for requests that came through the gateway and were judged, or
// that a known client signed. It refuses requests in monitor mode. It takes those of a
// session, whose body is not bound: to refuse them, use [Verify] and look at Mode.
func Require(key []byte, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v, err := Verify(r, maxBody, key); err != nil || !v.judged() {
			http.Error(w, http.StatusText(http.StatusForbidden), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (v Verdict) judged() bool { return v.Mode == Enforce || v.Mode == Exempt || v.Mode == Session }

// Path returns a path in the signed form: with its escapes decoded once, or unchanged if
// they are broken.
func Path(escaped string) string {
	if path, err := url.PathUnescape(escaped); err == nil {
		return path
	}
	return escaped
}
