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
// The official test keys and tokens work and get the documented answers. Faults
// are scripted with [Server.Fail]; [Server.History] shows what was really sent.
// The answers come from the vendors' documents and from observation, not from
// what package captcha expects, so that the two cannot agree on a mistake.
//
// All services share one address, at the vendors' own paths. Two services share a
// path twice: at /siteverify, JSON without a member response is Prosopo's and all
// else hCaptcha's; at /validate, a captcha_id in the query is GeeTest's and all else
// Yandex's. Cap's is /{sitekey}/siteverify.
package captchatest

import (
	"crypto/rand"
	"encoding/json"
	"errors"
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

// Bounds of what a server keeps and reads.
const (
	maxHistory = 1000
	maxTokens  = 100_000
	maxRequest = 64 << 10
)

// Server is all services on one address. The zero value is not usable; see
// [New] and [NewServer].
type Server struct {
	http *httptest.Server // nil when only the handler is used
	base string           // its address then, if that is known
	mux  *http.ServeMux

	mu      sync.Mutex
	now     func() time.Time
	sites   map[string][]site // by service
	tokens  map[string]*token
	order   []string // tokens, oldest first
	faults  map[string]fault
	history []Call
	lie     Fault // what the answer that is being made must be wrong about

	anySecret bool
	gathering map[string]*gathering // by endpoint
}

// site is a pair of keys. Sites with one secret are one account.
type site struct{ sitekey, secret string }

// token is one that was solved.
type token struct {
	service, sitekey string
	solution         Solution
	used             bool
	idempotency      string
}

// Solution is what a solved token says, as far as its service reports it. Zero
// values mean: now, no action, no score (for reCAPTCHA v3 and Enterprise: 0.9).
type Solution struct {
	Hostname string
	Action   string
	CData    string
	Score    *float64 // as the service counts: Friendly Captcha v2 from 1 to 5, the others from 0 to 1
	Issued   time.Time
}

// New returns a server to be used as an http.Handler.
func New() *Server {
	s := &Server{
		mux: http.NewServeMux(), now: time.Now,
		sites: map[string][]site{}, tokens: map[string]*token{}, faults: map[string]fault{}, gathering: map[string]*gathering{},
	}
	for path := range pathsTaken() {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
			s.verify(serviceAt(path, r), w, r)
		})
	}
	s.mux.HandleFunc(redirected, s.trap)
	s.handleWidgets()
	return s
}

// verifyPaths are the paths of the services in reCAPTCHA's manner; those of the
// others are in vendors. Both versions of reCAPTCHA share one; a token knows which
// it is.
var verifyPaths = map[string]string{
	RecaptchaV2: "/recaptcha/api/siteverify",
	HCaptcha:    "/siteverify",
	Turnstile:   "/turnstile/v0/siteverify",
}

func pathOf(service string) (path string, known bool) {
	if v, found := vendors[service]; found {
		return v.path, true
	}
	path, known = verifyPaths[endpointOf(service)]
	return path, known
}

// pathsTaken are all paths, each with one of the services that have it.
func pathsTaken() map[string]string {
	taken := map[string]string{}
	for _, service := range Services() {
		path, _ := pathOf(service)
		taken[path] = endpointOf(service)
	}
	return taken
}

// serviceAt tells services apart that have the same path.
func serviceAt(path string, r *http.Request) string {
	switch path {
	case verifyPaths[HCaptcha]:
		if speaksProsopo(r) {
			return Prosopo
		}
		return HCaptcha
	case vendors[GeeTest].path:
		if r.URL.Query().Has("captcha_id") {
			return GeeTest
		}
		return Yandex
	}
	return pathsTaken()[path]
}

// NewServer returns a server that listens on a loopback port.
func NewServer() *Server {
	s := New()
	s.http = httptest.NewServer(s)
	return s
}

// Close stops a server made by NewServer, and what hangs at it.
func (s *Server) Close() {
	if s.http == nil {
		return
	}
	s.http.CloseClientConnections()
	s.http.Close()
}

// ServeHTTP serves the verify endpoints, the widget scripts and the endpoint
// from which they get their tokens.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// URL returns the address of the server, without a slash at its end: that of one made
// by NewServer, or what [Server.SetURL] said, or nothing.
func (s *Server) URL() string {
	if s.http == nil {
		return s.base
	}
	return s.http.URL
}

// SetURL says under which address a server made by [New] is reached. Call it before
// it serves.
func (s *Server) SetURL(base string) { s.base = strings.TrimSuffix(base, "/") }

// VerifyURL returns the verify endpoint of a service, for captcha.Endpoint; for a
// server made by [New], its path. Cap has one for each sitekey: it is that of the
// first one added, or of "sitekey". The project in that of reCAPTCHA Enterprise is
// "project"; any other will do too.
func (s *Server) VerifyURL(service string) string {
	path, known := pathOf(service)
	if !known {
		return s.URL() + "/unknown-service"
	}
	path = strings.Replace(path, "{project}", "project", 1)
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

// Services returns the names of all services, in an order that stays.
func Services() []string {
	return []string{
		RecaptchaV2, RecaptchaV3, RecaptchaEnterprise, HCaptcha, Turnstile, FriendlyV1, FriendlyV2,
		Sentinel, Cap, MCaptcha, PrivateCaptcha, Yandex, GeeTest, MTCaptcha, Prosopo,
	}
}

// endpointOf names the service whose endpoint a service uses.
func endpointOf(service string) string {
	if service == RecaptchaV3 {
		return RecaptchaV2
	}
	return service
}

// AddSite registers a pair of keys.
func (s *Server) AddSite(service, sitekey, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sites[service] = append(s.sites[service], site{sitekey, secret})
}

// AnySecret takes every secret for the right one of every site, and knows no test
// keys: for an audit, which does not know the secret of the app that asks. A token
// that [Server.Solve] did not make is still refused. Services that sign their tokens
// with the secret (GeeTest, ALTCHA Sentinel) need [Server.AddSite] all the same.
func (s *Server) AnySecret() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.anySecret = true
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
	if solution.Score == nil && (service == RecaptchaV3 || service == RecaptchaEnterprise) {
		score := 0.9
		solution.Score = &score
	}
	text := tokenPrefix[service] + rand.Text() + rand.Text() + rand.Text()
	key := text
	if v, found := vendors[service]; found && v.mint != nil {
		text, key = v.mint(s, sitekey, solution)
	}
	s.tokens[key] = &token{service: service, sitekey: sitekey, solution: solution}
	if s.order = append(s.order, key); len(s.order) > maxTokens {
		delete(s.tokens, s.order[0])
		s.order = s.order[1:]
	}
	return text
}

var tokenPrefix = map[string]string{
	RecaptchaV2: "03A", RecaptchaV3: "03A", RecaptchaEnterprise: "03A", HCaptcha: "P1_", Turnstile: "0.", MTCaptcha: "v1(",
}

// Call is one request to a verify endpoint, as it came.
type Call struct {
	Service string
	Method  string
	Path    string
	Header  http.Header
	Query   url.Values // what of the fields was in the URL
	Form    url.Values // form, query or JSON fields, those of objects inside as "event.token"; a text is "body"
}

// History returns the latest calls, oldest first.
func (s *Server) History() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.history)
}

// Clear forgets the history, heals all faults and lets go what [Server.Gather] holds.
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
func (s *Server) verify(service string, w http.ResponseWriter, r *http.Request) {
	form, err := read(r, service)
	s.mu.Lock()
	s.record(service, r, form)
	if g := s.gathering[endpointOf(service)]; g != nil {
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
		status, body = s.decide(service, r, form, err)
		s.lie = 0
	}
	s.mu.Unlock()
	var tooLarge *http.MaxBytesError
	switch {
	case failing != nil:
		failing.serve(w, r, status, body, flagOf(service))
	case errors.As(err, &tooLarge):
		http.Error(w, "too large", http.StatusRequestEntityTooLarge) // as reCAPTCHA: no JSON
	case body == nil:
		http.Error(w, http.StatusText(status), status)
	default:
		answer(w, status, body)
	}
}

// decide makes the answer to a call. The lock is held.
func (s *Server) decide(service string, r *http.Request, form url.Values, unread error) (int, map[string]any) {
	if v, found := vendors[service]; found {
		return v.decide(s, service, r, form, unread)
	}
	if unread != nil {
		return http.StatusOK, failure("bad-request")
	}
	return http.StatusOK, s.judge(service, form)
}

// record keeps a call. The lock is held.
func (s *Server) record(service string, r *http.Request, form url.Values) {
	s.history = append(s.history, Call{service, r.Method, r.URL.Path, r.Header.Clone(), r.URL.Query(), form})
	if len(s.history) > maxHistory {
		s.history = s.history[1:]
	}
}

// redirected is where [Redirect] leads.
const redirected = "/captchatest/redirected"

// trap is what a client meets that follows a redirect: a success, and a call in
// the history with the secret that it gave away.
func (s *Server) trap(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	form, _ := read(r, Turnstile) // what is readable is what was given away
	s.mu.Lock()
	s.record("redirected", r, form)
	body := s.success("", Solution{Issued: time.Now()})
	s.mu.Unlock()
	answer(w, http.StatusOK, body)
}

var errNotTaken = errors.New("captchatest: not a request that the service takes")

// read returns the fields of a request in a form that its service takes: an
// urlencoded POST for all, multipart and JSON for Turnstile alone, GET for
// reCAPTCHA (undocumented, and what some old clients send).
func read(r *http.Request, service string) (url.Values, error) {
	if v, found := vendors[service]; found {
		return v.read(r)
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case r.Method == http.MethodGet && service == RecaptchaV2:
		return r.URL.Query(), nil
	case r.Method != http.MethodPost:
		return nil, errNotTaken
	case kind == "application/x-www-form-urlencoded":
		err := r.ParseForm()
		return r.PostForm, err
	case kind == "multipart/form-data" && service == Turnstile:
		err := r.ParseMultipartForm(maxRequest)
		return r.PostForm, err
	case kind == "application/json" && service == Turnstile:
		var fields map[string]string
		err := json.NewDecoder(r.Body).Decode(&fields)
		form := url.Values{}
		for name, value := range fields {
			form.Set(name, value)
		}
		return form, err
	}
	return nil, errNotTaken
}

// judge is what a service decides, by its own documents. The lock is held.
func (s *Server) judge(endpoint string, form url.Values) map[string]any {
	secret, response, sitekey := form.Get("secret"), form.Get("response"), form.Get("sitekey")
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
	t := s.tokens[response]
	if s.anySecret {
		switch {
		case t == nil || endpointOf(t.service) != endpoint:
			return failure("invalid-input-response")
		case endpoint == HCaptcha && sitekey != "" && sitekey != t.sitekey:
			return failure("sitekey-secret-mismatch")
		}
		return s.redeem(t.service, t, form.Get("idempotency_key"))
	}
	if body := s.testKeys(endpoint, secret, response, sitekey, t != nil); body != nil {
		return body
	}
	service, account := s.account(endpoint, secret)
	switch {
	case account == nil:
		return failure("invalid-input-secret")
	case endpoint == HCaptcha && sitekey != "" && !slices.Contains(account, sitekey):
		return failure("sitekey-secret-mismatch")
	case t == nil || t.service != service:
		return failure("invalid-input-response")
	case endpoint == HCaptcha && (sitekey != "" && sitekey != t.sitekey || !slices.Contains(account, t.sitekey)):
		return failure("sitekey-secret-mismatch")
	case !slices.Contains(account, t.sitekey):
		return failure("invalid-input-response")
	}
	return s.redeem(service, t, form.Get("idempotency_key"))
}

// account returns the service and the sitekeys that a secret belongs to.
func (s *Server) account(endpoint, secret string) (service string, sitekeys []string) {
	for _, candidate := range []string{RecaptchaV2, RecaptchaV3, HCaptcha, Turnstile} {
		if endpointOf(candidate) != endpoint {
			continue
		}
		for _, site := range s.sites[candidate] {
			if site.secret == secret {
				service, sitekeys = candidate, append(sitekeys, site.sitekey)
			}
		}
	}
	return service, sitekeys
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
		case t.used && s.lie != Reusable:
			return failure("already-seen-response")
		}
	} else if expired || t.used && !again && s.lie != Reusable {
		return failure("timeout-or-duplicate")
	}
	t.used, t.idempotency = true, idempotency
	return s.success(service, t.solution)
}

// bend makes a solution wrong, where a fault wants it. The lock is held.
func (s *Server) bend(solution Solution) Solution {
	switch s.lie {
	case WrongHostname:
		solution.Hostname = "evil.example"
	case WrongAction:
		solution.Action = "newsletter"
	}
	return solution
}

func (s *Server) success(service string, solution Solution) map[string]any {
	solution = s.bend(solution)
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
// returns nil where none is involved. Real says that the token is none of them.
func (s *Server) testKeys(service, secret, response, sitekey string, real bool) map[string]any {
	now := s.now()
	switch service {
	case RecaptchaV2:
		if secret == "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe" { // passes whatever the token
			return s.success(service, Solution{Hostname: "testkey.google.com", Issued: now})
		}
	case HCaptcha:
		n := slices.Index(hcaptchaTokens, response)
		switch dummy := secret == "0x0000000000000000000000000000000000000000"; {
		case dummy && n < 0:
			return failure("not-using-dummy-passcode")
		case dummy:
			solution := Solution{Hostname: "dummy-key-pass", Issued: now}
			body := s.success(service, solution)
			if n > 0 { // Enterprise: 0 is safe, 1 is a bot, and both are a success
				body["score"], body["score_reason"] = float64(n-1), []string{[]string{"safe", "bot"}[n-1]}
			}
			return body
		case n >= 0:
			body := s.success(service, Solution{Hostname: "dummy-key-pass", Issued: now})
			body["success"], body["error-codes"] = false, []string{"not-using-dummy-secret"}
			return body
		case slices.Contains(hcaptchaSitekeys, sitekey): // the dummy sitekey and another secret
			return failure("not-using-dummy-passcode")
		}
	case Turnstile:
		switch {
		case real && slices.Contains(turnstileSecrets, secret):
			return failure("invalid-input-secret")
		case secret == turnstileSecrets[0]: // also a made-up token passes
			return s.success(service, Solution{Hostname: "example.com", Issued: now})
		case secret == turnstileSecrets[1]:
			return failure("invalid-input-response")
		case secret == turnstileSecrets[2]:
			return failure("timeout-or-duplicate")
		case strings.HasPrefix(response, "XXXX.DUMMY.TOKEN"):
			return failure("invalid-input-response")
		}
	}
	return nil
}

// Public test keys and tokens, from the vendors' documents.
var (
	hcaptchaSitekeys = []string{
		"10000000-ffff-ffff-ffff-000000000001", "20000000-ffff-ffff-ffff-000000000002", "30000000-ffff-ffff-ffff-000000000003",
	}
	hcaptchaTokens = []string{
		"10000000-aaaa-bbbb-cccc-000000000001", "20000000-aaaa-bbbb-cccc-000000000002", "30000000-aaaa-bbbb-cccc-000000000003",
	}
	turnstileSecrets = []string{
		"1x0000000000000000000000000000000AA", "2x0000000000000000000000000000000AA", "3x0000000000000000000000000000000AA",
	}
)
