// Package captchatest is an offline stand-in for the CAPTCHA services that package
// captcha verifies, over real HTTP. It is importable like net/http/httptest, by
// tests and by anything else that must run without a network; test suites in other
// languages use it through [Server.Control].
//
//	services := captchatest.NewServer()
//	defer services.Close()
//	services.AddSite(captchatest.HCaptcha, "sitekey", "secret")
//	provider := captcha.HCaptcha("sitekey", "secret", captcha.Endpoint(services.VerifyURL(captchatest.HCaptcha)))
//	token := services.Solve(captchatest.HCaptcha, "sitekey", captchatest.Solution{Hostname: "example.com"})
//
// The official test keys and tokens work and get the documented answers. [Server.Fail]
// causes faults; [Server.History] shows the requests that were really sent. The answers
// come from the vendors' documents and from observation, not from the expectations of
// package captcha, so that both cannot share a mistake. Only some facts come from package
// captcha, because any vendor's page shows them: addresses, fields, classes.
//
// All services share one address, at the vendors' own paths. Two services share a
// path twice: at /siteverify, JSON without a member response is Prosopo's and everything
// else hCaptcha's; at /validate, a captcha_id in the query is GeeTest's and everything
// else Yandex's. Cap's path is /{sitekey}/siteverify.
//
// A service of [captcha.Services] needs nothing here if its requests and answers are like
// those of reCAPTCHA's siteverify. Every other service has one file in this package. If
// another service has the same path, the service's name precedes it: [Server.VerifyURL].
package captchatest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Names of the services.
const (
	RecaptchaV2 = "recaptcha-v2"
	RecaptchaV3 = "recaptcha-v3"
	HCaptcha    = "hcaptcha"
	Turnstile   = "turnstile"

	RecaptchaEnterprise = "recaptcha-enterprise"
	FriendlyV1          = "friendly-v1"
	FriendlyV2          = "friendly-v2"
	Sentinel            = "altcha-sentinel"
	Cap                 = "cap"
	MCaptcha            = "mcaptcha"
	PrivateCaptcha      = "private-captcha"
	Yandex              = "yandex-smartcaptcha"
	GeeTest             = "geetest-v4"
	MTCaptcha           = "mtcaptcha"
	Prosopo             = "prosopo"
)

// Bounds of the stored and read data.
const (
	maxHistory = 1000
	maxTokens  = 100_000
	maxRequest = 64 << 10
)

// Server is all services on one address. The zero value is not usable; see
// [New] and [NewServer].
type Server struct {
	http *httptest.Server // nil if only the handler is used
	base string           // then its address, if it is known
	mux  *http.ServeMux

	mu      sync.Mutex
	now     func() time.Time
	sites   map[string][]site // by service
	tokens  map[string]*token
	order   []string // tokens, oldest first
	faults  map[string]fault
	history []Call
	lie     Fault // the fault of the current answer

	anySecret bool
	gathering map[string]*gathering // by endpoint
}

// site is a pair of keys. Sites with one secret belong to one account.
type site struct{ sitekey, secret string }

// token is a solved token.
type token struct {
	service, sitekey string
	solution         Solution
	used             bool
	again            string // idempotency key of its question
}

// Solution is the content of a solved token, as far as its service reports it. Zero
// values mean: now, no action, no score (for reCAPTCHA v3 and Enterprise: 0.9).
type Solution struct {
	Hostname string
	Action   string
	CData    string
	Score    *float64 // in the service's own scale: Friendly Captcha v2 from 1 to 5, the others from 0 to 1
	Issued   time.Time
}

// New returns a server for use as an http.Handler.
func New() *Server {
	s := &Server{
		mux: http.NewServeMux(), now: time.Now,
		sites: map[string][]site{}, tokens: map[string]*token{}, faults: map[string]fault{}, gathering: map[string]*gathering{},
	}
	byPath := map[string][]*vendor{}
	for _, v := range vendors() {
		if v.like == "" {
			byPath[v.path] = append(byPath[v.path], v)
		}
	}
	for path, at := range byPath {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
			s.verify(meant(at, r), w, r)
		})
	}
	s.mux.HandleFunc(redirected, s.trap)
	s.handleWidgets()
	return s
}

// meant chooses between services that have the same path.
func meant(at []*vendor, r *http.Request) *vendor {
	var rest *vendor
	for _, v := range at {
		if v.mine == nil {
			rest = v
		} else if v.mine(r) {
			return v
		}
	}
	return rest
}

// NewServer returns a server that listens on a loopback port.
func NewServer() *Server {
	s := New()
	s.http = httptest.NewServer(s)
	return s
}

// Close stops a server made by NewServer, and its hanging calls.
func (s *Server) Close() {
	if s.http == nil {
		return
	}
	s.http.CloseClientConnections()
	s.http.Close()
}

// ServeHTTP serves the verify endpoints, the widget scripts and the endpoint
// that gives the scripts their tokens.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// URL returns the address of the server, without a slash at its end. It is the address of
// a server made by NewServer, the argument of [Server.SetURL], or "".
func (s *Server) URL() string {
	if s.http == nil {
		return s.base
	}
	return s.http.URL
}

// SetURL sets the address of a server made by [New]. Call it before the server serves.
func (s *Server) SetURL(base string) { s.base = strings.TrimSuffix(base, "/") }

// VerifyURL returns the verify endpoint of a service, for captcha.Endpoint; for a server
// made by [New], its path. Cap has one endpoint for each sitekey: VerifyURL returns that
// of the first sitekey added, or of "sitekey". The project in reCAPTCHA Enterprise's
// endpoint is "project", and any other works too.
func (s *Server) VerifyURL(service string) string {
	v := vendorOf(service)
	if v == nil {
		return s.URL() + "/unknown-service"
	}
	path := strings.Replace(v.path, "{project}", "project", 1)
	return s.URL() + strings.Replace(path, "{sitekey}", url.PathEscape(s.firstSitekey(service)), 1)
}

func (s *Server) firstSitekey(service string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sites := s.sites[service]; len(sites) > 0 {
		return sites[0].sitekey
	}
	return "sitekey"
}

// Services returns the names of all services, in the order of captcha.Services.
func Services() (names []string) {
	for _, v := range vendors() {
		names = append(names, v.name)
	}
	return names
}

// endpointOf returns the name of the service that has the endpoint of a service.
func endpointOf(service string) string {
	if v := vendorOf(service); v != nil {
		return cmp.Or(v.like, service)
	}
	return service
}

// AddSite registers a pair of keys.
func (s *Server) AddSite(service, sitekey, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sites[service] = append(s.sites[service], site{sitekey, secret})
}

// AnySecret makes the server accept every secret for every site, and disables the test
// keys. It is for an audit, which does not know the secret of the app. Tokens that
// [Server.Solve] did not make are still refused. Services that sign their tokens with the
// secret (GeeTest, ALTCHA Sentinel) still need [Server.AddSite].
func (s *Server) AnySecret() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.anySecret = true
}

// SetClock sets the clock for the expiry of tokens. Default time.Now.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// Solve returns a fresh token that is good once. A visitor gets such a token from the
// widget, and a bot buys one for a tenth of a cent.
func (s *Server) Solve(service, sitekey string, solution Solution) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if solution.Issued.IsZero() {
		solution.Issued = s.now()
	}
	v := vendorOf(service)
	if v == nil { // no service accepts the token
		v = &vendor{}
	}
	if solution.Score == nil && v.scored {
		score := 0.9
		solution.Score = &score
	}
	text := v.prefix + rand.Text() + rand.Text() + rand.Text()
	key := text
	if v.mint != nil {
		text, key = v.mint(s, sitekey, solution)
	}
	s.tokens[key] = &token{service: service, sitekey: sitekey, solution: solution}
	if s.order = append(s.order, key); len(s.order) > maxTokens {
		delete(s.tokens, s.order[0])
		s.order = s.order[1:]
	}
	return text
}

// Call is one request to a verify endpoint, as received.
type Call struct {
	Service string
	Method  string
	Path    string
	Header  http.Header
	Query   url.Values // the fields that were in the URL
	Form    url.Values // form, query or JSON fields, those of inner objects as "event.token"; a text is "body"
}

// History returns the latest calls, oldest first.
func (s *Server) History() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.history)
}

// Clear forgets the history, heals all faults and releases the calls that [Server.Gather] holds.
func (s *Server) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history, s.faults = nil, map[string]fault{}
	for _, g := range s.gathering {
		if g.end != nil {
			g.end()
		}
	}
	clear(s.gathering)
}

// verify answers one call.
func (s *Server) verify(v *vendor, w http.ResponseWriter, r *http.Request) {
	service := v.name
	form, err := v.read(r)
	s.mu.Lock()
	s.record(service, r, form)
	if g := s.gathering[service]; g != nil {
		wait := g.join()
		s.mu.Unlock()
		select {
		case <-wait.Done():
		case <-r.Context().Done():
		}
		s.mu.Lock()
	}
	failing := s.nextFault(service)
	status, body := http.StatusOK, map[string]any(nil)
	if failing == nil || failing.changesAnswer() {
		if failing != nil {
			s.lie = failing.kind
		}
		status, body = s.decide(v, r, form, err)
		s.lie = 0
	}
	s.mu.Unlock()
	var tooLarge *http.MaxBytesError
	switch {
	case failing != nil:
		failing.serve(w, r, status, body, v.flag)
	case errors.As(err, &tooLarge):
		http.Error(w, "too large", http.StatusRequestEntityTooLarge) // without JSON, as reCAPTCHA
	case body == nil:
		http.Error(w, http.StatusText(status), status)
	default:
		answer(w, status, body)
	}
}

// record stores a call. The lock is held.
func (s *Server) record(service string, r *http.Request, form url.Values) {
	s.history = append(s.history, Call{service, r.Method, r.URL.Path, r.Header.Clone(), r.URL.Query(), form})
	if len(s.history) > maxHistory {
		s.history = s.history[1:]
	}
}

// redirected is the target of [Redirect].
const redirected = "/captchatest/redirected"

// trap answers a client that follows a redirect: with a success, and a call in the
// history with the secret that the client gave away.
func (s *Server) trap(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	form, _ := vendorOf(Turnstile).read(r) // the readable fields are the ones given away
	s.mu.Lock()
	s.record("redirected", r, form)
	body := vendorOf(RecaptchaV2).success(s.bend(Solution{Issued: time.Now()}))
	s.mu.Unlock()
	answer(w, http.StatusOK, body)
}

var errNotTaken = errors.New("captchatest: not a request that the service takes")

// bend changes a solution as the current fault requires. The lock is held.
func (s *Server) bend(solution Solution) Solution {
	switch s.lie {
	case WrongHostname:
		solution.Hostname = "evil.example"
	case WrongAction:
		solution.Action = "newsletter"
	}
	return solution
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
