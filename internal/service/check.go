package service

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/web"
)

// submission is what a backend says of a request that it got. All of it is that
// backend's claim: the signature says who makes it, not that it is true.
type submission struct {
	Form    string      `json:"form"`
	Address string      `json:"address"`
	Method  string      `json:"method"`
	URL     string      `json:"url"`
	Headers http.Header `json:"headers"`
	Fields  [][2]string `json:"fields"`
	Files   []string    `json:"files"` // names of the file inputs that were used
	JSON    bool        `json:"json"`
	Want    []string    `json:"want"`
	Nonce   string      `json:"nonce"` // of the page on which the form will be shown again
}

// claimed names what a judgement took from the backend's word.
var claimed = []string{"address", "headers", "url", "fields"}

// judgement is a decision as a backend gets it.
type judgement struct {
	palisade.Decision
	Allowed bool            `json:"allowed"`
	Status  int             `json:"status"` // to answer the visitor with
	Retry   float64         `json:"retry_after,omitempty"`
	Claimed []string        `json:"claimed"`
	Fields  string          `json:"fields,omitempty"`
	Ticket  *palisade.Offer `json:"ticket,omitempty"`
	Answer  *answered       `json:"answer,omitempty"`
}

// answered is a whole answer to the visitor.
type answered struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`
}

// typedMark is a field of the page that the backend replaces by what was typed, so
// that it need not leave the backend.
const typedMark = "palisade-typed"

// check judges a submission.
func (t *site) check(ctx context.Context, body []byte) (any, *web.Problem) {
	var said submission
	if err := decode(body, &said); err != nil {
		return nil, bad(err.Error())
	}
	form, r, wrong := t.request(ctx, &said)
	if wrong != nil {
		return nil, wrong
	}
	d := form.Check(r)
	j := &judgement{Decision: d, Allowed: d.Allowed(), Status: d.Status(), Retry: d.RetryAfter.Seconds(), Claimed: claimed}
	wants := func(what string) bool { return slices.Contains(said.Want, what) }
	switch {
	case !d.Allowed() && wants("answer"):
		j.Answer = t.answer(form, r, d, &said)
		j.Status = j.Answer.Status
	case d.Allowed() && wants("retry") || d.Outcome == palisade.Challenge:
		markup, ticket := form.Again(r, d, palisade.Page{Nonce: said.Nonce})
		j.Fields, j.Ticket = string(markup), ticket
	}
	return j, nil
}

// answer is the whole answer to a visitor who was refused. The page has a mark where
// what was typed belongs.
func (t *site) answer(form *palisade.Form, r *http.Request, d palisade.Decision, said *submission) *answered {
	if !said.JSON {
		again := *said
		again.Fields = [][2]string{{typedMark, ""}}
		if _, marked, wrong := t.request(r.Context(), &again); wrong == nil {
			r = marked
		}
	}
	w := httptest.NewRecorder()
	form.Refuse(w, r, d)
	a := &answered{Status: w.Code, Headers: map[string]string{}, Body: w.Body.String()}
	for name, values := range w.Header() {
		if name != "Connection" && name != "Content-Length" {
			a.Headers[name] = strings.Join(values, ", ")
		}
	}
	return a
}

// page asks for what goes inside the element of a form.
type page struct {
	submission
	Base  string `json:"base"`
	Again *struct {
		Fields [][2]string `json:"fields"`
	} `json:"again"`
}

// fields gives a page its fields.
func (t *site) fields(ctx context.Context, body []byte) (any, *web.Problem) {
	var asked page
	if err := decode(body, &asked); err != nil {
		return nil, bad(err.Error())
	}
	if asked.Base != "" && asked.Base != t.Base {
		return nil, bad(fmt.Sprintf("the service has base %q for this site, and the app %q: they must be the same", t.Base, asked.Base))
	}
	asked.Method = http.MethodGet
	if asked.Again != nil {
		asked.Method, asked.Fields = http.MethodPost, asked.Again.Fields
	}
	form, r, wrong := t.request(ctx, &asked.submission)
	if wrong != nil {
		return nil, wrong
	}
	markup, ticket := form.Again(r, palisade.Decision{}, palisade.Page{Nonce: asked.Nonce})
	return map[string]any{"html": markup, "ticket": ticket}, nil
}

// decode reads one JSON object and nothing behind it. Unknown members are let pass:
// a newer client may say more.
func decode(body []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(to); err != nil {
		return errors.New("the body is not the JSON object that /v1/openapi.json describes")
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something behind the JSON object")
	}
	return nil
}

const maxFields = 1000

// notForwarded are headers that a judgement has no use for, and that nobody should
// send us.
var notForwarded = []string{"Cookie", "Authorization", "Proxy-Authorization", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Content-Type"}

// request makes of what the backend says the request that the library judges.
func (t *site) request(ctx context.Context, said *submission) (*palisade.Form, *http.Request, *web.Problem) {
	form, err := t.forms.named(said.Form)
	if err != nil {
		return nil, nil, bad(err.Error())
	}
	addr, err := netip.ParseAddr(said.Address)
	if err != nil || addr.Zone() != "" {
		return nil, nil, bad("address is missing or no IP address: give that of the visitor")
	}
	u, err := url.Parse(said.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, nil, bad("url is missing or not absolute: give the address of the page")
	}
	if said.Method == "" || len(said.Method) > 32 || len(said.Fields)+len(said.Files) > maxFields {
		return nil, nil, bad("method is missing, or there are more than 1000 fields")
	}
	kind, body := encodeFields(said)
	r, err := http.NewRequestWithContext(ctx, said.Method, said.URL, strings.NewReader(body))
	if err != nil {
		return nil, nil, bad("method or url is none")
	}
	for name, values := range said.Headers {
		if name = http.CanonicalHeaderKey(name); !slices.Contains(notForwarded, name) {
			r.Header[name] = values
		}
	}
	if body != "" {
		r.Header.Set("Content-Type", kind)
	}
	r.RequestURI = u.RequestURI()
	r.RemoteAddr = net.JoinHostPort(addr.Unmap().String(), "0")
	return form, r, nil
}

// encodeFields writes the fields as the visitor's browser or program sent them.
func encodeFields(said *submission) (kind, body string) {
	if said.Method == http.MethodGet || said.Method == http.MethodHead {
		return "", ""
	}
	if said.JSON {
		return "application/json", encodeMembers(said.Fields)
	}
	var b strings.Builder
	if len(said.Files) > 0 {
		return encodeParts(said)
	}
	for _, field := range said.Fields {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(field[0]) + "=" + url.QueryEscape(field[1]))
	}
	return "application/x-www-form-urlencoded", b.String()
}

// encodeParts writes files that are empty: the judgement does not look into them, and
// the challenge page asks for them again.
func encodeParts(said *submission) (kind, body string) {
	var b strings.Builder
	w := multipart.NewWriter(&b)
	for _, field := range said.Fields {
		_ = w.WriteField(field[0], field[1]) // into memory
	}
	for _, name := range said.Files {
		_, _ = w.CreateFormFile(name, "file")
	}
	_ = w.Close()
	return w.FormDataContentType(), b.String()
}

func encodeMembers(fields [][2]string) string {
	members := make([]string, len(fields))
	for i, field := range fields {
		name, _ := json.Marshal(field[0]) // a string can always be written
		value, _ := json.Marshal(field[1])
		members[i] = string(name) + ":" + string(value)
	}
	return "{" + strings.Join(members, ",") + "}"
}

// forms are those of a site. Names that the configuration does not have come to be
// when a backend uses them in a signed call. The signature vouches that none is a
// visitor's; what the app forwards from visitors makes none.
type forms struct {
	mu    sync.Mutex
	guard *palisade.Guard
	model palisade.FormConfig
	all   map[string]*palisade.Form
}

// maxForms bounds a site's forms.
const maxForms = 200

func (f *forms) begin(guard *palisade.Guard, model palisade.FormConfig, configured []palisade.FormConfig) error {
	f.guard, f.model, f.all = guard, model, map[string]*palisade.Form{}
	var errs []error
	model.Name = "default"
	for _, c := range append([]palisade.FormConfig{model}, configured...) {
		form, err := guard.Form(c)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		f.all[c.Name] = form
	}
	return errors.Join(errs...)
}

func (f *forms) named(name string) (*palisade.Form, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if form := f.all[name]; form != nil {
		return form, nil
	}
	if len(f.all) >= maxForms {
		return nil, fmt.Errorf("the site has %d forms already; a form's name must not come from a visitor", maxForms)
	}
	c := f.model
	c.Name = name
	form, err := f.guard.Form(c)
	if err != nil {
		return nil, errors.New("form must be a name of 1 to 32 letters, digits, - or _")
	}
	f.all[name] = form
	return form, nil
}

// base serves what the app forwards of its base path: the script, the widget, and
// the endpoints of tickets and challenges.
func (s *Service) base(w http.ResponseWriter, r *http.Request) {
	t, _ := s.signer(r, nil)
	addr, err := netip.ParseAddr(r.Header.Get(headerClient))
	if t == nil || err != nil {
		unsigned.Serve(w)
		return
	}
	inner := r.Clone(r.Context())
	inner.URL.Path = t.Base + strings.TrimPrefix(r.URL.Path, "/v1/base/")
	inner.URL.RawPath = ""
	inner.RemoteAddr = net.JoinHostPort(addr.Unmap().String(), "0")
	// A form that this process does not know yet is answered 404: a visitor's word
	// makes none. The page's script then sends without a ticket, and the signed call
	// that judges this makes the form known.
	t.guard.Handler().ServeHTTP(w, inner)
}

//go:embed openapi.json
var openAPI []byte

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
}
