package service

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"github.com/palisade-dev/palisade/web"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A backend signs each request with its secret, which is never sent. Our signature proves
// that an answer is ours and belongs to this request. openapi.json describes the signed
// text.
const (
	headerKey       = "Palisade-Key"
	headerSignature = "Palisade-Signature"
	headerClient    = "Palisade-Client"

	signatureVersion = "v1="
	callSkew         = 2 * time.Minute
	maxSigned        = 1 << 20 // bytes of a request
)

// signer returns the site that signed a request with this body, or nil, and the signature.
// The answer's signature covers the request's.
func (s *Service) signer(r *http.Request, body []byte) (*site, string) {
	keys, lines, clients := r.Header[headerKey], r.Header[headerSignature], r.Header[headerClient]
	if len(keys) != 1 || len(lines) != 1 || len(clients) > 1 {
		return nil, ""
	}
	t := s.byKey[keys[0]]
	text, ok := strings.CutPrefix(lines[0], signatureVersion)
	at, signature, ok2 := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if t == nil || !ok || !ok2 || err != nil || s.config.Clock().Sub(time.Unix(seconds, 0)).Abs() > callSkew {
		return nil, ""
	}
	want := t.sign("palisade-v1", r.Method, r.RequestURI, at, r.Header.Get(headerClient), string(body))
	if !hmac.Equal([]byte(want), []byte(signature)) {
		return nil, ""
	}
	return t, signature
}

func (t *site) sign(lines ...string) string {
	hash := hmac.New(sha256.New, []byte(t.Secret))
	_, _ = io.WriteString(hash, strings.Join(lines, "\n")) // writing to a hash cannot fail
	return hex.EncodeToString(hash.Sum(nil))
}

// signed lets only sites call an endpoint, and signs its answers.
func (s *Service) signed(serve func(*site, context.Context, []byte) (any, *web.Problem)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxSigned))
		if err != nil {
			web.Problem{Status: http.StatusRequestEntityTooLarge, Detail: "a request has at most 1 MiB"}.Serve(w)
			return
		}
		t, signature := s.signer(r, body)
		if t == nil {
			unsigned.Serve(w)
			return
		}
		answer, wrong := serve(t, r.Context(), body)
		status := http.StatusOK
		if wrong != nil {
			answer, status = wrong.Filled(), wrong.Status
			w.Header().Set("Content-Type", web.ProblemType)
		} else {
			w.Header().Set("Content-Type", "application/json")
		}
		var text bytes.Buffer
		out := json.NewEncoder(&text)
		out.SetEscapeHTML(false) // escaping would make the markup even longer
		_ = out.Encode(answer)   // plain data: it cannot fail
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set(headerSignature, signatureVersion+t.sign("palisade-v1-answer", signature, strconv.Itoa(status), text.String()))
		w.WriteHeader(status)
		_, _ = w.Write(text.Bytes())
	}
}

var unsigned = &web.Problem{Status: http.StatusUnauthorized,
	Detail: "Palisade-Key or Palisade-Signature is missing or wrong, or the clocks are more than two minutes apart"}

func bad(detail string) *web.Problem {
	return &web.Problem{Status: http.StatusBadRequest, Detail: detail}
}
