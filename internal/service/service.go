// Package service answers for forms on other servers: the verification service of palisade
// serve.
//
//	POST /recaptcha/api/siteverify       for existing integrations, in the words of
//	POST /siteverify                     reCAPTCHA, hCaptcha, Turnstile and Friendly
//	POST /turnstile/v0/siteverify        Captcha: an integration changes one URL
//	POST /api/v2/captcha/siteverify
//
//	GET  /captcha/api.js                 the widget of the embedded captcha, also under
//	     /recaptcha/api.js and so on     the script paths of those vendors
//	GET  /api/v2/captcha/widget, agent   its frames for the SDK of Friendly Captcha
//
//	POST /v1/settle                      what came of a submission in the app, for the limits
//	POST /v1/check                       the whole judgement, for any backend: all signals,
//	POST /v1/fields                      not the captcha alone. Signed with the site's
//	GET  /v1/base/…                      secret; /v1/openapi.json describes it
//
// A [Site] has a public key and a secret. It verifies tokens of the embedded captcha, or
// tokens of a vendor. For a vendor's tokens it adds checks: one use, the site's hosts, and
// its actions.
//
// A mistake of the visitor gets HTTP 200 and "success": false, because most clients take any
// other status for an outage, and some of them then accept every visitor. An error of our
// own is never a success either.
package service

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/event"
	"github.com/palisade-dev/palisade/internal/host"
	"github.com/palisade-dev/palisade/internal/mac"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
)

// Config has the parts of a [Service].
type Config struct {
	Keys     palisade.Keys   // sign challenges and tickets
	Store    store.Store     // used tokens and tickets; nil: memory of this process
	ClientIP clientip.Source // of browsers that load the widget, and of no other client
	Query    bool            // also accept secrets in the URL, which some old clients send
	Sites    []Site

	Signals signal.Settings // as in palisade.Config

	Logger *slog.Logger     // default slog.Default()
	Events event.Sink       // called for each event; must not block
	Clock  func() time.Time // default time.Now

	InsecureTestKeys bool // accept the vendors' public test keys, which accept every visitor
}

// Site is one pair of keys.
type Site struct {
	Key    string   // public
	Secret string   // at least MinSecret bytes
	Hosts  []string // name or name:port; tokens of other pages are refused

	Level     uint8              // work of the embedded captcha: 0, 1 or 2
	Captcha   captcha.Provider   // verifies the tokens; nil: the embedded captcha
	Fallbacks []captcha.Provider // for /v1 while Captcha is down
	Actions   []string           // of tokens; none: any

	// Idempotent gives a repeated call with the same token and idempotency_key the first
	// answer, as Turnstile does. The default is off: the parameter is ignored, and a token
	// verifies once. The reason is a client that builds its call from text. It lets the
	// visitor add that parameter to the token, and one token then verifies any number of
	// times.
	Idempotent bool

	Base  string                // path of the app under which it forwards to /v1/base/; default palisade.DefaultBase
	Form  palisade.FormConfig   // of every form that Forms does not name
	Forms []palisade.FormConfig // by name
}

// MinSecret is the minimum length of a site's secret, in bytes.
const MinSecret = 20

// Service is an http.Handler. It is safe for concurrent use.
type Service struct {
	config   Config
	mux      *http.ServeMux
	bySecret map[[sha256.Size]byte]*site
	byKey    map[string]*site
	budget   store.Store // of challenges, in this process
	answers  *answers
}

// site is a Site with its keys and forms.
type site struct {
	Site
	service   *Service
	hostnames []string // without ports
	pow       *pow.Captcha
	puzzles   pow.Puzzles
	tags      *mac.Key // of addresses
	guard     *palisade.Guard
	forms     forms
}

// New returns a service, or all mistakes of the configuration together.
func New(config Config) (*Service, error) {
	s := &Service{config: config, bySecret: map[[sha256.Size]byte]*site{}, byKey: map[string]*site{}, budget: memory.New(), answers: newAnswers()}
	s.config.setDefaults()
	var errs []error
	if err := config.ClientIP.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("ClientIP: %w", err))
	}
	for _, c := range config.Sites {
		if err := s.add(c); err != nil {
			errs = append(errs, fmt.Errorf("site %q: %w", c.Key, err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s.mux = s.routes()
	return s, nil
}

func (c *Config) setDefaults() {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Store == nil {
		c.Store = memory.New(memory.Epoch(c.Clock()))
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

func (s *Service) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for path, dialect := range dialects {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { s.siteverify(dialect, w, r) })
	}
	s.serveWidget(mux)
	mux.HandleFunc("POST /v1/check", s.signed((*site).check))
	mux.HandleFunc("POST /v1/settle", s.signed((*site).settle))
	mux.HandleFunc("POST /v1/fields", s.signed((*site).fields))
	mux.HandleFunc("GET /v1/base/", s.base)
	mux.HandleFunc("GET /v1/openapi.json", serveOpenAPI)
	return mux
}

// ServeHTTP answers.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

var validKey = regexp.MustCompile(`^[A-Za-z0-9_-]{3,64}$`)

// add checks a site and adds it.
func (s *Service) add(c Site) error {
	t := &site{Site: c, service: s}
	errs := []error{t.validate(s.config.InsecureTestKeys)}
	sum := sha256.Sum256([]byte(c.Secret))
	if s.byKey[c.Key] != nil {
		errs = append(errs, errors.New("the key is there twice"))
	}
	if s.bySecret[sum] != nil {
		errs = append(errs, errors.New("the secret is that of another site"))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.byKey[c.Key], s.bySecret[sum] = t, t
	for _, name := range c.Hosts {
		t.hostnames = append(t.hostnames, host.Name(strings.ToLower(name)))
	}
	return t.prepare()
}

func (t *site) validate(test bool) error {
	var errs []error
	say := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !validKey.MatchString(t.Key) {
		say("the key must be 3 to 64 letters, digits, - or _")
	}
	if len(t.Secret) < MinSecret {
		say("the secret has %d bytes; at least %d are needed", len(t.Secret), MinSecret)
	}
	if t.Secret == t.Key {
		say("key and secret are the same")
	}
	if len(t.Hosts) == 0 {
		say("hosts are missing: name the hosts of the pages, such as example.com")
	}
	if t.Level > maxLevel {
		say("Level must be 0 to %d", maxLevel)
	}
	if t.Captcha != nil {
		if err := t.Captcha.Validate(test); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// prepare makes the site's own keys. A site does not accept signatures of another site.
func (t *site) prepare() (err error) {
	keys := t.service.config.Keys
	own := func(secret []byte) []byte {
		if secret == nil {
			return nil
		}
		return mac.Secret(secret, "palisade/1 service site "+t.Key)
	}
	k := palisade.Keys{Current: own(keys.Current), Previous: own(keys.Previous), Next: own(keys.Next)}
	t.tags = mac.Derive(k.Current, "palisade/1 service address")
	proofs := pow.Keys{Current: mac.Secret(k.Current, "palisade/1 service proof")}
	for _, other := range [][]byte{k.Previous, k.Next} {
		if other != nil {
			proofs.Others = append(proofs.Others, mac.Secret(other, "palisade/1 service proof"))
		}
	}
	if t.pow, err = pow.New(pow.Config{Keys: proofs}); err != nil {
		return err
	}
	if t.Base == "" {
		t.Base = palisade.DefaultBase
	}
	c := t.service.config
	t.guard, err = palisade.New(palisade.Config{
		Keys: k, ClientIP: clientip.RemoteAddr(), // the backend sends the address, see request
		Site: t.Hosts[0], Hosts: t.Hosts[1:], Captcha: t.Captcha, Fallbacks: t.Fallbacks, Store: c.Store, Base: t.Base,
		Signals: c.Signals, Logger: c.Logger, Events: c.Events, Clock: c.Clock, InsecureTestKeys: c.InsecureTestKeys,
	})
	if err != nil {
		return err
	}
	return t.forms.begin(t.guard, t.Form, t.Forms)
}

// owner returns the site of a secret. It looks the secret up by a hash and compares in
// constant time, so that timing reveals nothing about a secret.
func (s *Service) owner(secret string) *site {
	t := s.bySecret[sha256.Sum256([]byte(secret))]
	if t == nil || subtle.ConstantTimeCompare([]byte(t.Secret), []byte(secret)) != 1 {
		return nil
	}
	return t
}

// from reports whether a page of this host may use the site.
func (t *site) from(host string) bool { return slices.Contains(t.hostnames, host) }
