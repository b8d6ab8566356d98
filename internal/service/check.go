package service

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/web"
)

// submission is a backend's description of a request that it got. All of it is the backend's
// claim: the signature proves the sender, not the content.
type submission struct {
	Form    string      `json:"form"`
	Address string      `json:"address"`
	Method  string      `json:"method"`
	URL     string      `json:"url"`
	Headers http.Header `json:"headers"`
	Fields  [][2]string `json:"fields"`
	Files   []string    `json:"files"` // names of the file inputs with a file
	JSON    bool        `json:"json"`
	Want    []string    `json:"want"`
	Nonce   string      `json:"nonce"` // nonce of the page that will show the form again
}

// claimed lists the values that a judgement took from the backend's claim.
var claimed = []string{"address", "headers", "url", "fields"}

// judgement is a decision in the format for backends.
type judgement struct {
	palisade.Decision
	Allowed bool            `json:"allowed"`
	Status  int             `json:"status"` // for the answer to the visitor
	Retry   float64         `json:"retry_after,omitempty"`
	Claimed []string        `json:"claimed"`
	Fields  string          `json:"fields,omitempty"`
	Ticket  *palisade.Offer `json:"ticket,omitempty"`
	Answer  *answered       `json:"answer,omitempty"`
	Receipt *receipt        `json:"receipt,omitempty"`
}

// receipt is for /v1/settle, if the effect comes of the submission.
type receipt struct {
	Text string `json:"text"`
	For  string `json:"for"`
}

// answered is a whole answer to the visitor.
type answered struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    string            `json:"body"`

	header http.Header
	body   strings.Builder
}

// typedMark is a placeholder in the page. The backend replaces it by the typed values, so
// that they need not leave the backend.
const typedMark = "palisade-typed"

// check judges a submission.
func (t *site) check(ctx context.Context, body []byte) (any, *web.Problem) {
	var said submission
	if err := decode(body, &said); err != nil {
		return nil, bad(err.Error())
	}
	form, sub, wrong := t.submission(ctx, &said)
	if wrong != nil {
		return nil, wrong
	}
	d := form.Judge(sub)
	j := &judgement{Decision: d, Allowed: d.Allowed(), Status: d.Status(), Retry: d.RetryAfter.Seconds(), Claimed: claimed}
	if text, effect := form.Receipt(sub, d); text != "" {
		j.Receipt = &receipt{text, effect.String()}
	}
	wants := func(what string) bool { return slices.Contains(said.Want, what) }
	switch {
	case !d.Allowed() && wants("answer"):
		j.Answer = said.answer(form, sub, d)
		j.Status = j.Answer.Status
	case d.Allowed() && wants("retry") || d.Outcome == palisade.Challenge:
		markup, offer := form.Show(sub, d, palisade.Page{Nonce: said.Nonce})
		j.Fields, j.Ticket = string(markup), offer
	}
	return j, nil
}

// settled is what a backend says of a submission after its answer.
type settled struct {
	Form    string `json:"form"`
	Receipt string `json:"receipt"`
}

// settle gives back what a submission took of the limits.
func (t *site) settle(ctx context.Context, body []byte) (any, *web.Problem) {
	var said settled
	if err := decode(body, &said); err != nil {
		return nil, bad(err.Error())
	}
	form, err := t.forms.named(said.Form)
	if err != nil {
		return nil, bad(err.Error())
	}
	switch err := form.Settle(ctx, said.Receipt); {
	case errors.Is(err, palisade.ErrReceipt):
		return nil, bad("the receipt is not one of this form, is older than ten minutes, or was used")
	case err != nil:
		return nil, &web.Problem{Status: http.StatusServiceUnavailable, Title: "Not available right now", Detail: "The store did not answer."}
	}
	return struct{}{}, nil
}

// answer is the whole answer to a refused visitor. The page has typedMark in the place of
// the typed values.
func (said *submission) answer(form *palisade.Form, sub *palisade.Submission, d palisade.Decision) *answered {
	if !said.JSON {
		sub = palisade.Submitted(sub.Request(), append(said.files(), palisade.Field{Name: typedMark}), false)
	}
	a := &answered{Headers: map[string]string{}, header: http.Header{}}
	form.Answer(a, sub, d)
	a.Body = a.body.String()
	for name, values := range a.header {
		if name != "Connection" && name != "Content-Length" {
			a.Headers[name] = strings.Join(values, ", ")
		}
	}
	return a
}

// Header, WriteHeader and Write make it an http.ResponseWriter.
func (a *answered) Header() http.Header { return a.header }

func (a *answered) WriteHeader(status int) {
	if a.Status == 0 {
		a.Status = status
	}
}

func (a *answered) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// page is the request for the fields of a form's page.
type page struct {
	submission
	Base  string `json:"base"`
	Again *struct {
		Fields [][2]string `json:"fields"`
	} `json:"again"`
}

// fields returns the fields for a page.
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
	form, sub, wrong := t.submission(ctx, &asked.submission)
	if wrong != nil {
		return nil, wrong
	}
	markup, offer := form.Show(sub, palisade.Decision{}, palisade.Page{Nonce: asked.Nonce})
	return map[string]any{"html": markup, "ticket": offer}, nil
}

// decode reads one JSON object, with nothing after it. It accepts unknown members, because a
// newer client may send more.
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

// notForwarded are headers that a judgement does not use. A backend should not send them.
var notForwarded = []string{"Cookie", "Authorization", "Proxy-Authorization", "Content-Encoding", "Content-Length", "Transfer-Encoding", "Content-Type"}

// submission converts the backend's claims to the submission that the library judges.
func (t *site) submission(ctx context.Context, said *submission) (*palisade.Form, *palisade.Submission, *web.Problem) {
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
	r, err := http.NewRequestWithContext(ctx, said.Method, said.URL, nil)
	if err != nil {
		return nil, nil, bad("method or url is none")
	}
	for name, values := range said.Headers {
		if name = http.CanonicalHeaderKey(name); !slices.Contains(notForwarded, name) {
			r.Header[name] = values
		}
	}
	r.RequestURI = u.RequestURI()
	r.RemoteAddr = net.JoinHostPort(addr.Unmap().String(), "0")
	return form, palisade.Submitted(r, said.fields(), said.JSON), nil
}

// fields are the fields in the body of the visitor's request.
func (said *submission) fields() []palisade.Field {
	if said.Method == http.MethodGet || said.Method == http.MethodHead {
		return nil
	}
	list := make([]palisade.Field, 0, len(said.Fields)+len(said.Files))
	for _, f := range said.Fields {
		list = append(list, palisade.Field{Name: f[0], Value: f[1]})
	}
	return append(list, said.files()...)
}

func (said *submission) files() (list []palisade.Field) {
	for _, name := range said.Files {
		list = append(list, palisade.Field{Name: name, File: true})
	}
	return list
}

// forms are the forms of a site. A form that is not in the configuration is created when a
// backend uses its name in a signed call. The signature proves that the name does not come
// from a visitor. A request that the app forwards from a visitor creates no form.
type forms struct {
	mu    sync.Mutex
	guard *palisade.Guard
	model palisade.FormConfig
	all   map[string]*palisade.Form
}

// maxForms is the maximum number of a site's forms.
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

// base serves the requests that the app forwards from its base path: the script, the widget,
// and the endpoints of tickets and challenges.
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
	// A form that this process does not know yet gets 404, because a visitor must not create
	// one. The page's script then submits without a ticket, and the signed call that judges
	// the submission creates the form.
	t.guard.Handler().ServeHTTP(w, inner)
}

//go:embed openapi.json
var openAPI []byte

func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(openAPI)
}
