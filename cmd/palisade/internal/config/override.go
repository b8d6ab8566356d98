package config

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/route"
)

// Flags are the settings that need no file. A zero field was not given. The command line
// reads the struct tags, and replaces ${…} by [Defaults]. The environment reads the same
// tags: each flag has a variable, see [variable].
type Flags struct {
	Upstream string   `name:"upstream" placeholder:"http://127.0.0.1:8000" help:"The app: where requests go. A socket is unix:/run/app.sock."`
	Protect  []string `name:"protect" placeholder:"'POST /signup'" sep:"none" help:"What is guarded: a method and a path, or auto for every request that changes something. Again for more."`
	Exempt   []string `name:"exempt" placeholder:"'POST /webhooks/*'" sep:"none" help:"What is open all the same. Again for more."`
	Listen   []string `name:"listen" placeholder:"${listen}" sep:"none" help:"Address to listen on. Again for more."`
	Site     string   `name:"site" placeholder:"example.com" help:"Public host of the site. Without it any host is served."`
	Trust    []string `name:"trust" placeholder:"10.0.0.0/8" help:"Proxies in front, whose X-Forwarded-For counts."`
	State    string   `name:"state" placeholder:"${state}" help:"File of the signing key, made on the first run."`
	Admin    string   `name:"admin" placeholder:"${admin}" help:"Address of metrics and health; off for none."`
	TLSCert  string   `name:"tls-cert" placeholder:"cert.pem" help:"Certificate, for HTTPS."`
	TLSKey   string   `name:"tls-key" placeholder:"key.pem" help:"Its key."`
	Script   *bool    `name:"script" help:"Put the script into every page, for pages that send with fetch and have no form of their own. Default with -protect auto; =false turns it off."`
	Monitor  bool     `name:"monitor" help:"Only watch: log what would be done, and let everything through."`
}

// Defaults returns the defaults by the names of their keys.
func Defaults() map[string]string {
	all := map[string]string{"listen": listenHere}
	for _, k := range rootKeys {
		if k.preset != "" {
			all[k.name] = k.preset
		}
	}
	return all
}

// variable returns the environment variable of a flag.
func variable(flag string) string {
	return "PALISADE_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// fileVariable names the configuration file.
const fileVariable = "PALISADE_CONFIG"

// File returns the configuration file: the named one, or palisade.yaml of the folder if no
// other source names routes to guard.
func (f Flags) File(named string) string {
	named = cmp.Or(named, os.Getenv(fileVariable))
	if named != "" || f.Upstream != "" || len(f.Protect) > 0 || os.Getenv(variable("upstream")) != "" {
		return named
	}
	if _, err := os.Stat("palisade.yaml"); err == nil {
		return "palisade.yaml"
	}
	return ""
}

// variables returns a function for each variable: those of the flags, and the secrets.
func (r *reader) variables(f *Flags, k *Keys) map[string]func(name, value string) {
	known := map[string]func(name, value string){
		fileVariable:            func(string, string) {}, // File has read it
		"PALISADE_KEY":          func(name, value string) { r.key(&k.Current, name, value) },
		"PALISADE_KEY_PREVIOUS": func(name, value string) { r.key(&k.Previous, name, value) },
		"PALISADE_KEY_NEXT":     func(name, value string) { r.key(&k.Next, name, value) },
	}
	fields := reflect.ValueOf(f).Elem()
	for i := range fields.NumField() {
		flag := fields.Type().Field(i).Tag.Get("name")
		switch to := fields.Field(i).Addr().Interface().(type) {
		case *string:
			known[variable(flag)] = func(_, value string) { *to = value }
		case *[]string:
			known[variable(flag)] = func(_, value string) { *to = commas(value) }
		case *bool:
			known[variable(flag)] = func(name, value string) { *to = r.yes(name, value) }
		case **bool:
			known[variable(flag)] = func(name, value string) { yes := r.yes(name, value); *to = &yes }
		}
	}
	return known
}

// environment returns the values of the environment as flags, and stores the secrets.
func (r *reader) environment(c *Config, environ []string) (f Flags) {
	known := r.variables(&f, &c.Keys)
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		if !strings.HasPrefix(name, "PALISADE_") || value == "" {
			continue
		}
		if read := known[name]; read != nil {
			read(name, value)
		} else if !strings.HasPrefix(name, "PALISADE_SECRET_") { // for secret_env
			r.say(name, "there is no such variable; %s. Names for secret_env may begin with PALISADE_SECRET_", nearest(name, slices.Sorted(maps.Keys(known))))
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

// minKey is the minimum length of a signing key, in bytes.
const minKey = 32

func (r *reader) key(to *Secret, name, value string) {
	if len(value) < minKey {
		r.say(name, "the secret has %d bytes; at least %d are needed", len(value), minKey)
	}
	*to = Secret(value)
}

// override replaces earlier values by the values of flags or variables.
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
	if f.Upstream != "" || len(f.Protect) > 0 || f.Site != "" || len(f.Exempt) > 0 || f.Script != nil {
		if r.file != "" {
			r.say(called(f.site()), "a site is described in the file %s or here, not in both", r.file)
			return
		}
		r.oneSite(c, f, called)
	}
}

// watch sets every form of every site to monitor only. It includes forms that flags added
// after a variable asked for this, and the form of Auto.
func (c *Config) watch() {
	for i := range c.Sites {
		c.Sites[i].Monitor = true
		for j := range c.Sites[i].Forms {
			c.Sites[i].Forms[j].Monitor = true
		}
	}
}

// site returns the name of a given flag that describes a site.
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

// oneSite makes a site from flags, or changes the site that variables made.
func (r *reader) oneSite(c *Config, f Flags, called func(string) string) {
	if len(c.Sites) == 0 {
		c.Sites = []Site{{Host: "*", at: called("upstream")}}
	}
	s := &c.Sites[0]
	if f.Site != "" {
		s.Host = f.Site
	}
	if f.Script != nil {
		s.Script = f.Script
	}
	if f.Upstream != "" {
		u, err := parseUpstream(f.Upstream, ".")
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

// addRoute makes a form for a route. Routes with one path are one form.
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
	f := NewForm()
	f.Name, f.Routes, f.at = name, []route.Pattern{p}, at
	return append(forms, f)
}

func numbered(name string, n int) string {
	const digits = "0123456789"
	suffix := "-" + string(digits[n/10%10]) + string(digits[n%10])
	return name[:min(len(name), 32-len(suffix))] + suffix
}
