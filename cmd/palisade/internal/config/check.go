package config

import (
	"crypto/tls"
	"net"
	"net/netip"
	"strings"

	"github.com/palisade-dev/palisade/internal/route"
)

func (r *reader) check(c *Config) {
	for _, address := range c.Listen {
		r.checkAddress("listen", address)
	}
	r.checkAddress("admin", c.Admin)
	for _, proxy := range c.Trust {
		prefix, err := netip.ParsePrefix(proxy)
		if _, err2 := netip.ParseAddr(proxy); err != nil && err2 != nil {
			r.say("trust", "%q is neither an address nor a CIDR such as 10.0.0.0/8", proxy)
		} else if err == nil && prefix.Bits() == 0 {
			r.say("trust", "%q trusts everybody: name the proxies in front", proxy)
		}
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		r.say("tls", "cert and key go together")
	} else if c.TLS.Cert != "" {
		if _, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key); err != nil {
			r.say("tls", "%v", err)
		}
	}
	r.checkSites(c)
	r.checkService(c)
}

func (r *reader) checkAddress(where, address string) {
	if _, port, err := net.SplitHostPort(address); address != "" && (err != nil || port == "") {
		r.say(where, "%q is not an address; write host:port or :port", address)
	}
}

func (r *reader) checkSites(c *Config) {
	if r.file == "" {
		r.checkOne(c.Sites)
	}
	hosts := make(map[string]string)
	for i := range c.Sites {
		s := &c.Sites[i]
		if s.Asks != "" && len(c.Trust) == 0 {
			r.say(s.at, "forward_auth needs the proxy in front to be named in trust: its word is taken for what is asked about")
		}
		for _, host := range append([]string{s.Host}, s.Hosts...) {
			host = strings.ToLower(host)
			if first := hosts[host]; first != "" && host != "" {
				r.say(s.at, "the host %q is claimed already, at %s", host, first)
			}
			hosts[host] = s.at
		}
		r.checkForms(s)
	}
}

// checkOne checks the site that flags and variables describe.
func (r *reader) checkOne(sites []Site) {
	switch {
	case len(sites) == 0:
		r.say("-upstream", "say where the app is, e.g. -upstream http://127.0.0.1:8000, or give a file with -config")
	case sites[0].Upstream == nil && len(r.mistakes) == 0:
		r.say("-upstream", "is missing: say where the app is, e.g. http://127.0.0.1:8000")
	}
	if len(sites) > 0 && len(sites[0].Forms) == 0 && !sites[0].Auto && len(r.mistakes) == 0 {
		r.say("-protect", "is missing: say what is guarded, e.g. -protect 'POST /signup', or -protect auto")
	}
}

func (r *reader) checkForms(s *Site) {
	names, routes := make(map[string]string), make(map[string]string)
	for i := range s.Forms {
		f := &s.Forms[i]
		if first := names[f.Name]; first != "" && f.Name != "" {
			r.say(f.at, "the form %q is there already, at %s: give each a name", f.Name, first)
		}
		names[f.Name] = f.at
		for _, p := range f.Routes {
			if p.Conditional() {
				continue
			}
			for _, method := range methodsOf(p) {
				claim := method + " " + p.Path()
				if first := routes[claim]; first != "" && first != f.at {
					r.say(f.at, "the route %q is claimed already, at %s", claim, first)
				}
				routes[claim] = f.at
			}
		}
	}
}

func methodsOf(p route.Pattern) []string {
	if methods := p.Methods(); len(methods) > 0 {
		return methods
	}
	return []string{"any"}
}
