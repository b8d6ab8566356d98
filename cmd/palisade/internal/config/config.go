// Package config reads the configuration of palisade serve from a YAML file, the environment
// and flags. A later source overrides an earlier one. The package reports all mistakes at
// once, each with its place and a remedy, and never shows a secret.
//
// Each object of the file has a table of its keys, such as [rootKeys]. A key is declared
// there once, with its default, its check and its row in the docs.
//
// A [Config] is plain data. A form in it is a form of the library, whose defaults and checks
// are not repeated here.
package config

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/goccy/go-yaml/parser"

	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/signal"
)

// Config is the configuration, with the defaults filled in.
type Config struct {
	Listen  []string
	Admin   string // metrics and health; "" for none
	State   string // file of the key, created on the first run
	TLS     TLS
	Trust   []string // proxies in front: addresses or CIDRs
	Header  string   // their header: "x-forwarded-for" or "forwarded"
	Keys    Keys
	Log     Log
	Limits  Limits
	Signals signal.Settings // as in palisade.Config
	Sites   []Site          // apps behind the gateway
	Service *Service        // nil: none

	Tracing string // URL of an OpenTelemetry collector (OTLP over HTTP); "" for none

	files []string
}

// TLS names certificate and key, both or none.
type TLS struct{ Cert, Key string }

// Keys are the given signing secrets; empty if the key is in State.
type Keys struct{ Current, Previous, Next Secret }

// Log configures the log.
type Log struct {
	Level  slog.Level
	Sample int // decisions a second and kind before sampling begins; 0 for all
}

// Limits bound the resources that clients can use.
type Limits struct {
	Connections     int           // open at once
	PerClient       int           // of those, for one address (a /64 of IPv6)
	Header          int64         // bytes of a request's head
	InFlight        int64         // bytes of bodies that are being judged
	ReadTimeout     time.Duration // of heads, and of bodies that make no progress
	WriteTimeout    time.Duration // of one write, to a client that does not read
	UpstreamTimeout time.Duration // until the app begins to answer
	IdleTimeout     time.Duration // of connections between requests
}

// Site is one app.
type Site struct {
	Host     string // "*" for any
	Hosts    []string
	Upstream *url.URL
	CAs      *x509.CertPool // that may sign the upstream's certificate; nil: those of the system
	CertName string         // the name in this certificate; "": the host of Upstream
	Auto     bool
	Monitor  bool   // for the forms of Auto
	Base     string // "": as in gateway.Site
	Prefix   string
	Origins  []string
	Parents  []string // frame_parents
	Script   *bool    // nil: see InPages
	Asks     string   // the proxy in front that asks for a decision: nginx, caddy or traefik; "" for none
	Captcha  *Captcha
	Exempt   []route.Pattern
	Odd      []route.Pattern
	Clients  []Client
	Strip    []string // headers to remove besides the usual ones
	Allow    []string // of the headers that are always removed, those that proxies in Trust may set
	Forms    []Form

	at string // the place, for mistakes about two sites
}

// InPages reports whether the script is put into every page. Without a word about it, it is
// where requests of scripts need it: they pass by a session, which the script opens.
func (s *Site) InPages() bool {
	if s.Script != nil {
		return *s.Script
	}
	return s.Auto || slices.ContainsFunc(s.Forms, func(f Form) bool { return f.Sessions })
}

// Captcha is a third-party service.
type Captcha struct {
	Service  string // as in docs/providers.md: turnstile, hcaptcha, …
	Address  string // of a self-hosted instance
	Project  string // of reCAPTCHA Enterprise
	Sitekey  string
	Secret   Secret
	MinScore float64 // of recaptcha-v3; default 0.5
	Endpoint string  // replaces the service's verify URL; "" for the service's own

	Fallbacks []*Captcha // replace the service while it is down
}

// Client is a program that signs its requests.
type Client struct {
	Name string
	Key  Secret
}

// Secret is a string that fmt does not print.
type Secret string

func (Secret) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte("[secret]")) } // for every verb
func (Secret) String() string               { return "[secret]" }
func (Secret) GoString() string             { return "[secret]" }
func (Secret) LogValue() slog.Value         { return slog.StringValue("[secret]") }
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// Source names the sources of a configuration.
type Source struct {
	File  string // "" for none
	Flags Flags
	Env   []string // like os.Environ; only names that begin with PALISADE_ are read
}

// maxFile is the maximum size of the configuration file.
const maxFile = 1 << 20

// Load reads a configuration. The error is [Mistakes].
func Load(src Source) (*Config, error) {
	c := new(Config)
	r := &reader{file: src.File}
	preset(r, c, rootKeys)
	if src.File != "" {
		r.open(func(n node) { r.root(n, c) })
	}
	fromEnv := r.environment(c, src.Env)
	r.override(c, fromEnv, variable)
	r.override(c, src.Flags, func(flag string) string { return "-" + flag })
	if fromEnv.Monitor || src.Flags.Monitor {
		c.watch()
	}
	if len(c.Listen) == 0 && (len(c.Sites) > 0 || c.Service == nil) {
		c.Listen = []string{listenHere}
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

// open reads the file, and passes its root to a function.
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

// maxDepth is the maximum depth of nested brackets, which the parser handles by recursion.
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

// syntax matches an error of the parser: place, reason, and below them an excerpt of the
// file, which could contain a secret.
var syntax = regexp.MustCompile(`^\[(\d+):(\d+)\] (.*)`)

func (r *reader) notYAML(err error) {
	if m := syntax.FindStringSubmatch(err.Error()); m != nil {
		r.say(r.file+":"+m[1]+":"+m[2], "not YAML: %s", m[3])
		return
	}
	r.say(r.file, "not YAML")
}

// listenHere is the default address of the gateway.
const listenHere = "127.0.0.1:8080"

var rootKeys = []key[Config]{
	{name: "listen", absent: "`" + listenHere + "`", about: "one address or several",
		read: func(n node, c *Config) { n.strings(&c.Listen) }},
	{name: "admin", preset: "127.0.0.1:9090", about: "`/metrics` (Prometheus), `/healthz`, `/readyz`; `off` for none",
		read: func(n node, c *Config) { n.string(&c.Admin) }},
	{name: "state", preset: "palisade.key", about: "file of the signing key, made on the first run with mode 0600. Names of files are relative to the folder of this one",
		read: func(n node, c *Config) { n.state(&c.State) }},
	{name: "key_file", about: "a key of your own, or `PALISADE_KEY`",
		read: func(n node, c *Config) { n.secretFile(&c.Keys.Current, minKey) }},
	{name: "previous_key_file", about: "the one before, or `PALISADE_KEY_PREVIOUS`",
		read: func(n node, c *Config) { n.secretFile(&c.Keys.Previous, minKey) }},
	{name: "next_key_file", about: "the one to come, or `PALISADE_KEY_NEXT`",
		read: func(n node, c *Config) { n.secretFile(&c.Keys.Next, minKey) }},
	{name: "tls.cert", about: "certificate, for HTTPS with HTTP/2; read again when it changes",
		read: func(n node, c *Config) { n.filename(&c.TLS.Cert) }},
	{name: "tls.key", about: "its key",
		read: func(n node, c *Config) { n.filename(&c.TLS.Key) }},
	{name: "trust", absent: "nobody", about: "proxies in front, whose word is taken for address and scheme. Each must write the forwarding header for every visitor: without it a guarded submission is answered 400, and what is open counts as the proxy's own",
		read: func(n node, c *Config) { n.strings(&c.Trust) }},
	{name: "proxy_header", preset: "x-forwarded-for", about: "or `forwarded`",
		read: func(n node, c *Config) { n.word(&c.Header, "x-forwarded-for", "forwarded") }},
	{name: "signals", about: "what [the signals](signals.md) do in all forms that say nothing else",
		read: func(n node, c *Config) { n.signals(&c.Signals) }},
	{name: "log.level", preset: "info", about: "or `debug`, `warn`, `error`",
		read: func(n node, c *Config) { n.level(&c.Log.Level) }},
	{name: "log.sample", preset: "50", about: "decisions a second and kind before they are thinned; 0 for all",
		read: func(n node, c *Config) { n.int(&c.Log.Sample, 0) }},
	{name: "limits.connections", preset: "10000", about: "open at once",
		read: func(n node, c *Config) { n.int(&c.Limits.Connections, 1) }},
	{name: "limits.per_client", preset: "512", about: "of those, for one address (a /64 of IPv6)",
		read: func(n node, c *Config) { n.int(&c.Limits.PerClient, 1) }},
	{name: "limits.header", preset: "32KiB", about: "a request's head",
		read: func(n node, c *Config) { n.size(&c.Limits.Header) }},
	{name: "limits.inflight", preset: "256MiB", about: "bodies under judgement, of which a quarter is for those of up to 64 KiB alone, and a network has a quarter of each part",
		read: func(n node, c *Config) { n.size(&c.Limits.InFlight) }},
	{name: "limits.read_timeout", preset: "30s", about: "a head, and a body that stands still",
		read: func(n node, c *Config) { n.duration(&c.Limits.ReadTimeout) }},
	{name: "limits.write_timeout", preset: "2m", about: "one write, to a client that does not read",
		read: func(n node, c *Config) { n.duration(&c.Limits.WriteTimeout) }},
	{name: "limits.upstream_timeout", preset: "60s", about: "until the app begins to answer",
		read: func(n node, c *Config) { n.duration(&c.Limits.UpstreamTimeout) }},
	{name: "limits.idle_timeout", preset: "2m", about: "a connection between requests",
		read: func(n node, c *Config) { n.duration(&c.Limits.IdleTimeout) }},
	{name: "tracing.endpoint", about: "an OpenTelemetry collector, `http://127.0.0.1:4318`: a span a request. Without it, trace context passes as it came",
		read: func(n node, c *Config) { n.collector(&c.Tracing) }},
	{name: "sites", about: "apps that the gateway stands in front of",
		read: func(n node, c *Config) { n.list(func(n node) { c.Sites = append(c.Sites, n.r.site(n)) }) }},
	{name: "service", absent: "none", about: "the [verification service](service.md)",
		read: func(n node, c *Config) { c.Service = n.r.service(n) }},
}

func (r *reader) root(n node, c *Config) {
	fill(n, c, rootKeys)
	if len(c.Sites) == 0 && c.Service == nil {
		n.mistake("there is no site: write sites, with host, upstream and forms, for the gateway; or service, for others to ask")
	}
}

// state reads the name of a file that may not exist yet. It is relative to the
// configuration's folder.
func (n node) state(to *string) {
	if n.string(to); !filepath.IsAbs(*to) {
		*to = filepath.Join(filepath.Dir(n.r.file), *to)
	}
}

// word reads one of a few words.
func (n node) word(to *string, words ...string) {
	i := 0
	n.choice(&i, words...)
	*to = words[i]
}

func (n node) level(to *slog.Level) {
	var level string
	n.word(&level, "info", "debug", "warn", "error")
	_ = to.UnmarshalText([]byte(level))
}
