package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/event"
)

// maxCall is the maximum size of a call: hCaptcha's tokens have some kilobytes.
const maxCall = 64 << 10

// siteverify answers one call. Every answer is in the vendor's format and has HTTP 200.
func (s *Service) siteverify(d *dialect, w http.ResponseWriter, r *http.Request) {
	v, owner := s.judge(d, w, r)
	e := event.Verification{Dialect: d.name, OK: v.why == none, Why: v.why.String(), Detail: v.detail}
	if owner != nil {
		e.Site = owner.Key
	}
	event.Log(r.Context(), s.config.Logger, e)
	s.config.Events.Tell(r.Context(), e)
	body := d.failure(d.codes[v.why])
	if v.why == none {
		body = d.success(&v)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // an error means that the client has gone away
}

func (s *Service) judge(d *dialect, w http.ResponseWriter, r *http.Request) (outcome, *site) {
	call, err := s.read(w, r)
	if err != nil {
		return outcome{why: badRequest, detail: err.Error()}, nil
	}
	secret := call.secret
	if d.secretHeader != "" {
		if values := r.Header[d.secretHeader]; len(values) == 1 {
			secret = values[0]
		} else if len(values) > 1 {
			return outcome{why: badRequest, detail: "secret sent twice"}, nil
		}
	}
	if secret == "" {
		return outcome{why: missingSecret}, nil
	}
	t := s.owner(secret)
	switch {
	case t == nil:
		return outcome{why: badSecret}, nil
	case call.response == "":
		return outcome{why: missingResponse}, t
	case d.checksSitekey && call.sitekey != "" && call.sitekey != t.Key && !t.vendorKey(call.sitekey):
		return outcome{why: wrongSitekey}, t
	}
	now := s.config.Clock()
	if d == turnstile && call.again != "" && t.Idempotent {
		return s.answers.once(t.Key+"\n"+call.again+"\n"+call.response, now, func() outcome { return t.redeem(r, call, now) }), t
	}
	return t.redeem(r, call, now), t
}

func (t *site) redeem(r *http.Request, call *call, now time.Time) outcome {
	if t.Captcha != nil {
		return t.ask(r.Context(), call.response, call.remote, now)
	}
	return t.verify(r.Context(), call.response, call.remote, now)
}

// vendorKey reports whether the page shows the vendor's widget with this key.
func (t *site) vendorKey(key string) bool { return t.Captcha != nil && t.Captcha.Sitekey() == key }

// call is a client's request.
type call struct {
	secret, response, sitekey, again string
	remote                           netip.Addr // zero if there is none, or an invalid one
}

var (
	errMethod = errors.New("method")
	errKind   = errors.New("content type")
	errTwice  = errors.New("a parameter is there twice")
	errBody   = errors.New("unreadable")
)

// read reads a call in any of the formats that clients send. It refuses repeated parameters:
// a client that builds its request from text lets a visitor add parameters.
func (s *Service) read(w http.ResponseWriter, r *http.Request) (*call, error) {
	c, seen := &call{}, map[string]bool{}
	set := func(name, value string) error {
		to := c.place(name)
		if to == nil && name != "remoteip" {
			return nil // version, remoteIp and all other members
		}
		if seen[name] {
			return errTwice
		}
		seen[name] = true
		if to != nil {
			*to = value
		} else if addr, err := netip.ParseAddr(strings.TrimSpace(value)); err == nil {
			c.remote = addr.Unmap() // otherwise "", None, a list, or text of a visitor: ignored
		}
		return nil
	}
	if s.config.Query {
		if err := each(r.URL.RawQuery, set); err != nil {
			return nil, err
		}
		if r.Method == http.MethodGet {
			return c, nil
		}
	}
	if r.Method != http.MethodPost {
		return nil, errMethod
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCall))
	if err != nil {
		return nil, errBody
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/x-www-form-urlencoded", "":
		return c, each(string(body), set)
	case "application/json":
		return c, members(body, set)
	case "multipart/form-data":
		return c, parts(body, params["boundary"], set)
	}
	return nil, errKind
}

func (c *call) place(name string) *string {
	switch name {
	case "secret":
		return &c.secret
	case "response":
		return &c.response
	case "sitekey":
		return &c.sitekey
	case "idempotency_key":
		return &c.again
	}
	return nil
}

// each calls set for the pairs of a form.
func each(text string, set func(name, value string) error) error {
	for text != "" {
		var pair string
		pair, text, _ = strings.Cut(text, "&")
		name, value, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(name)
		value, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return errBody
		}
		if err := set(name, value); err != nil {
			return err
		}
	}
	return nil
}

// members calls set for the text members of a JSON object.
func members(body []byte, set func(name, value string) error) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errBody
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return errBody
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return errBody
		}
		text, ok := value.(string)
		if !ok && value != nil && (name == "secret" || name == "response") {
			return errBody
		}
		if err := set(name.(string), text); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errBody
	}
	if _, err := d.Token(); err != io.EOF {
		return errBody
	}
	return nil
}

// parts calls set for the fields of a multipart body.
func parts(body []byte, boundary string, set func(name, value string) error) error {
	if boundary == "" {
		return errBody
	}
	for m := multipart.NewReader(bytes.NewReader(body), boundary); ; {
		part, err := m.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return errBody
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return errBody
		}
		if err := set(part.FormName(), string(value)); err != nil {
			return err
		}
	}
}
