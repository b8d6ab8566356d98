package captcha

import (
	"cmp"
	"context"
	"crypto/rand"
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

// siteverify is the call that all services of this package share: a form POST
// that is answered by a JSON object with a boolean "success". What differs from
// service to service is data, in [facts].
type siteverify struct {
	facts
	sitekey string
	secret  secret
	options
}

// facts is what one service is like.
type facts struct {
	service Service

	// What the service's answer is bound to, and so must be checked.
	hostname, action, cdata bool
	sendSitekey             bool                        // the service checks the sitekey for us
	risk                    func(score float64) float64 // nil: no score. The direction differs from service to service
	defaultMaxRisk          float64                     // 0: the score is optional
	idempotent              bool                        // the same token may be asked about again, under one key
	maxAge                  time.Duration               // of challenge_ts; 0: it is not a time worth checking
	quotaText               string                      // in an answer that passes only because a quota is used up

	// codes are the error codes that are not a plain refusal. "bad-request" is not
	// among them: it is not known that no token can cause it.
	codes map[string]class

	testSitekeys, testSecrets, testTokens []string
}

// class is what an error code means to us. The zero class is a refusal, so that
// a code nobody has heard of refuses.
type class uint8

const (
	refused class = iota
	spent
	missing
	misconfigured
	unavailable
)

const (
	defaultTimeout = 5 * time.Second
	maxAnswer      = 64 << 10         // bytes of an answer; real ones have a few hundred
	clockSkew      = 30 * time.Second // how far ahead a service's clock may be
)

// secret does not print: within a value that is printed, a pointer shows as an
// address, where methods of unexported fields are not called.
type secret struct{ text *string }

func (s secret) reveal() string { return *s.text }

// options are what a caller may choose.
type options struct {
	endpoint    string
	client      *http.Client
	timeout     time.Duration
	maxRisk     float64
	needScore   bool
	sendAddress bool
	anyHostname bool
}

// Option changes how a provider works.
type Option func(*siteverify)

// Endpoint sets another verify URL, such as that of package captchatest or a
// regional host. It must be https, or http to a loopback address.
func Endpoint(url string) Option { return func(s *siteverify) { s.endpoint = url } }

// Client sets the HTTP client. Redirects are not followed whatever it says,
// since they would carry the secret to another host.
func Client(client *http.Client) Option { return func(s *siteverify) { s.client = client } }

// Timeout bounds a whole call. Default 5 s.
func Timeout(d time.Duration) Option { return func(s *siteverify) { s.timeout = d } }

// MaxRisk sets up to which risk, from 0 human to 1 bot, a token is accepted, and
// makes the score required. Default 0.5 for reCAPTCHA v3; hCaptcha reports a
// score to Enterprise accounts alone, and without this option a reported one
// above 0.5 refuses and a missing one does not.
func MaxRisk(risk float64) Option {
	return func(s *siteverify) { s.maxRisk, s.needScore = risk, true }
}

// SendAddress sends the visitor's address along (remoteip). It helps the service
// and is not sent unless asked for: it is personal data.
func SendAddress() Option { return func(s *siteverify) { s.sendAddress = true } }

// AnyHostname accepts tokens whatever page they were made on. The service should
// then be told to check domains itself.
func AnyHostname() Option { return func(s *siteverify) { s.anyHostname = true } }

func newSiteverify(f facts, sitekey, key string, opts []Option) *siteverify {
	s := &siteverify{facts: f, sitekey: sitekey, secret: secret{&key}, options: options{
		endpoint: f.service.Endpoint, timeout: defaultTimeout, maxRisk: 0.5, needScore: f.defaultMaxRisk > 0,
	}}
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
// more than all the rest.
func transport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 32
	return t
}

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
	if !safeEndpoint(s.endpoint) {
		mistake("the endpoint must be an https URL, or http to a loopback address")
	}
	if s.timeout <= 0 || s.timeout > time.Minute {
		mistake("the timeout must lie between 0 and a minute")
	}
	if s.maxRisk < 0 || s.maxRisk >= 1 {
		mistake("MaxRisk must lie between 0 and 1")
	}
	if s.risk == nil && s.needScore {
		mistake("there is no score to compare MaxRisk with")
	}
	return errors.Join(errs...)
}

func safeEndpoint(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return false
	}
	if u.Scheme == "https" {
		return true
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "http" && (err == nil && addr.IsLoopback() || u.Hostname() == "localhost")
}

// Verify asks the service about a token, unless the token itself tells.
func (s *siteverify) Verify(ctx context.Context, a Attempt) (Result, error) {
	if why := s.local(a.Token); why != "" {
		return Result{Reason: why}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	form := url.Values{"secret": {s.secret.reveal()}, "response": {a.Token}}
	if s.sendSitekey {
		form.Set("sitekey", s.sitekey)
	}
	if s.sendAddress && a.Remote.IsValid() {
		form.Set("remoteip", a.Remote.String())
	}
	if s.idempotent {
		form.Set("idempotency_key", newUUID())
	}
	answer, why, err := s.call(ctx, form)
	if s.idempotent && errors.Is(err, ErrUnavailable) && ctx.Err() == nil {
		// Only with the service's own idempotency key is a second call safe: a
		// token may have been used up by the first.
		answer, why, err = s.call(ctx, form)
	}
	if err != nil || why != "" {
		return Result{Reason: why}, err
	}
	return s.bind(answer, a), nil
}

// local refuses what is not worth a call.
func (s *siteverify) local(token string) Reason {
	switch {
	case token == "" || token == "null" || token == "undefined" || strings.TrimSpace(token) == "":
		return ReasonMissing
	case len(token) > s.service.MaxToken || strings.ContainsFunc(token, notToken):
		return ReasonMalformed
	case slices.Contains(s.testTokens, token) && !slices.Contains(s.testSecrets, s.secret.reveal()):
		return ReasonTestToken
	}
	return ""
}

func notToken(c rune) bool { return c <= ' ' || c > '~' }

// call makes one request and sorts what comes back into the three classes.
func (s *siteverify) call(ctx context.Context, form url.Values) (*answer, Reason, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, "", s.fail(ErrMisconfigured, "endpoint")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
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
	case response.StatusCode >= 500 || response.StatusCode >= 300 && response.StatusCode < 400:
		return nil, "", s.fail(ErrUnavailable, response.Status)
	}
	parsed, err := decode(body)
	if err != nil {
		if causedByToken(response.StatusCode) {
			return nil, ReasonMalformed, nil
		}
		return nil, "", s.fail(ErrUnavailable, err.Error())
	}
	if response.StatusCode != http.StatusOK && parsed.success {
		return nil, "", s.fail(ErrUnavailable, "success with "+response.Status)
	}
	if parsed.success {
		return parsed, "", nil
	}
	why, err := s.refusal(parsed.codes)
	return nil, why, err
}

// causedByToken reports a status that a service gives without JSON for a token
// that is too long or too odd (reCAPTCHA: 400 from some 4000 characters on, 413
// for much longer ones). It must not pass for an outage.
func causedByToken(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong, http.StatusRequestHeaderFieldsTooLarge:
		return true
	}
	return false
}

// refusal classifies an answer that is no success. The visitor's own fault wins
// over ours: nobody may raise our alarm, or open the outage plan, with a token.
func (s *siteverify) refusal(codes []string) (Reason, error) {
	if len(codes) == 0 {
		return ReasonRefused, nil
	}
	code := slices.MinFunc(codes, func(a, b string) int { return cmp.Compare(s.codes[a], s.codes[b]) })
	switch s.codes[code] {
	case spent:
		return ReasonSpent, nil
	case missing:
		return ReasonMissing, nil
	case misconfigured:
		return "", s.fail(ErrMisconfigured, code)
	case unavailable:
		return "", s.fail(ErrUnavailable, code)
	}
	return ReasonRefused, nil
}

// bind checks what a valid token is bound to.
func (s *siteverify) bind(a *answer, asked Attempt) Result {
	result := Result{Hostname: a.hostname, Action: a.action, Issued: a.issued}
	if s.risk != nil && a.hasScore {
		result.Risk, result.HasRisk = s.risk(a.score), true
	}
	testing := slices.Contains(s.testSecrets, s.secret.reveal())
	expect := asked.Expect
	switch {
	case s.hostname && !s.anyHostname && len(expect.Hosts) > 0 && !sameHost(a.hostname, expect.Hosts) && !testing:
		result.Reason = ReasonHostname
	case s.action && expect.Action != "" && a.action != expect.Action && !testing:
		result.Reason = ReasonAction
	case s.cdata && expect.CData != "" && a.cdata != expect.CData:
		result.Reason = ReasonCData
	case s.maxAge > 0 && !testing && !fresh(a, asked.Now, s.maxAge):
		result.Reason = ReasonTooOld
	case s.risk != nil && s.needScore && !result.HasRisk:
		result.Reason = ReasonScore
	case result.HasRisk && result.Risk > s.maxRisk:
		result.Reason = ReasonScore
	default:
		result.OK = true
	}
	return result
}

// sameHost compares without case and port, as services report hosts.
func sameHost(got string, hosts []string) bool {
	if name, _, err := net.SplitHostPort(got); err == nil {
		got = name
	}
	return got != "" && slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, got) })
}

// fresh reports whether challenge_ts is a time within the token's life.
func fresh(a *answer, now time.Time, life time.Duration) bool {
	if a.issued.IsZero() || now.IsZero() {
		return false
	}
	age := now.Sub(a.issued)
	return age <= life+clockSkew && age >= -clockSkew
}

// fail makes an error that names the service and nothing secret.
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
