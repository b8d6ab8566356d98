package gateway

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/store"
)

// Client is a program that sends requests to guarded routes without a page, and signs
// them.
//
//	Palisade-Client: name=ci; t=1795478400; sig=<hex>
//
// sig is HMAC-SHA-256 under the client's key over these lines, each ended by a line
// feed: "palisade-client/1", method, host, target (path and query as sent), SHA-256
// of the body in lower-case hex, t (Unix seconds). It is valid for five minutes, once.
type Client struct {
	Name string
	Key  []byte // at least 32 bytes
}

const (
	clientHeader = "Palisade-Client"
	clientLife   = 5 * time.Minute
)

func validateClients(clients []Client) error {
	var errs []error
	seen := make(map[string]bool)
	for i, c := range clients {
		if c.Name == "" || strings.Trim(c.Name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != "" || seen[c.Name] {
			errs = append(errs, fmt.Errorf("Clients[%d]: %q must be letters, digits, - _ . and there once", i, c.Name))
		}
		if len(c.Key) < 32 {
			errs = append(errs, fmt.Errorf("Clients[%d]: the key has %d bytes; at least 32 are needed", i, len(c.Key)))
		}
		seen[c.Name] = true
	}
	return errors.Join(errs...)
}

// SignClient returns the value of the header Palisade-Client for a request of a client.
func SignClient(c Client, method, host, target string, body []byte, now time.Time) string {
	t := strconv.FormatInt(now.Unix(), 10)
	return "name=" + c.Name + "; t=" + t + "; sig=" + hex.EncodeToString(clientTag(c.Key, method, host, target, body, t))
}

func clientTag(key []byte, method, host, target string, body []byte, t string) []byte {
	sum := sha256.Sum256(body)
	hash := hmac.New(sha256.New, key)
	for _, line := range []string{"palisade-client/1", method, host, target, hex.EncodeToString(sum[:]), t} {
		_, _ = io.WriteString(hash, line+"\n") // writing to a hash never fails
	}
	return hash.Sum(nil)
}

// signedByClient reports whether a known client signed the request. Such a request is not
// judged. The header alone exempts no request: an invalid signature counts as none.
func (s *site) signedByClient(r *http.Request, f *form) bool {
	lines := r.Header[clientHeader]
	delete(r.Header, clientHeader)
	if len(lines) != 1 || len(lines[0]) > 512 || len(s.config.Clients) == 0 {
		return false
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(lines[0], "name="), "; t=")
	t, sig, _ := strings.Cut(rest, "; sig=")
	seconds, err := strconv.ParseInt(t, 10, 64)
	tag, err2 := hex.DecodeString(sig)
	now := s.gateway.config.Clock()
	if err != nil || err2 != nil || now.Sub(time.Unix(seconds, 0)).Abs() > clientLife {
		return false
	}
	for _, c := range s.config.Clients {
		if c.Name == name {
			return s.holds(r, f, c, t, tag)
		}
	}
	return false
}

func (s *site) holds(r *http.Request, f *form, c Client, t string, tag []byte) bool {
	body, err := io.ReadAll(io.LimitReader(r.Body, f.config.MaxBody+1))
	rest := r.Body
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), rest), rest}
	if err != nil || int64(len(body)) > f.config.MaxBody ||
		!hmac.Equal(tag, clientTag(c.Key, r.Method, r.Host, r.RequestURI, body, t)) {
		return false
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	now := s.gateway.config.Clock()
	claim := store.Claim{Key: store.Key(tag[:16]), Expires: now.Add(2*clientLife + time.Minute)}
	result, err := s.store.Spend(r.Context(), store.Trip{Now: now, Claims: []store.Claim{claim}})
	return err == nil && result.Status == store.Granted
}
