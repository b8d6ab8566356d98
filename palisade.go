package palisade

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/challenge"
	"github.com/palisade-dev/palisade/challenge/work"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/event"
	"github.com/palisade-dev/palisade/internal/host"
	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/pow"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
)

// DefaultBase is where [Guard.Handler] is mounted unless Config.Base says otherwise.
const DefaultBase = "/.palisade/"

// Config says what a [Guard] is made of. [New] checks all of it and reports
// every mistake at once; later changes to a Config have no effect.
type Config struct {
	// Keys sign tickets and proofs. Required.
	Keys Keys

	// ClientIP says whose word is taken for the client's address. Required:
	// clientip.RemoteAddr() where clients connect directly, one of the others
	// behind a proxy. There is no default, because each wrong choice either
	// lets anyone forge an address or counts everybody as one.
	ClientIP clientip.Source

	// Site is the public host of the site, such as "example.com" or, on another
	// port than its scheme's, "localhost:8080". Tickets and proofs hold for this
	// site alone, and the guard's pages show it to people. Required.
	Site string

	// Hosts are further hosts under which the same site is reached. Site and
	// Hosts are the only origins from which a browser may submit, and the only
	// hostnames that a provider's token may come from.
	Hosts []string

	// AnyHost takes the host that a request names for one of Hosts too, and shows it
	// to people, for a gateway that nobody told its name. Not with Captcha, which must
	// be told the hosts that a token may come from.
	AnyHost bool

	// Captcha is a third-party service whose token is asked for on top of the
	// embedded proof, as FormConfig.Ask says. Nil: the embedded captcha
	// alone, and no request leaves for anywhere.
	Captcha captcha.Provider

	// Fallbacks stand in for Captcha, in this order, while it cannot be reached: a
	// visitor whose token nobody could verify is shown the next. Behind the last
	// stands the embedded step, see FormConfig.ProviderDown. At most 3.
	Fallbacks []captcha.Provider

	// Challenges are further kinds of challenge, which stand behind Captcha and Fallbacks,
	// in this order. Where there is any of the three, the visible step of a form is the
	// first of them. The ID of a program's own kind is at least challenge.FirstOwn.
	Challenges []challenge.Kind

	// Signals says what every form does with the signals of these names, unless the form
	// itself says otherwise, see FormConfig.Signals.
	Signals signal.Settings

	// Store remembers used tickets and tokens, and the counts of limits. Nil: memory of
	// this process, which asks for a new proof after a restart.
	Store store.Store

	// Base is the path under which [Guard.Handler] is mounted. Default
	// [DefaultBase]. Guards with different bases have cookies of different names, so they
	// can share a host.
	Base string

	// Prefix is a path such as "/app" that a proxy in front, or http.StripPrefix, cuts off
	// before the guard sees a request. A page of the guard then sends a form to the path
	// that the browser knows. Default: nothing is cut off.
	Prefix string

	// Logger is told each event at the level of its Severity: of decisions, refusals at
	// Info, outages at Error, the rest at Debug. Default slog.Default().
	Logger *slog.Logger

	// Events is told each event of package event, a decision after it was made and before
	// it is answered. Default: nobody listens, and events cost nothing.
	Events event.Sink

	// Clock tells the time. Default time.Now. It is read once an attempt.
	Clock func() time.Time

	// InsecureTestKeys accepts the providers' public test keys, with which every
	// visitor passes. For tests only.
	InsecureTestKeys bool
}

// Guard judges the forms of one site. It is safe for concurrent use.
type Guard struct {
	config    Config
	keys      *ticket.Keyring
	proofs    *work.Proofs
	kinds     []challenge.Kind // beside the embedded proof, in the order in which they are asked
	fields    []string         // in which their answers come
	budget    store.Store      // of this process: bounds minting, issuing and deriving
	began     time.Time        // when the guard was made
	browser   string           // the end of the name of the cookie that binds a capsule
	hosts     []string         // host[:port] of allowed origins
	hostnames []string         // the same without ports

	mu        sync.RWMutex
	forms     map[string]*Form
	maxFields int // the largest of the forms
}

// New returns a guard, or all mistakes of the configuration together.
func New(config Config) (*Guard, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("palisade: %w", err)
	}
	config.setDefaults()
	g := &Guard{
		config: config,
		keys:   ticket.NewKeyring(config.Site, config.Keys.Current, config.Keys.Next, config.Keys.Previous),
		budget: memory.New(),
		began:  config.Clock(),
		kinds:  config.kinds(),
		forms:  make(map[string]*Form),
	}
	if config.Base != DefaultBase {
		g.browser = ticket.CookieSuffix(config.Base)
	}
	for _, name := range append([]string{config.Site}, config.Hosts...) {
		g.hosts = append(g.hosts, config.sameSite(strings.ToLower(name)))
		g.hostnames = append(g.hostnames, host.Name(strings.ToLower(name)))
	}
	for _, kind := range g.kinds {
		if !slices.Contains(g.fields, kind.Field) {
			g.fields = append(g.fields, kind.Field)
		}
	}
	proofs, err := pow.New(pow.Config{Keys: g.keys.Proofs})
	if err != nil {
		return nil, fmt.Errorf("palisade: %w", err)
	}
	g.proofs = work.New(proofs)
	return g, nil
}

func (c *Config) validate() error {
	errs := []error{c.Keys.validate()}
	if err := c.ClientIP.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("ClientIP: %w", err))
	}
	if c.Site == "" {
		errs = append(errs, errors.New(`Site is missing: give the public host, e.g. "example.com"`))
	}
	for _, name := range append([]string{c.Site}, c.Hosts...) {
		if name != "" && !host.Valid(name) {
			errs = append(errs, fmt.Errorf("%q is not a host: give name or name:port, without scheme or path", name))
		}
	}
	if c.AnyHost && c.Captcha != nil {
		errs = append(errs, errors.New("AnyHost and Captcha exclude each other: name the Hosts that a token may come from"))
	}
	errs = append(errs, c.validateChallenges(), c.Signals.Validate())
	if c.Base != "" && !isFolder(c.Base) {
		errs = append(errs, fmt.Errorf("Base %q must begin and end with a slash, and be a plain path", c.Base))
	}
	if c.Prefix != "" && !isFolder(c.Prefix+"/") {
		errs = append(errs, fmt.Errorf("Prefix %q must begin with a slash, not end with one, and be a plain path", c.Prefix))
	}
	return errors.Join(errs...)
}

// isFolder reports whether a path begins and ends with a slash, and every browser and
// server leaves it as it is.
func isFolder(folder string) bool {
	special := func(c rune) bool { return c <= ' ' || c >= 0x7f || strings.ContainsRune(`?#"<>\%;&`, c) }
	return folder == "/" || path.Clean(folder)+"/" == folder && folder[0] == '/' && !strings.ContainsFunc(folder, special)
}

// sameSite returns a configured host as the signal "origin" compares it. Any port of a
// loopback host is the same site: servers for development change their ports, and no
// page on the internet has such a host. With AnyHost the name in the configuration is
// not where the site is, so it widens nothing.
func (c *Config) sameSite(configured string) string {
	name := host.Name(configured)
	addr, err := netip.ParseAddr(name)
	loopback := name == "localhost" || strings.HasSuffix(name, ".localhost") || err == nil && addr.IsLoopback()
	if c.AnyHost || !loopback {
		return configured
	}
	return net.JoinHostPort(name, signal.AnyPort)
}

// hostsOf returns the hosts from whose pages a request may come.
func (g *Guard) hostsOf(r *http.Request) []string {
	if !g.config.AnyHost || strings.HasSuffix(r.Host, ":"+signal.AnyPort) { // which only the configuration says
		return g.hosts
	}
	return append(g.hosts[:len(g.hosts):len(g.hosts)], strings.ToLower(r.Host))
}

func (c *Config) setDefaults() {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Store == nil {
		c.Store = memory.New(memory.Epoch(c.Clock()))
	}
	if c.Base == "" {
		c.Base = DefaultBase
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
}

// KeySize is the least number of bytes in a key.
const KeySize = 32

// Keys are the secrets that a guard signs with, at least [KeySize] random bytes each.
// Current signs; all three verify. To rotate without refusing anybody, move a key from
// Next to Current to Previous. Leave it in each place, on every process, for at least as
// long as a ticket lives (FormConfig.MaxAge).
//
// Rate limits count under Current and begin anew when it changes.
type Keys struct {
	Next     []byte
	Current  []byte
	Previous []byte
}

// LogValue keeps the secrets out of logs.
func (Keys) LogValue() slog.Value { return slog.StringValue("[keys]") }

// String keeps the secrets out of formatted text.
func (Keys) String() string { return "[keys]" }

// GoString keeps the secrets out of formatted text.
func (Keys) GoString() string { return "[keys]" }

func (k Keys) validate() error {
	var errs []error
	if len(k.Current) == 0 {
		errs = append(errs, errors.New("Keys.Current is missing: give at least 32 random bytes, e.g. from `openssl rand 32`"))
	}
	for _, named := range []struct {
		name string
		key  []byte
	}{{"Next", k.Next}, {"Current", k.Current}, {"Previous", k.Previous}} {
		switch {
		case len(named.key) == 0:
		case len(named.key) < KeySize:
			errs = append(errs, fmt.Errorf("Keys.%s has %d bytes; at least %d are needed", named.name, len(named.key), KeySize))
		case allSame(named.key):
			errs = append(errs, fmt.Errorf("Keys.%s is one byte repeated; use random bytes", named.name))
		}
	}
	return errors.Join(errs...)
}

func allSame(b []byte) bool {
	for _, c := range b {
		if c != b[0] {
			return false
		}
	}
	return true
}
