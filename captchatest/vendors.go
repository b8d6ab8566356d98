package captchatest

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/palisade-dev/palisade/captcha"
)

// vendor describes the stand-in for one service. Only the name is required. Missing fields
// are as with reCAPTCHA's siteverify, or as package captcha describes the service.
type vendor struct {
	name   string
	like   string        // the service whose endpoint, requests and script this one shares
	path   string        // of the endpoint; default: that of the service's URL
	takes  []string      // methods and content types, as "POST application/json"
	life   time.Duration // default: that of captcha.Service
	flag   string        // the member of an answer for success
	prefix string        // the beginning of tokens
	pure   bool          // a token is not used up
	scored bool          // every token has a score, 0.9 unless Solution has one

	// mine reports whether a request is for this service and not for another one with the
	// same path. Without it the service gets the requests that no other one claims.
	mine func(r *http.Request) bool
	// read returns the fields of a request.
	read func(r *http.Request) (url.Values, error)
	// ask extracts the question from a request.
	ask func(s *Server, r *http.Request, form url.Values) question
	// test returns the answer for public test keys and tokens, and nil if none is
	// involved. real says that the token was made by Solve.
	test func(s *Server, v *vendor, q question, real bool) object
	// tell puts the ruling into the vendor's words. Without a body the answer is a page.
	tell func(s *Server, q question, r ruling, t *token) (status int, body object)
	// mint makes the text of a token, and the key under which ask finds it.
	// Default: random text, which is its own key.
	mint func(s *Server, sitekey string, solution Solution) (text, key string)
	// give returns the text that a widget with a public test key gets, if it is not a
	// token of Solve.
	give func(sitekey string) (token, why string)

	// For services like siteverify: codes that differ from its own, the layout of
	// times, and the further members of a success.
	codes  map[ruling]string
	layout string
	more   object

	keys       []keyPair // public test keys, which work without AddSite; an empty secret stands for any
	widget     widget    // how the stand-in for its script differs from others
	script     string    // path of the script; empty: there is no stand-in
	field      string    // the form field that the widget fills
	fieldless  bool      // the widget fills no field
	reports    []string  // see Reports
	siteverify bool      // see Siteverify
	checks     captcha.Descriptor
}

const (
	postForm = "POST application/x-www-form-urlencoded"
	postJSON = "POST application/json"
	get      = "GET "
)

// object is a JSON object.
type object = map[string]any

// question is the question in a request: is this token good, for this sitekey and by this
// secret? The sitekey is empty if the service does not get it.
type question struct {
	secret, sitekey, token string
	again                  string // the idempotency key for a second call, if the service has one
}

// ruling is the decision on a question.
type ruling int

const (
	good         ruling = iota
	unreadable          // the service does not take such a request
	noSecret            // no secret was sent
	noToken             // no token was sent
	wrongSecret         // no site has this secret
	wrongSitekey        // no site has it with this secret
	unknown             // a made-up token
	foreign             // a token of another site
	expired
	used
)

// special has the services whose descriptor alone is not enough.
var special = map[string]vendor{}

// standIn adds a service to special. The file of the service calls it in a variable
// declaration, so that there is no second list. A service that package captcha does not
// have is never served.
func standIn(v vendor) bool {
	special[v.name] = v
	return true
}

// vendors returns all services, in the order of captcha.Services.
var vendors = sync.OnceValue(func() (all []*vendor) {
	for _, d := range captcha.Services() {
		all = append(all, newVendor(d, all))
	}
	return all
})

// vendorOf returns a service, or nil.
func vendorOf(name string) *vendor {
	return vendorIn(vendors(), name)
}

func vendorIn(all []*vendor, name string) *vendor {
	if i := slices.IndexFunc(all, func(v *vendor) bool { return v.name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

// newVendor fills in the fields that a service's file omits. others are the services
// before it. If one of them has the same path, the path gets the name of the service in
// front, unless the requests can be distinguished.
func newVendor(d captcha.Descriptor, others []*vendor) *vendor {
	v := special[d.Name]
	v.name, v.checks = d.Name, d
	v.life = cmp.Or(v.life, d.Life)
	v.flag = cmp.Or(v.flag, "success")
	if !v.fieldless {
		v.field = d.Field
	}
	v.speakSiteverify()
	if first := vendorIn(others, v.like); first != nil {
		v.path, v.script = first.path, first.script
		return &v
	}
	taken := func(path string) bool {
		return slices.ContainsFunc(others, func(o *vendor) bool { return o.path == path && o.mine == nil && v.mine == nil || o.script == path })
	}
	if v.path = cmp.Or(v.path, pathOf(d.Endpoint)); taken(v.path) {
		v.path = "/" + v.name + v.path
	}
	if d.Class != "" || v.widget.Selector != "" {
		if v.script = pathOf(d.Script); taken(v.script) {
			v.script = "/" + v.name + v.script
		}
		v.widget = widget{
			Service: v.name, Selector: cmp.Or(v.widget.Selector, "."+d.Class), Fields: cmp.Or(v.widget.Fields, d.Field),
			Global: cmp.Or(v.widget.Global, strings.ReplaceAll(v.name, "-", "")), Rename: v.widget.Rename, Event: v.widget.Event, Empty: v.widget.Empty,
		}
	}
	return &v
}

// Field returns the name of the form field that a service's widget fills. It is empty
// for GeeTest, whose widget fills none, and for an unknown service.
func Field(service string) string {
	if v := vendorOf(service); v != nil {
		return v.field
	}
	return ""
}

// Reports returns the facts that a service's answer reports about a good token: "age",
// "host", "action" and "score", if it reports them to every account. The list is empty
// for an unknown service.
func Reports(service string) []string {
	if v := vendorOf(service); v != nil {
		return slices.Clone(v.reports)
	}
	return nil
}

// Siteverify reports whether a service's requests and answers are like those of
// reCAPTCHA's siteverify: a form with secret and response, an object with success and
// error-codes. It is false for an unknown service.
func Siteverify(service string) bool {
	v := vendorOf(service)
	return v != nil && v.siteverify
}

// pathOf returns the path of a URL of package captcha.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "/"
	}
	return u.Path
}

// decide makes the answer to a call. The lock is held.
func (s *Server) decide(v *vendor, r *http.Request, form url.Values, unread error) (int, object) {
	if unread != nil {
		return v.tell(s, question{}, unreadable, nil)
	}
	q := v.ask(s, r, form)
	if v.test != nil && !s.anySecret && q.secret != "" && q.token != "" {
		if body := v.test(s, v, q, s.tokens[q.token] != nil); body != nil {
			return http.StatusOK, body
		}
	}
	v = s.version(v, q)
	said, t := s.rule(v, q)
	return v.tell(s, q, said, t)
}

// version chooses between services that share an endpoint: by the account, or by the
// token if every secret is accepted.
func (s *Server) version(v *vendor, q question) *vendor {
	for _, other := range vendors() {
		if other.like != v.name {
			continue
		}
		t := s.tokens[q.token]
		has := slices.ContainsFunc(s.sites[other.name], func(site site) bool { return site.secret == q.secret })
		if s.anySecret && t != nil && t.service == other.name || !s.anySecret && has {
			return other
		}
	}
	return v
}

// rule decides by the common rules of all services, and uses up a good token.
func (s *Server) rule(v *vendor, q question) (ruling, *token) {
	var account []string
	for _, site := range s.sites[v.name] {
		if site.secret == q.secret {
			account = append(account, site.sitekey)
		}
	}
	t := s.tokens[q.token]
	if t != nil && t.service != v.name {
		t = nil
	}
	if s.anySecret && t != nil {
		account = []string{t.sitekey}
	} else if s.anySecret {
		account = []string{q.sitekey}
	}
	switch {
	case q.secret == "":
		return noSecret, t
	case q.token == "":
		return noToken, t
	case account == nil:
		return wrongSecret, t
	case q.sitekey != "" && !slices.Contains(account, q.sitekey):
		return wrongSitekey, t
	case t == nil:
		return unknown, t
	case !slices.Contains(account, t.sitekey) || q.sitekey != "" && q.sitekey != t.sitekey:
		return foreign, t
	case s.now().Sub(t.solution.Issued) > v.life:
		return expired, t
	case t.used && !v.pure && s.lie != Reusable && (q.again == "" || q.again != t.again):
		return used, t
	}
	t.used, t.again = true, q.again
	return good, t
}

// readFields returns the fields of a request: of its query and of its body.
func (v *vendor) readFields(r *http.Request) (url.Values, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.Method == http.MethodGet {
		kind = ""
	}
	values := r.URL.Query()
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		return values, err
	case !slices.Contains(v.takes, r.Method+" "+kind):
		return values, errNotTaken
	case kind == "application/json":
		return values, readJSON(values, body)
	case kind == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		for name := range form {
			values[name] = form[name]
		}
		return values, err
	case len(body) > 0:
		values.Set("body", string(body))
	}
	return values, nil
}

func readJSON(values url.Values, body []byte) error {
	var members map[string]any
	if err := json.Unmarshal(body, &members); err != nil {
		return err
	}
	flatten(values, "", members)
	return nil
}

// flatten writes the members of inner objects as "event.token".
func flatten(values url.Values, prefix string, members map[string]any) {
	for name, value := range members {
		switch value := value.(type) {
		case map[string]any:
			flatten(values, prefix+name+".", value)
		case nil:
		default:
			values.Set(prefix+name, fmt.Sprint(value))
		}
	}
}

// fields returns an ask function that reads three fields of the form.
func fields(secret, sitekey, token string) func(*Server, *http.Request, url.Values) question {
	return func(_ *Server, _ *http.Request, form url.Values) question {
		return question{secret: form.Get(secret), sitekey: form.Get(sitekey), token: form.Get(token)}
	}
}

func randomHex(size int) string {
	b := make([]byte, size)
	rand.Read(b)
	return hex.EncodeToString(b)
}
