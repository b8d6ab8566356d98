package config

import (
	"os"
	"strings"
)

// Service is the verification service: siteverify, the widget, and /v1.
type Service struct {
	Listen []string // default 127.0.0.1:8088
	Query  bool     // secrets in the URL are taken, for old clients
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
	Again   bool // calls with an idempotency key can be made again
	Base    string
	Form    Form // what forms are like that are not in Forms
	Forms   []Form

	at string
}

func (r *reader) service(n node) *Service {
	s := &Service{at: n.place()}
	n.object(map[string]func(node){
		"listen":         func(n node) { n.strings(&s.Listen) },
		"secrets_in_url": func(n node) { n.bool(&s.Query) },
		"sites":          func(n node) { n.list(func(n node) { s.Sites = append(s.Sites, r.serviceSite(n)) }) },
	})
	if len(s.Listen) == 0 {
		s.Listen = []string{"127.0.0.1:8088"}
	}
	if len(s.Sites) == 0 {
		n.mistake("there is no site: write sites, with key, secret_file and hosts")
	}
	return s
}

// levels are the words for how much work the embedded captcha asks.
var levels = []string{"normal", "low", "high"}

func (r *reader) serviceSite(n node) ServiceSite {
	s := ServiceSite{at: n.place(), Form: defaultForm(n)}
	secret, level := false, 0
	n.object(map[string]func(node){
		"key":         func(n node) { n.string(&s.Key) },
		"secret_file": func(n node) { secret = true; n.secretFile(&s.Secret, minSiteSecret) },
		"secret_env":  func(n node) { secret = true; n.secretEnv(&s.Secret, minSiteSecret) },
		"hosts":       func(n node) { n.strings(&s.Hosts) },
		"host":        func(n node) { n.strings(&s.Hosts) },
		"difficulty":  func(n node) { n.choice(&level, levels...) },
		"captcha":     func(n node) { s.Captcha = r.captcha(n) },
		"actions":     func(n node) { n.strings(&s.Actions) },
		"idempotent":  func(n node) { n.bool(&s.Again) },
		"base":        func(n node) { n.string(&s.Base) },
		"form":        func(n node) { s.Form = r.form(n, false) },
		"forms":       func(n node) { n.list(func(n node) { s.Forms = append(s.Forms, r.form(n, false)) }) },
	})
	s.Level = []uint8{1, 0, 2}[level]
	switch {
	case s.Key == "":
		n.mistake("key is missing: make one up, such as shop-1; it is public")
	case !secret:
		n.mistake("secret_file or secret_env is missing; make a secret with: head -c 24 /dev/urandom | base64 > shop.secret")
	}
	if len(s.Hosts) == 0 {
		n.mistake("hosts is missing: name the hosts of the pages, such as example.com, with the port where there is one")
	}
	return s
}

// minSiteSecret is the least length of a site's secret, in bytes.
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

// secretEnv reads a secret out of the environment variable that is named.
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
