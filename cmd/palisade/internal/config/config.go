// Package config reads the configuration of palisade serve: a YAML file, the
// environment and flags, of which the later wins. It reports all mistakes at once,
// each with its place and what to do, and never shows a secret.
//
// It knows neither the library nor the gateway: a [Config] is plain data, checked
// as far as that goes without them.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/parser"

	"github.com/palisade-dev/palisade/internal/route"
)

// Config is what was asked for, with the defaults filled in.
type Config struct {
	Listen  []string // default 127.0.0.1:8080
	Admin   string   // metrics and health; "" for none, default 127.0.0.1:9090
	State   string   // file of the key that is made on the first run; default palisade.key
	TLS     TLS
	Trust   []string // proxies in front: addresses or CIDRs
	Header  string   // what they write: "x-forwarded-for" (default) or "forwarded"
	Keys    Keys
	Log     Log
	Limits  Limits
	Sites   []Site   // apps that the gateway stands in front of
	Service *Service // nil: none

	Tracing string // URL of an OpenTelemetry collector (OTLP over HTTP); "" for none

	files []string
}

// TLS names certificate and key, both or none.
type TLS struct{ Cert, Key string }

// Keys are the signing secrets, if they are given and not made.
type Keys struct{ Current, Previous, Next Secret }

// Log says what is logged.
type Log struct {
	Level  slog.Level // default info
	Sample int        // decisions a second and kind before they are thinned; default 50, 0 for all
}

// Limits bound what clients can take.
type Limits struct {
	Connections     int           // open at once; default 10000
	PerClient       int           // of those, for one address (a /64 of IPv6); default 512
	Header          int64         // bytes of a request's head; default 32 KiB
	InFlight        int64         // bytes of bodies under judgement; default 256 MiB
	ReadTimeout     time.Duration // of heads, and of bodies that stand still; default 30s
	WriteTimeout    time.Duration // of one write, to a client that does not read; default 2m
	UpstreamTimeout time.Duration // until the app begins to answer; default 60s
	IdleTimeout     time.Duration // of connections between requests; default 2m
}

// Site is one app.
type Site struct {
	Host     string // "*" for any
	Hosts    []string
	Upstream *url.URL
	Auto     bool
	Monitor  bool // of what Auto guards
	Script   bool
	Asks     string // which proxy in front asks what to hand over: nginx, caddy or traefik; "" for none
	Captcha  *Captcha
	Exempt   []route.Pattern
	Odd      []route.Pattern
	Clients  []Client
	Strip    []string // headers that the app does not get, besides those that it never gets
	Allow    []string // headers that the proxies in Trust may set, of those that the app never gets
	Forms    []Form

	at string // the place, for mistakes that concern two
}

// Captcha is a third-party service.
type Captcha struct {
	Service  string // as in docs/providers.md: turnstile, hcaptcha, …
	Address  string // of an instance of one's own
	Project  string // of reCAPTCHA Enterprise
	Sitekey  string
	Secret   Secret
	MinScore float64 // of recaptcha-v3; default 0.5
	Endpoint string  // another verify URL than the service's own; "" for that

	Fallbacks []*Captcha // that stand in while it is down
}

// Client is a program that signs its requests.
type Client struct {
	Name string
	Key  Secret
}

// Form is one guarded form. What is zero is left to the library's defaults.
type Form struct {
	Name        string
	Routes      []route.Pattern
	Captcha     string // always, when-risky (default) or never
	MinFill     time.Duration
	MaxAge      time.Duration
	MaxBody     int64   // default 10 MiB
	Limits      []Limit // nil: the default
	Monitor     bool
	Signals     []string // whose findings are only recorded
	DownRefuses bool     // provider_down: refuse
	Accept200   bool     // rejected_200: false

	at string
}

// Limit is a rate limit.
type Limit struct {
	Rate, Burst int
	Per         time.Duration
	By          string // ip, network, form or field:NAME
}

// Secret does not show itself.
type Secret string

func (Secret) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte("[secret]")) } // whatever the verb
func (Secret) String() string               { return "[secret]" }
func (Secret) GoString() string             { return "[secret]" }
func (Secret) LogValue() slog.Value         { return slog.StringValue("[secret]") }
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Flags are what the command line says; what is zero was not said.
type Flags struct {
	Listen, Protect, Exempt, Trust []string

	Upstream, Site, State, Admin, TLSCert, TLSKey string
	Script, Monitor                               bool
}

// Source is where a configuration comes from.
type Source struct {
	File  string // "" for none
	Flags Flags
	Env   []string // as os.Environ; names that do not begin with PALISADE_ are not looked at
}

// maxFile bounds the configuration file.
const maxFile = 1 << 20

// DefaultMaxBody is the most bytes of a body that a form takes unless it says
// otherwise: enough for a photograph.
const DefaultMaxBody = 10 << 20

// Load reads a configuration. The error is [Mistakes].
func Load(src Source) (*Config, error) {
	c := &Config{
		Admin: "127.0.0.1:9090", State: "palisade.key", Header: "x-forwarded-for", Log: Log{Sample: 50},
		Limits: Limits{Connections: 10000, PerClient: 512, Header: 32 << 10, InFlight: 256 << 20,
			ReadTimeout: 30 * time.Second, WriteTimeout: 2 * time.Minute, UpstreamTimeout: time.Minute, IdleTimeout: 2 * time.Minute},
	}
	r := &reader{file: src.File}
	if src.File != "" {
		c.State = filepath.Join(filepath.Dir(src.File), c.State)
		r.open(func(n node) { r.root(n, c) })
	}
	fromEnv := r.environment(c, src.Env)
	r.override(c, fromEnv, func(flag string) string { return "PALISADE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_")) })
	r.override(c, src.Flags, func(flag string) string { return "-" + flag })
	if fromEnv.Monitor || src.Flags.Monitor {
		c.watch()
	}
	if len(c.Listen) == 0 && (len(c.Sites) > 0 || c.Service == nil) {
		c.Listen = []string{"127.0.0.1:8080"}
	}
	r.check(c)
	if len(r.mistakes) > 0 {
		r.mistakes.sort()
		return nil, r.mistakes
	}
	c.files = r.files
	return c, nil
}

// Files returns every file that the configuration was read from.
func (c *Config) Files() []string { return slices.Clone(c.files) }

func (r *reader) say(where, format string, args ...any) {
	r.mistakes = append(r.mistakes, Mistake{Where: where, Text: fmt.Sprintf(format, args...)})
}

// open reads the file, and hands over what is in it.
func (r *reader) open(root func(node)) {
	info, err := os.Stat(r.file)
	if err == nil && info.Size() > maxFile {
		err = fmt.Errorf("has more than %d bytes", maxFile)
	}
	var text []byte
	if err == nil {
		text, err = os.ReadFile(r.file)
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	if err != nil {
		r.say(r.file, "%v", err)
		return
	}
	r.files = append(r.files, r.file)
	r.parse(text, root)
}

func (r *reader) parse(text []byte, root func(node)) {
	if depth(text) > maxDepth {
		r.say(r.file, "is nested too deeply")
		return
	}
	file, err := parser.ParseBytes(text, 0)
	switch {
	case err != nil:
		r.notYAML(err)
	case len(file.Docs) != 1 || file.Docs[0].Body == nil:
		r.say(r.file, "must hold one YAML document")
	default:
		root(node{file.Docs[0].Body, r, ""})
	}
}

// maxDepth bounds brackets within brackets, which the parser follows by recursion.
const maxDepth = 100

func depth(text []byte) (most int) {
	open := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			open++
		case ']', '}':
			open = max(open-1, 0)
		}
		most = max(most, open)
	}
	return most
}

// syntax is how the parser says what is wrong: place, reason, and below them an
// excerpt of the file, in which a secret could stand.
var syntax = regexp.MustCompile(`^\[(\d+):(\d+)\] (.*)`)

func (r *reader) notYAML(err error) {
	if m := syntax.FindStringSubmatch(err.Error()); m != nil {
		r.say(r.file+":"+m[1]+":"+m[2], "not YAML: %s", m[3])
		return
	}
	r.say(r.file, "not YAML")
}

func (r *reader) root(n node, c *Config) {
	n.object(map[string]func(node){
		"listen": func(n node) { n.strings(&c.Listen) },
		"admin":  func(n node) { n.string(&c.Admin) },
		"state":  func(n node) { r.state(n, c) },
		"tls": func(n node) {
			n.object(map[string]func(node){"cert": func(n node) { n.filename(&c.TLS.Cert) }, "key": func(n node) { n.filename(&c.TLS.Key) }})
		},
		"trust":             func(n node) { n.strings(&c.Trust) },
		"proxy_header":      func(n node) { n.word(&c.Header, "x-forwarded-for", "forwarded") },
		"key_file":          func(n node) { n.secretFile(&c.Keys.Current, 32) },
		"previous_key_file": func(n node) { n.secretFile(&c.Keys.Previous, 32) },
		"next_key_file":     func(n node) { n.secretFile(&c.Keys.Next, 32) },
		"log":               func(n node) { r.log(n, &c.Log) },
		"limits":            func(n node) { r.limits(n, &c.Limits) },
		"tracing":           func(n node) { n.object(map[string]func(node){"endpoint": func(n node) { n.collector(&c.Tracing) }}) },
		"sites": func(n node) {
			n.list(func(n node) { c.Sites = append(c.Sites, r.site(n)) })
		},
		"service": func(n node) { c.Service = r.service(n) },
	})
	if len(c.Sites) == 0 && c.Service == nil {
		n.mistake("there is no site: write sites, with host, upstream and forms, for the gateway; or service, for others to ask")
	}
}

func (r *reader) state(n node, c *Config) {
	if n.string(&c.State); !filepath.IsAbs(c.State) {
		c.State = filepath.Join(filepath.Dir(r.file), c.State)
	}
}

// word reads one of a few words.
func (n node) word(to *string, words ...string) {
	i := 0
	n.choice(&i, words...)
	*to = words[i]
}

func (r *reader) log(n node, l *Log) {
	level := ""
	n.object(map[string]func(node){
		"level": func(n node) {
			n.word(&level, "info", "debug", "warn", "error")
			_ = l.Level.UnmarshalText([]byte(level))
		},
		"sample": func(n node) { n.int(&l.Sample, 0) },
	})
}

func (r *reader) limits(n node, l *Limits) {
	n.object(map[string]func(node){
		"connections":      func(n node) { n.int(&l.Connections, 1) },
		"per_client":       func(n node) { n.int(&l.PerClient, 1) },
		"header":           func(n node) { n.size(&l.Header) },
		"inflight":         func(n node) { n.size(&l.InFlight) },
		"read_timeout":     func(n node) { n.duration(&l.ReadTimeout) },
		"write_timeout":    func(n node) { n.duration(&l.WriteTimeout) },
		"upstream_timeout": func(n node) { n.duration(&l.UpstreamTimeout) },
		"idle_timeout":     func(n node) { n.duration(&l.IdleTimeout) },
	})
}
