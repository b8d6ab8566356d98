// Package captchatest is an offline stand-in for the CAPTCHA services: reCAPTCHA
// v2 and v3, hCaptcha and Turnstile, over real HTTP. It is importable like
// net/http/httptest, by tests and by anything else that must run without a
// network.
//
//	services := captchatest.NewServer()
//	defer services.Close()
//	services.AddSite(captchatest.HCaptcha, "sitekey", "secret")
//	provider := captcha.HCaptcha("sitekey", "secret", captcha.Endpoint(services.VerifyURL(captchatest.HCaptcha)))
//	token := services.Solve(captchatest.HCaptcha, "sitekey", captchatest.Solution{Hostname: "example.com"})
//
// The official test keys and tokens work and get the documented answers. Faults
// are scripted with [Server.Fail]; [Server.History] shows what was really sent.
// The answers come from the vendors' documents and from observation, not from
// what package captcha expects, so that the two cannot agree on a mistake.
package captchatest

import (
	"crypto/rand"
	"encoding/json"
	"mime"
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
)

// Bounds of what a server keeps and reads.
const (
	maxHistory = 1000
	maxTokens  = 100_000
	maxRequest = 1 << 20
)

// Server is all services on one address. The zero value is not usable; see
// [New] and [NewServer].
type Server struct {
	http *httptest.Server // nil when only the handler is used
	mux  *http.ServeMux

	mu      sync.Mutex
	now     func() time.Time
	sites   map[string][]site // by service
	tokens  map[string]*token
	order   []string // tokens, oldest first
	faults  map[string]fault
	history []Call
}

// site is a pair of keys.
type site struct{ sitekey, secret string }

// token is one that was solved.
type token struct {
	service, sitekey string
	solution         Solution
	used             bool
	idempotency      string
}

// Solution is what a solved token says. Zero values mean: now, no action, no
// score (for reCAPTCHA v3: 0.9).
type Solution struct {
	Hostname string
	Action   string
	CData    string
	Score    *float64 // in the service's own direction
	Issued   time.Time
}

// New returns a server to be used as an http.Handler.
func New() *Server {
	s := &Server{
		mux: http.NewServeMux(), now: time.Now,
		sites: map[string][]site{}, tokens: map[string]*token{}, faults: map[string]fault{},
	}
	for path, service := range verifyPaths {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { s.verify(service, w, r) })
	}
	s.handleWidgets()
	return s
}

// verifyPaths are the vendors' own paths. Both versions of reCAPTCHA share one;
// a token knows which it is.
var verifyPaths = map[string]string{
	"/recaptcha/api/siteverify": RecaptchaV2,
	"/siteverify":               HCaptcha,
	"/turnstile/v0/siteverify":  Turnstile,
}

// NewServer returns a server that listens on a loopback port.
func NewServer() *Server {
	s := New()
	s.http = httptest.NewServer(s)
	return s
}

// Close stops a server made by NewServer.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// ServeHTTP serves the verify endpoints, the widget scripts and the endpoint
// from which they get their tokens.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// URL returns the address of a server made by NewServer, without a slash.
func (s *Server) URL() string { return s.http.URL }

// VerifyURL returns the verify endpoint of a service.
func (s *Server) VerifyURL(service string) string {
	if service == RecaptchaV3 {
		service = RecaptchaV2
	}
	for path, name := range verifyPaths {
		if name == service {
			return s.URL() + path
		}
	}
	return s.URL() + "/unknown-service"
}

// AddSite registers a pair of keys.
func (s *Server) AddSite(service, sitekey, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sites[service] = append(s.sites[service], site{sitekey, secret})
}

// SetClock sets the time by which tokens expire. Default time.Now.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// Solve returns a fresh token that is good once: what a visitor gets from the
// widget, and a bot for a tenth of a cent.
func (s *Server) Solve(service, sitekey string, solution Solution) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if solution.Issued.IsZero() {
		solution.Issued = s.now()
	}
	if solution.Score == nil && service == RecaptchaV3 {
		score := 0.9
		solution.Score = &score
	}
	text := tokenPrefix[service] + rand.Text() + rand.Text() + rand.Text()
	s.tokens[text] = &token{service: service, sitekey: sitekey, solution: solution}
	if s.order = append(s.order, text); len(s.order) > maxTokens {
		delete(s.tokens, s.order[0])
		s.order = s.order[1:]
	}
	return text
}

var tokenPrefix = map[string]string{RecaptchaV2: "03A", RecaptchaV3: "03A", HCaptcha: "P1_", Turnstile: "0."}

// Call is one request to a verify endpoint, as it came.
type Call struct {
	Service string
	Method  string
	Path    string
	Header  http.Header
	Form    url.Values // form or JSON fields
}

// History returns the latest calls, oldest first.
func (s *Server) History() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.history)
}

// Clear forgets the history and heals all faults.
func (s *Server) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.history, s.faults = nil, map[string]fault{}
}

// verify answers one call.
func (s *Server) verify(service string, w http.ResponseWriter, r *http.Request) {
	form, readable := read(w, r, service)
	s.mu.Lock()
	s.history = append(s.history, Call{service, r.Method, r.URL.Path, r.Header.Clone(), form})
	if len(s.history) > maxHistory {
		s.history = s.history[1:]
	}
	failing := s.nextFault(service)
	var body map[string]any
	switch {
	case failing != nil && !failing.changesAnswer():
	case !readable:
		body = failure("bad-request")
	default:
		body = s.judge(service, form)
	}
	s.mu.Unlock()
	if failing != nil {
		failing.serve(w, r, body)
		return
	}
	answer(w, http.StatusOK, body)
}

// read returns the fields of a request in a form that its service takes: a form
// POST for all, JSON for Turnstile alone, GET for reCAPTCHA (undocumented, and
// what some old clients send).
func read(w http.ResponseWriter, r *http.Request, service string) (url.Values, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method == http.MethodGet && service == RecaptchaV2:
		return r.URL.Query(), true
	case r.Method != http.MethodPost:
		return nil, false
	case kind == "application/x-www-form-urlencoded", kind == "multipart/form-data":
		if r.ParseMultipartForm(maxRequest) != nil && r.ParseForm() != nil {
			return nil, false
		}
		return r.PostForm, true
	case kind == "application/json" && service == Turnstile:
		var fields map[string]string
		if json.NewDecoder(r.Body).Decode(&fields) != nil {
			return nil, false
		}
		form := url.Values{}
		for name, value := range fields {
			form.Set(name, value)
		}
		return form, true
	}
	return nil, false
}

// judge is what a service decides, by its own documents.
func (s *Server) judge(service string, form url.Values) map[string]any {
	secret, response := form.Get("secret"), form.Get("response")
	var missing []string
	if secret == "" {
		missing = append(missing, "missing-input-secret")
	}
	if response == "" {
		missing = append(missing, "missing-input-response")
	}
	if missing != nil {
		return failure(missing...)
	}
	if body := s.testKeys(service, secret, response); body != nil {
		return body
	}
	t := s.tokens[response]
	if t != nil && service == RecaptchaV2 && t.service == RecaptchaV3 {
		service = RecaptchaV3
	}
	own := s.siteOf(service, secret)
	switch {
	case own == nil && (service != RecaptchaV2 || s.siteOf(RecaptchaV3, secret) == nil):
		return failure("invalid-input-secret")
	case t == nil || t.service != service:
		return failure("invalid-input-response")
	case t.sitekey != own.sitekey, service == HCaptcha && form.Get("sitekey") != "" && form.Get("sitekey") != own.sitekey:
		if service == HCaptcha {
			return failure("sitekey-secret-mismatch")
		}
		return failure("invalid-input-response")
	}
	return s.redeem(service, t, form.Get("idempotency_key"))
}

func (s *Server) siteOf(service, secret string) *site {
	for i := range s.sites[service] {
		if s.sites[service][i].secret == secret {
			return &s.sites[service][i]
		}
	}
	return nil
}

var lives = map[string]time.Duration{RecaptchaV2: 2 * time.Minute, RecaptchaV3: 2 * time.Minute, HCaptcha: 2 * time.Minute, Turnstile: 5 * time.Minute}

// redeem uses a token up.
func (s *Server) redeem(service string, t *token, idempotency string) map[string]any {
	again := t.used && service == Turnstile && idempotency != "" && idempotency == t.idempotency
	expired := s.now().Sub(t.solution.Issued) > lives[service]
	if service == HCaptcha {
		switch {
		case expired:
			return failure("expired-input-response")
		case t.used:
			return failure("already-seen-response")
		}
	} else if expired || t.used && !again {
		return failure("timeout-or-duplicate")
	}
	t.used, t.idempotency = true, idempotency
	return success(service, t.solution)
}

func success(service string, solution Solution) map[string]any {
	layout := time.RFC3339
	switch service {
	case HCaptcha:
		layout = "2006-01-02T15:04:05.000000Z"
	case Turnstile:
		layout = "2006-01-02T15:04:05.000Z"
	}
	body := map[string]any{"success": true, "challenge_ts": solution.Issued.UTC().Format(layout), "hostname": solution.Hostname}
	if solution.Score != nil {
		body["score"] = *solution.Score
	}
	switch service {
	case RecaptchaV3:
		body["action"] = solution.Action
	case HCaptcha:
		body["credit"] = false
	case Turnstile:
		body["action"], body["cdata"], body["error-codes"] = solution.Action, solution.CData, []string{}
	}
	return body
}

func failure(codes ...string) map[string]any {
	return map[string]any{"success": false, "error-codes": codes}
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// testKeys answers the vendors' public test keys and tokens as documented, or
// returns nil where none is involved.
func (s *Server) testKeys(service, secret, response string) map[string]any {
	now := s.now()
	switch service {
	case RecaptchaV2:
		if secret == "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe" { // passes whatever the token
			return success(service, Solution{Hostname: "testkey.google.com", Issued: now})
		}
	case HCaptcha:
		n := slices.Index(hcaptchaTokens, response)
		switch dummy := secret == "0x0000000000000000000000000000000000000000"; {
		case dummy && n < 0:
			return failure("not-using-dummy-passcode")
		case dummy:
			solution := Solution{Hostname: "dummy-key-pass", Issued: now}
			body := success(service, solution)
			if n > 0 { // Enterprise: 0 is safe, 1 is a bot, and both are a success
				body["score"], body["score_reason"] = float64(n-1), []string{[]string{"safe", "bot"}[n-1]}
			}
			return body
		case n >= 0:
			body := success(service, Solution{Hostname: "dummy-key-pass", Issued: now})
			body["success"], body["error-codes"] = false, []string{"not-using-dummy-secret"}
			return body
		}
	case Turnstile:
		switch {
		case secret == "1x0000000000000000000000000000000AA": // also a made-up token passes
			return success(service, Solution{Hostname: "example.com", Issued: now})
		case secret == "2x0000000000000000000000000000000AA":
			return failure("invalid-input-response")
		case secret == "3x0000000000000000000000000000000AA":
			return failure("timeout-or-duplicate")
		case strings.HasPrefix(response, "XXXX.DUMMY.TOKEN"):
			return failure("invalid-input-response")
		}
	}
	return nil
}

var hcaptchaTokens = []string{
	"10000000-aaaa-bbbb-cccc-000000000001", "20000000-aaaa-bbbb-cccc-000000000002", "30000000-aaaa-bbbb-cccc-000000000003",
}
