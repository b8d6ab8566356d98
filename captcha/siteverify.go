package captcha

import (
	"context"
	"crypto/rand"
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
	"time"
)

// siteverify is the call that all services of this package share, named after
// reCAPTCHA's: a request with a token, answered by one JSON object. It contains transport,
// bounds, the three classes and the bindings. The differences between services are in
// [facts].
type siteverify struct {
	facts
	sitekey string
	secret  secret
	options
}

// facts are the properties of one service.
type facts struct {
	service Service

	// request makes the call, and read reads the answer. Nil: as reCAPTCHA's
	// siteverify.
	request func(s *siteverify, a Attempt) (*http.Request, error)
	read    func(s *siteverify, token string, body []byte) (*answer, error)
	// odd says why a token is not worth a call, beyond the common reasons. Nil: there
	// are no further reasons.
	odd func(s *siteverify, token string) Reason
	// offline answers in place of the service. Nil: the service is called.
	offline func(s *siteverify, token string) (*answer, Reason)

	// The values that the service's answer is bound to, and that must be checked.
	hostname, action, cdata bool
	sendSitekey             bool                        // the service checks the sitekey for us
	risk                    func(score float64) float64 // nil: no score. The direction of scores differs between services
	scored                  bool                        // every account gets a score, so it must be present
	idempotent              bool                        // the same token may be sent again, under one key
	maxAge                  time.Duration               // since the time of issue; 0: not checked
	quotaText               string                      // in an answer that passes only because a quota is used up
	oddText                 string                      // in a 5xx answer that a token can cause: no outage
	hostless                bool                        // there is no hostname to check
	mistakes                []string                    // in the constructor's own parameters

	// codes are the error codes that are not a plain refusal. "bad-request" is not
	// among them: a token may be able to cause it.
	codes map[string]class

	// Public test keys and tokens, which let everybody pass. If there are no test secrets,
	// the sitekey alone identifies a test.
	testSitekeys, testSecrets, testTokens []string
}

// class is our reading of an error code. With several codes, the order decides. Our own
// mistake is first: it occurs with any token, and no visitor can cause it. An outage is
// last: if a visitor may have caused the failure, it is no outage.
type class uint8

const (
	misconfigured class = iota
	refused             // also an unknown code
	spent
	missing
	unavailable
)

const (
	defaultTimeout = 5 * time.Second
	defaultMaxRisk = 0.5              // Google advises to start with it for reCAPTCHA v3
	maxAnswer      = 64 << 10         // bytes of an answer; real ones have a few hundred
	serviceSkew    = 30 * time.Second // how far ahead a service's clock may be
)

// secret prints as "[secret]". The text is behind a pointer, because package fmt does not
// call methods of values in unexported fields. It prints the address there.
type secret struct{ text *string }

func (s secret) reveal() string { return *s.text }

func (secret) String() string               { return "[secret]" }
func (secret) GoString() string             { return "[secret]" }
func (secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// options are the options that a caller may set.
type options struct {
	endpoint      string
	client        *http.Client
	timeout       time.Duration
	maxRisk       float64
	needScore     bool
	sendAddress   bool
	checkHostname bool
}

// Option changes how a provider works.
type Option func(*siteverify)

// Endpoint sets another verify URL, such as that of package captchatest or a
// regional host. It must be https, or http to a loopback address.
func Endpoint(url string) Option { return func(s *siteverify) { s.endpoint = url } }

// Client sets the HTTP client. Redirects are never followed, whatever the client's
// settings, because they would send the secret to another host.
func Client(client *http.Client) Option { return func(s *siteverify) { s.client = client } }

// Timeout bounds the whole of Verify. Turnstile is called again if the first half of it
// passes without an answer. Default 5 s, at most a minute.
func Timeout(d time.Duration) Option { return func(s *siteverify) { s.timeout = d } }

// MaxRisk sets the highest accepted risk, from 0 human to 1 bot, and makes the score
// required. Default 0.5 for reCAPTCHA v3 and Enterprise. hCaptcha, Friendly Captcha v2,
// Prosopo and ALTCHA Sentinel report a score to some accounts: without this option, a
// reported risk above 0.5 refuses and a missing one does not. A risk of 1 is a mistake,
// because it refuses no token. So is any risk for a service without a score.
func MaxRisk(risk float64) Option {
	return func(s *siteverify) { s.maxRisk, s.needScore = risk, true }
}

// SendAddress sends the visitor's address to services that take it: those of Google,
// hCaptcha, Turnstile, Yandex and Prosopo. It helps the service. It is not sent by
// default, because it is personal data.
func SendAddress() Option { return func(s *siteverify) { s.sendAddress = true } }

// CheckHostname compares the reported hostname with Expect.Hosts. It is the default for
// all services that report one, except hCaptcha, whose hostname comes from the visitor's
// browser, and ALTCHA Sentinel. hCaptcha reports none under load, and with this option
// visitors are then refused. It is a mistake if a service never reports a hostname.
func CheckHostname() Option { return func(s *siteverify) { s.checkHostname = true } }

// AnyHostname accepts tokens from pages on any host. The service should then be
// configured to check domains itself.
func AnyHostname() Option { return func(s *siteverify) { s.checkHostname = false } }

func newSiteverify(f facts, sitekey, key string, opts []Option) *siteverify {
	s := &siteverify{facts: f, sitekey: sitekey, secret: secret{&key}, options: options{
		endpoint: f.service.Endpoint, timeout: defaultTimeout, maxRisk: defaultMaxRisk,
		needScore: f.scored, checkHostname: f.hostname,
	}}
	if s.request == nil {
		s.request = postSiteverify
	}
	if s.read == nil {
		s.read = readSiteverify
	}
	for _, opt := range opts {
		opt(s)
	}
	client := http.Client{Transport: transport()}
	if s.client != nil {
		client = *s.client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.client = &client
	return s
}

// transport keeps connections open: a new TLS connection for each call costs
// more than everything else.
func transport() http.RoundTripper {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true, IdleConnTimeout: 90 * time.Second}
	if standard, ok := http.DefaultTransport.(*http.Transport); ok { // a program may have replaced it
		t = standard.Clone()
	}
	t.MaxIdleConnsPerHost = 32
	t.MaxResponseHeaderBytes = maxAnswer
	return t
}

// String names the provider without its secret.
func (s *siteverify) String() string { return s.service.Name + "(" + s.sitekey + ")" }

// GoString is String, for %#v.
func (s *siteverify) GoString() string { return s.String() }

// Service returns the public facts.
func (s *siteverify) Service() Service { return s.service }

// Sitekey returns the public key.
func (s *siteverify) Sitekey() string { return s.sitekey }

// Validate reports every mistake of the configuration.
func (s *siteverify) Validate(test bool) error {
	var errs []error
	mistake := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(s.service.Name+": "+format, args...))
	}
	for _, key := range []struct{ name, value string }{{"sitekey", s.sitekey}, {"secret", s.secret.reveal()}} {
		switch {
		case key.value == "":
			mistake("the %s is missing", key.name)
		case strings.ContainsFunc(key.value, notToken):
			mistake("the %s has spaces or other characters that no key has", key.name)
		}
	}
	if s.sitekey != "" && s.sitekey == s.secret.reveal() {
		mistake("sitekey and secret are the same")
	}
	if slices.Contains(s.testSecrets, s.sitekey) || slices.Contains(s.testSitekeys, s.secret.reveal()) {
		mistake("sitekey and secret are swapped")
	}
	if !test && (slices.Contains(s.testSitekeys, s.sitekey) || slices.Contains(s.testSecrets, s.secret.reveal())) {
		mistake("these are public test keys, with which everybody passes; they need Config.InsecureTestKeys")
	}
	for _, text := range s.mistakes {
		mistake("%s", text)
	}
	if s.offline == nil && !safeEndpoint(s.endpoint) {
		mistake("the endpoint must be an https URL, or http to a loopback address")
	}
	if s.timeout <= 0 || s.timeout > time.Minute {
		mistake("the timeout must lie between 0 and a minute")
	}
	if !(s.maxRisk >= 0 && s.maxRisk < 1) { // written so because of NaN
		mistake("MaxRisk must be at least 0 and below 1, at which it would refuse nobody")
	}
	if s.risk == nil && s.needScore {
		mistake("there is no score to compare MaxRisk with")
	}
	if s.hostless && s.checkHostname {
		mistake("there is no hostname that CheckHostname could check")
	}
	return errors.Join(errs...)
}

func safeEndpoint(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (err == nil && addr.IsLoopback() || u.Hostname() == "localhost")
}

// Verify asks the service about a token, unless the token itself shows that it is bad.
func (s *siteverify) Verify(ctx context.Context, a Attempt) (Result, error) {
	if why := s.local(a.Token); why != "" {
		return Result{Reason: why}, nil
	}
	answer, why, err := s.ask(ctx, a)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		// The visitor closed the connection, or only its sending half, and waits for
		// the effect of an outage. That is no outage.
		return Result{Reason: ReasonRefused}, nil
	case err != nil || why != "":
		return Result{Reason: why}, err
	}
	return s.bind(answer, a), nil
}

// postSiteverify makes reCAPTCHA's request, which similar services share.
func postSiteverify(s *siteverify, a Attempt) (*http.Request, error) {
	form := url.Values{"secret": {s.secret.reveal()}, "response": {a.Token}}
	if s.sendSitekey {
		form.Set("sitekey", s.sitekey)
	}
	if address := s.address(a); address != "" {
		form.Set("remoteip", address)
	}
	if s.idempotent {
		form.Set("idempotency_key", newUUID())
	}
	return s.postForm(form)
}

// address returns the visitor's address if it may be sent.
func (s *siteverify) address(a Attempt) string {
	if !s.sendAddress || !a.Remote.IsValid() {
		return ""
	}
	return a.Remote.Unmap().WithZone("").String()
}

func (s *siteverify) postForm(form url.Values) (*http.Request, error) {
	return s.post("application/x-www-form-urlencoded", form.Encode())
}

func (s *siteverify) postJSON(members map[string]any) (*http.Request, error) {
	body, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	return s.post("application/json", string(body))
}

func (s *siteverify) post(kind, body string) (*http.Request, error) {
	request, err := http.NewRequest(http.MethodPost, s.endpoint, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", kind)
	return request, nil
}

// ask calls the service. If there was no answer and it is safe, ask calls once more. It is
// safe only with the service's own idempotency key: otherwise the first call may have
// used up the token.
func (s *siteverify) ask(ctx context.Context, a Attempt) (*answer, Reason, error) {
	if s.offline != nil {
		answer, why := s.offline(s, a.Token)
		return answer, why, nil
	}
	request, err := s.request(s, a)
	if err != nil { // the error may quote the URL
		return nil, "", s.fail(ErrMisconfigured, "endpoint")
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if s.idempotent {
		half, done := context.WithTimeout(ctx, s.timeout/2) // leaves time for the second call
		answer, why, err := s.call(half, request, a.Token)
		done()
		if !errors.Is(err, ErrUnavailable) || ctx.Err() != nil {
			return answer, why, err
		}
	}
	return s.call(ctx, request, a.Token)
}

// local refuses a token that is not worth a call.
func (s *siteverify) local(token string) Reason {
	switch {
	case token == "" || token == "null" || token == "undefined" || strings.TrimSpace(token) == "":
		return ReasonMissing
	case len(token) > s.service.MaxToken || strings.ContainsFunc(token, notToken):
		return ReasonMalformed
	case slices.Contains(s.testTokens, token) && !s.testing():
		return ReasonTestToken
	case s.odd != nil:
		return s.odd(s, token)
	}
	return ""
}

// testing reports whether the keys are the service's public test keys.
func (s *siteverify) testing() bool {
	if len(s.testSecrets) == 0 {
		return slices.Contains(s.testSitekeys, s.sitekey)
	}
	return slices.Contains(s.testSecrets, s.secret.reveal())
}

func notToken(c rune) bool { return c <= ' ' || c > '~' }

// call makes one request and assigns the answer to one of the three classes.
func (s *siteverify) call(ctx context.Context, request *http.Request, token string) (*answer, Reason, error) {
	request = request.Clone(ctx)
	if request.GetBody != nil { // a second call must not send only the rest of the first body
		request.Body, _ = request.GetBody() // cannot fail for a strings.Reader
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "palisade")
	response, err := s.client.Do(request)
	if err != nil {
		return nil, "", s.fail(ErrUnavailable, network(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, "", s.fail(ErrUnavailable, "the answer broke off")
	case len(body) > maxAnswer:
		return nil, "", s.fail(ErrUnavailable, "the answer is too large")
	case s.quotaText != "" && strings.Contains(string(body), s.quotaText):
		return nil, "", s.fail(ErrMisconfigured, "the quota is used up")
	case response.StatusCode == http.StatusTooManyRequests:
		return nil, "", s.fail(ErrMisconfigured, "the quota is used up (429)")
	case response.StatusCode >= 500 && s.oddText != "" && strings.Contains(string(body), s.oddText):
		return nil, ReasonMalformed, nil
	case response.StatusCode >= 500 || response.StatusCode >= 300 && response.StatusCode < 400:
		return nil, "", s.fail(ErrUnavailable, response.Status)
	}
	parsed, err := s.read(s, token, body)
	switch {
	case err != nil && causedByToken(response.StatusCode):
		return nil, ReasonMalformed, nil
	case err != nil && response.StatusCode >= 400:
		// The endpoint is wrong, or the service blocks us. A filter in front of the
		// service may also have refused the token. So it must not count as an outage.
		return nil, "", s.fail(ErrMisconfigured, response.Status)
	case err != nil:
		return nil, "", s.fail(ErrUnavailable, err.Error())
	case parsed.success && response.StatusCode != http.StatusOK:
		return nil, "", s.fail(ErrUnavailable, "success with "+response.Status)
	case parsed.success:
		return parsed, "", nil
	case response.StatusCode == http.StatusUnauthorized, response.StatusCode == http.StatusForbidden && len(parsed.codes) == 0:
		return nil, "", s.fail(ErrMisconfigured, response.Status) // the status is about our account
	}
	why, err := s.refusal(parsed.codes)
	return nil, why, err
}

// causedByToken reports a status that a service gives without JSON for a token that is
// too long or too odd (reCAPTCHA: 400 from some 4000 characters on, 413 for much longer
// ones). It must not count as an outage.
func causedByToken(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return true
	}
	return false
}

// refusal classifies an answer without success by the first of its classes.
func (s *siteverify) refusal(codes []string) (Reason, error) {
	first, name := unavailable, ""
	if len(codes) == 0 {
		first = refused
	}
	for _, code := range codes {
		class, known := s.codes[code]
		if !known {
			class = refused
		}
		if class <= first {
			first, name = class, code
		}
	}
	switch first {
	case misconfigured:
		return "", s.fail(ErrMisconfigured, name)
	case unavailable:
		return "", s.fail(ErrUnavailable, name)
	case spent:
		return ReasonSpent, nil
	case missing:
		return ReasonMissing, nil
	}
	return ReasonRefused, nil
}

// bind checks the bindings of a valid token.
func (s *siteverify) bind(a *answer, asked Attempt) Result {
	result := Result{Hostname: a.hostname, Action: a.action, Issued: a.issued, ID: a.id}
	if s.risk != nil && a.score != nil {
		result.Risk, result.HasRisk = s.risk(*a.score), true
	}
	real := !s.testing() // test answers have no bindings
	expect := asked.Expect
	switch {
	case real && s.checkHostname && len(expect.Hosts) > 0 && !sameHost(a.hostname, expect.Hosts):
		result.Reason = ReasonHostname
	case real && a.devHost && !sameHost(a.hostname, expect.Hosts):
		result.Reason = ReasonHostname
	case real && s.action && expect.Action != "" && a.action != expect.Action:
		result.Reason = ReasonAction
	case real && s.cdata && expect.CData != "" && a.cdata != expect.CData:
		result.Reason = ReasonCData
	case real && s.maxAge > 0 && !fresh(a.issued, asked.Now, s.maxAge), !a.expires.IsZero() && !asked.Now.Before(a.expires):
		result.Reason = ReasonTooOld
	case s.risk != nil && !result.HasRisk && (s.needScore || a.oddScore):
		result.Reason = ReasonScore
	case result.HasRisk && result.Risk > s.maxRisk:
		result.Reason = ReasonScore
	default:
		result.OK = true
	}
	return result
}

// hostOf removes the scheme from an origin; services write it with and without.
func hostOf(origin string) string {
	if _, host, found := strings.Cut(origin, "://"); found {
		return host
	}
	return origin
}

// instance joins the address of a self-hosted service and a path.
func instance(address, path string) string { return strings.TrimRight(address, "/") + path }

// sameHost compares without case and port, because services report hosts differently.
func sameHost(got string, hosts []string) bool {
	if name, _, err := net.SplitHostPort(got); err == nil {
		got = name
	}
	got = strings.Trim(got, "[]") // an IPv6 address
	return got != "" && slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, got) })
}

// fresh reports whether a token was issued within maxAge of now. A missing or unreadable
// time is not fresh.
func fresh(issued, now time.Time, maxAge time.Duration) bool {
	if issued.IsZero() || now.IsZero() {
		return false
	}
	age := now.Sub(issued)
	return age <= maxAge+serviceSkew && age >= -serviceSkew
}

// fail makes an error that names the service and contains no secret.
func (s *siteverify) fail(class error, what string) error {
	return fmt.Errorf("%w: %s: %s", class, s.service.Name, what)
}

// network describes a failed call without its URL.
func network(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time"
	}
	if errors.Is(err, context.Canceled) {
		return "the attempt was given up"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return "cannot " + op.Op
	}
	return "the call failed"
}

// newUUID returns a random (version 4) UUID.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
