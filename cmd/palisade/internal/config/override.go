package config

import (
	"path/filepath"
	"strings"

	"github.com/palisade-dev/palisade/internal/route"
)

// variables are what the environment can say, besides the secrets and those that a
// secret_env names.
var variables = []string{"PALISADE_UPSTREAM", "PALISADE_PROTECT", "PALISADE_EXEMPT", "PALISADE_LISTEN", "PALISADE_SITE", "PALISADE_TRUST",
	"PALISADE_STATE", "PALISADE_ADMIN", "PALISADE_TLS_CERT", "PALISADE_TLS_KEY", "PALISADE_SCRIPT", "PALISADE_MONITOR",
	"PALISADE_CONFIG", "PALISADE_KEY", "PALISADE_KEY_PREVIOUS", "PALISADE_KEY_NEXT"}

// environment returns what the environment says, in the shape of flags, and takes
// the secrets.
func (r *reader) environment(c *Config, environ []string) (f Flags) {
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "PALISADE_") || value == "" {
			continue
		}
		switch name {
		case "PALISADE_UPSTREAM":
			f.Upstream = value
		case "PALISADE_PROTECT":
			f.Protect = commas(value)
		case "PALISADE_EXEMPT":
			f.Exempt = commas(value)
		case "PALISADE_LISTEN":
			f.Listen = commas(value)
		case "PALISADE_SITE":
			f.Site = value
		case "PALISADE_TRUST":
			f.Trust = commas(value)
		case "PALISADE_STATE":
			f.State = value
		case "PALISADE_ADMIN":
			f.Admin = value
		case "PALISADE_TLS_CERT":
			f.TLSCert = value
		case "PALISADE_TLS_KEY":
			f.TLSKey = value
		case "PALISADE_SCRIPT":
			f.Script = r.yes(name, value)
		case "PALISADE_MONITOR":
			f.Monitor = r.yes(name, value)
		case "PALISADE_KEY":
			r.key(&c.Keys.Current, name, value)
		case "PALISADE_KEY_PREVIOUS":
			r.key(&c.Keys.Previous, name, value)
		case "PALISADE_KEY_NEXT":
			r.key(&c.Keys.Next, name, value)
		case "PALISADE_CONFIG":
		default:
			if !strings.HasPrefix(name, "PALISADE_SECRET_") { // for secret_env
				r.say(name, "there is no such variable; %s. Names for secret_env may begin with PALISADE_SECRET_", nearest(name, variables))
			}
		}
	}
	return f
}

func commas(value string) (list []string) {
	for part := range strings.SplitSeq(value, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

func (r *reader) yes(name, value string) bool {
	if value != "true" && value != "false" {
		r.say(name, "%q must be true or false", value)
	}
	return value == "true"
}

func (r *reader) key(to *Secret, name, value string) {
	if len(value) < 32 {
		r.say(name, "the secret has %d bytes; at least 32 are needed", len(value))
	}
	*to = Secret(value)
}

// override puts what flags or variables say in place of what was there.
func (r *reader) override(c *Config, f Flags, called func(flag string) string) {
	take := func(to *string, value string) {
		if value != "" {
			*to = value
		}
	}
	if len(f.Listen) > 0 {
		c.Listen = f.Listen
	}
	if len(f.Trust) > 0 {
		c.Trust = f.Trust
	}
	take(&c.State, f.State)
	take(&c.Admin, f.Admin)
	take(&c.TLS.Cert, f.TLSCert)
	take(&c.TLS.Key, f.TLSKey)
	if c.Admin == "off" {
		c.Admin = ""
	}
	for _, file := range []string{f.TLSCert, f.TLSKey} {
		if file != "" {
			r.files = append(r.files, filepath.Clean(file))
		}
	}
	if f.Upstream != "" || len(f.Protect) > 0 || f.Site != "" || len(f.Exempt) > 0 || f.Script {
		if r.file != "" {
			r.say(called(f.site()), "a site is described in the file %s or here, not in both", r.file)
			return
		}
		r.oneSite(c, f, called)
	}
}

// watch has every form of every site only watched, however it was said: also those
// that flags made after a variable said so, and the one that guards all the rest.
func (c *Config) watch() {
	for i := range c.Sites {
		c.Sites[i].Monitor = true
		for j := range c.Sites[i].Forms {
			c.Sites[i].Forms[j].Monitor = true
		}
	}
}

// site names a flag that describes a site.
func (f Flags) site() string {
	switch {
	case f.Upstream != "":
		return "upstream"
	case len(f.Protect) > 0:
		return "protect"
	case len(f.Exempt) > 0:
		return "exempt"
	case f.Site != "":
		return "site"
	}
	return "script"
}

// oneSite makes a site of flags, or adds to the one that variables made.
func (r *reader) oneSite(c *Config, f Flags, called func(string) string) {
	if len(c.Sites) == 0 {
		c.Sites = []Site{{Host: "*", at: called("upstream")}}
	}
	s := &c.Sites[0]
	if f.Site != "" {
		s.Host = f.Site
	}
	s.Script = s.Script || f.Script
	if f.Upstream != "" {
		u, err := parseUpstream(f.Upstream)
		if err != nil {
			r.say(called("upstream"), "%v", err)
		}
		s.Upstream = u
	}
	for _, text := range f.Protect {
		if text == "auto" {
			s.Auto = true
			continue
		}
		if p, ok := r.route(called("protect"), text); ok {
			s.Forms = addRoute(s.Forms, p, called("protect"))
		}
	}
	for _, text := range f.Exempt {
		if p, ok := r.route(called("exempt"), text); ok {
			s.Exempt = append(s.Exempt, p)
		}
	}
}

func (r *reader) route(where, text string) (route.Pattern, bool) {
	p, err := parseRoute(text)
	if err != nil {
		r.say(where, "%v", err)
	}
	return p, err == nil
}

// addRoute makes a form of a route. Routes of one path are one form.
func addRoute(forms []Form, p route.Pattern, at string) []Form {
	name := nameOf(p)
	for i := range forms {
		if forms[i].Routes[0].Path() == p.Path() {
			forms[i].Routes = append(forms[i].Routes, p)
			return forms
		}
		if forms[i].Name == name {
			name = numbered(name, len(forms)+1)
		}
	}
	return append(forms, Form{Name: name, Routes: []route.Pattern{p}, Captcha: "when-risky", MaxBody: DefaultMaxBody, at: at})
}

func numbered(name string, n int) string {
	const digits = "0123456789"
	suffix := "-" + string(digits[n/10%10]) + string(digits[n%10])
	return name[:min(len(name), 32-len(suffix))] + suffix
}
