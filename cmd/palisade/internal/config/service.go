package config

import (
	"os"
	"strings"
)

// Service is the verification service: siteverify, the widget, and /v1.
type Service struct {
	Listen []string
	Query  bool // accept secrets in the URL, for old clients
	Sites  []ServiceSite

	at string
}

// ServiceSite is one pair of keys.
type ServiceSite struct {
	Key     string
	Secret  Secret
	Hosts   []string
	Level   uint8 // of the embedded captcha
	Captcha *Captcha
	Actions []string
	Again   bool // calls with an idempotency key can be repeated
	Base    string
	Form    Form // settings of forms that are not in Forms
	Forms   []Form

	at string
}

// serveHere is the default address of the service.
const serveHere = "127.0.0.1:8088"

var serviceKeys = []key[Service]{
	{name: "listen", absent: "`" + serveHere + "`", about: "one address or several",
		read: func(n node, s *Service) { n.strings(&s.Listen) }},
	{name: "secrets_in_url", preset: "false", about: "take secret and token in the URL too, which ruby-recaptcha and hand-written clients send; they then stand in the logs of every proxy",
		read: func(n node, s *Service) { n.bool(&s.Query) }},
	{name: "sites", absent: "required", about: "pairs of keys",
		read: func(n node, s *Service) { n.list(func(n node) { s.Sites = append(s.Sites, n.r.serviceSite(n)) }) }},
}

func (r *reader) service(n node) *Service {
	s := &Service{at: n.place()}
	preset(r, s, serviceKeys)
	fill(n, s, serviceKeys)
	if len(s.Listen) == 0 {
		s.Listen = []string{serveHere}
	}
	if len(s.Sites) == 0 {
		n.mistake("there is no site: write sites, with key, secret_file and hosts")
	}
	return s
}

var serviceSiteKeys = []key[ServiceSite]{
	{name: "key", absent: "required", about: "public, as in `data-sitekey`",
		read: func(n node, s *ServiceSite) { n.string(&s.Key) }},
	{name: "secret_file", absent: "required", about: "a file with at least 20 bytes",
		read: func(n node, s *ServiceSite) { n.secretFile(&s.Secret, minSiteSecret) }},
	{name: "secret_env", about: "in place of it, an environment variable",
		read: func(n node, s *ServiceSite) { n.secretEnv(&s.Secret, minSiteSecret) }},
	{name: "hosts", absent: "required", about: "a host is `name` or `name:port`, as it stands in the address of the page; any port of `localhost` and other loopback hosts is the same site. `/siteverify` compares names alone",
		read: func(n node, s *ServiceSite) { n.strings(&s.Hosts) }},
	{name: "host", about: "the same",
		read: func(n node, s *ServiceSite) { n.strings(&s.Hosts) }},
	{name: "difficulty", preset: "normal", about: "work of the embedded captcha: `low`, `normal`, `high`",
		read: func(n node, s *ServiceSite) { n.difficulty(&s.Level) }},
	{name: "actions", absent: "any", about: "actions that a token may be made for",
		read: func(n node, s *ServiceSite) { n.strings(&s.Actions) }},
	{name: "captcha", absent: "the embedded one", about: "a vendor whose tokens are verified: [providers.md](providers.md)",
		read: func(n node, s *ServiceSite) { s.Captcha = n.r.captcha(n) }},
	{name: "idempotent", preset: "false", about: "a call with the `idempotency_key` of an earlier one gets its answer again, as with Turnstile",
		read: func(n node, s *ServiceSite) { n.bool(&s.Again) }},
	{name: "form", absent: "the defaults", about: "limits and so on of the forms of `/v1` that `forms` does not name: the keys are those of [gateway.md](gateway.md), without " + namesOf(routeKeys),
		read: func(n node, s *ServiceSite) { s.Form = n.r.form(n) }},
	{name: "forms", about: "the same, with a `name` each",
		read: func(n node, s *ServiceSite) { n.list(func(n node) { s.Forms = append(s.Forms, n.r.form(n)) }) }},
	{name: "base", absent: "`/.palisade/`", about: "where the app forwards `/v1/base/`",
		read: func(n node, s *ServiceSite) { n.string(&s.Base) }},
}

func (r *reader) serviceSite(n node) ServiceSite {
	s := ServiceSite{at: n.place(), Form: NewForm()}
	s.Form.at = s.at
	preset(r, &s, serviceSiteKeys)
	has := fill(n, &s, serviceSiteKeys)
	switch {
	case s.Key == "":
		n.mistake("key is missing: make one up, such as shop-1; it is public")
	case !has["secret_file"] && !has["secret_env"]:
		n.mistake("secret_file or secret_env is missing; make a secret with: head -c 24 /dev/urandom | base64 > shop.secret")
	}
	if len(s.Hosts) == 0 {
		n.mistake("hosts is missing: name the hosts of the pages, such as example.com, with the port where there is one")
	}
	return s
}

// difficulty reads the amount of work for the embedded captcha.
func (n node) difficulty(to *uint8) {
	i := 0
	n.choice(&i, "normal", "low", "high")
	*to = []uint8{1, 0, 2}[i]
}

// minSiteSecret is the minimum length of a site's secret, in bytes.
const minSiteSecret = 20

func (r *reader) checkService(c *Config) {
	if c.Service == nil {
		return
	}
	keys := make(map[string]string)
	for i := range c.Service.Sites {
		s := &c.Service.Sites[i]
		if first := keys[s.Key]; first != "" && s.Key != "" {
			r.say(s.at, "the key %q is there already, at %s", s.Key, first)
		}
		keys[s.Key] = s.at
	}
	for _, address := range c.Service.Listen {
		r.checkAddress(c.Service.at, address)
	}
}

// secretEnv reads a secret from the named environment variable.
func (n node) secretEnv(to *Secret, least int) {
	name, ok := n.text()
	if !ok {
		return
	}
	value := os.Getenv(name)
	if strings.TrimSpace(value) == "" {
		n.mistake("the environment variable %s is empty or not there", name)
		return
	}
	n.secret(to, value, least)
}
