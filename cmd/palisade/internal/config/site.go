package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/internal/route"
)

var siteKeys = []key[Site]{
	{name: "host", absent: "required", about: "the public name; `\"*\"` for any host, as the only site",
		read: func(n node, s *Site) { n.string(&s.Host) }},
	{name: "hosts", about: "its other names. A form that leads to another host than the visitor's gets no ticket, unless `hosts` names it",
		read: func(n node, s *Site) { n.strings(&s.Hosts) }},
	{name: "upstream", absent: "required", about: "`http://` or `https://` and a host; or a Unix socket, `unix:/run/app.sock`",
		read: func(n node, s *Site) { n.upstream(&s.Upstream) }},
	{name: "upstream_ca", absent: "the system's", about: "file with the certificates (PEM) of the authorities that may sign the certificate of an `https://` upstream, and no others; read again when it changes",
		read: func(n node, s *Site) { n.authorities(&s.CAs) }},
	{name: "upstream_name", absent: "the host of `upstream`", about: "the name in this certificate: `app.internal`",
		read: func(n node, s *Site) { n.string(&s.CertName) }},
	{name: "forms", about: "the forms that are guarded; one, or `protect`, is required",
		read: func(n node, s *Site) { n.list(func(n node) { s.Forms = append(s.Forms, n.r.routedForm(n)) }) }},
	{name: "protect", about: "`auto` guards [whatever changes something](#what-is-guarded)",
		read: func(n node, s *Site) { var i int; n.choice(&i, "auto"); s.Auto = true }},
	{name: "exempt", about: "open routes",
		read: func(n node, s *Site) { n.routes(&s.Exempt) }},
	{name: "clients", about: "`{name, key_file}` of programs that sign",
		read: func(n node, s *Site) { n.list(func(n node) { s.Clients = append(s.Clients, n.r.client(n)) }) }},
	{name: "odd_paths", about: "where paths may be written oddly, see above",
		read: func(n node, s *Site) { n.routes(&s.Odd) }},
	{name: "strip_headers", about: "headers that the app does not get, besides those that it never gets: names, or beginnings such as `X-Corp-*`",
		read: func(n node, s *Site) { n.strings(&s.Strip) }},
	{name: "allow_headers", about: "of both, the ones that the proxy in `trust` sets itself on every request, and that the app gets from it alone",
		read: func(n node, s *Site) { n.strings(&s.Allow) }},
	{name: "base", absent: "`/.palisade/` behind `prefix`", about: "the path under which browsers reach our files, for an app [below a path](#an-app-below-a-path): `/app/.palisade/`",
		read: func(n node, s *Site) { n.string(&s.Base) }},
	{name: "prefix", absent: "none", about: "the path that the proxy in front cuts off: `/app`. Not with `forward_auth`",
		read: func(n node, s *Site) { n.string(&s.Prefix) }},
	{name: "origins", about: "other origins whose scripts may [read our refusals](#refusals-of-cross-origin-requests): `[https://app.example]`",
		read: func(n node, s *Site) { n.strings(&s.Origins) }},
	{name: "frame_parents", absent: "what the app's page allows", about: "who may [frame our pages](#pages-in-frames): `[self, https://partner.example]`, or `none`",
		read: func(n node, s *Site) { n.strings(&s.Parents) }},
	{name: "script", absent: "`true` with `protect: auto`, or with `sessions` in a form", about: "`guard.js` in every page; not in fragments",
		read: func(n node, s *Site) { s.Script = new(bool); n.bool(s.Script) }},
	{name: "captcha", absent: "the embedded one", about: "`{service: turnstile, sitekey, secret_file}`; the [names of all services](providers.md#all-services-by-name)",
		read: func(n node, s *Site) { s.Captcha = n.r.captcha(n) }},
	{name: "forward_auth", about: "`nginx`, `caddy` or `traefik`, see below",
		read: func(n node, s *Site) { n.word(&s.Asks, "nginx", "caddy", "traefik") }},
}

func (r *reader) site(n node) Site {
	s := Site{at: n.place()}
	preset(r, &s, siteKeys)
	has := fill(n, &s, siteKeys)
	if s.Host == "" {
		n.mistake("host is missing: give the public name, such as example.com, or \"*\" for any")
	}
	if !has["upstream"] {
		n.mistake("upstream is missing: say where the app is, e.g. http://127.0.0.1:8000 or unix:/run/app.sock")
	}
	if s.Upstream != nil && s.Upstream.Scheme != "https" && (has["upstream_ca"] || has["upstream_name"]) {
		n.mistake("upstream_ca and upstream_name are about the certificate of an https:// upstream; remove them, or write upstream: https://…")
	}
	if len(s.Forms) == 0 && !s.Auto {
		n.mistake("nothing is protected: write forms, or protect: auto")
	}
	if len(s.Odd) > 0 && !s.Auto {
		n.mistake("odd_paths are guarded as protect: auto guards, which is missing")
	}
	for _, p := range s.Exempt {
		when := p.When()
		if err := when.ValidateExemption(); err != nil && p.Conditional() {
			n.mistake("exempt: %q: %v", p, err)
		}
	}
	for _, p := range s.Odd {
		if !strings.HasSuffix(p.Path(), "/**") {
			n.mistake("odd_paths: %q must end in /**, which stands for what may be written oddly", p)
		}
	}
	if s.Captcha != nil && s.Host == "*" {
		n.mistake("a third-party captcha needs a host by name, to which its tokens are bound")
	}
	return s
}

func (n node) routes(to *[]route.Pattern) {
	n.list(func(n node) {
		if n.isMapping() {
			n.routeWhen(to)
		} else if p, ok := n.route(); ok {
			*to = append(*to, p)
		}
	})
}

func (n node) route() (p route.Pattern, ok bool) {
	text, ok := n.text()
	if !ok {
		return p, false
	}
	p, err := parseRoute(text)
	if err != nil {
		n.mistake("%v", err)
	}
	return p, err == nil
}

// parseRoute reads a pattern and refuses methods that HTTP does not have. The gateway
// accepts any word as a method, so a mistyped one would guard nothing.
func parseRoute(text string) (route.Pattern, error) {
	p, err := route.Parse(text)
	if err != nil {
		return p, err
	}
	for _, method := range p.Methods() {
		if !slices.Contains(methods, method) {
			return p, fmt.Errorf("%q: %s is no method of HTTP; %s", text, method, nearest(method, methods[:7]))
		}
	}
	return p, nil
}

// methods are those of RFC 9110 (9.3), RFC 5789, RFC 7237 and RFC 9113 (PRI), and QUERY of
// its draft. Methods that apps of today use come first.
var methods = strings.Fields("POST PUT PATCH DELETE GET HEAD OPTIONS QUERY " +
	"ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL " +
	"MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PRI PROPFIND PROPPATCH REBIND REPORT SEARCH TRACE UNBIND " +
	"UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL")

// routeWhen reads {route: POST /graphql, when: {graphql: [signUp]}}.
func (n node) routeWhen(to *[]route.Pattern) {
	var p route.Pattern
	var when route.When
	routed, narrowed := false, false
	n.object(map[string]func(node){
		"route": func(n node) { p, routed = n.route() },
		"when":  func(n node) { narrowed = true; when = n.when() },
	})
	switch {
	case !routed:
		n.mistake("route is missing, e.g. {route: POST /graphql, when: {graphql: [signUp]}}")
	case !narrowed:
		n.mistake("when is missing; without one, write the route alone")
	default:
		*to = append(*to, p.Only(when))
	}
}

func (n node) when() (w route.When) {
	n.object(map[string]func(node){
		"header":  func(n node) { n.string(&w.Header) },
		"query":   func(n node) { n.string(&w.Query) },
		"json":    func(n node) { n.string(&w.Field) },
		"form":    func(n node) { n.string(&w.Field) },
		"graphql": func(n node) { n.strings(&w.GraphQL) },
		"in":      func(n node) { n.strings(&w.In) },
	})
	if err := w.Validate(); err != nil {
		n.mistake("%v", err)
	}
	return w
}

// captchas returns the names of the services that pass a test, in the order of
// captcha.Services.
func captchas(passes func(captcha.Descriptor) bool) (names []string) {
	for _, d := range captcha.Services() {
		if passes(d) {
			names = append(names, d.Name)
		}
	}
	return names
}

// allCaptchas are the services that a site can ask. hostedCaptchas are self-hosted services,
// which need an address. projectCaptchas belong to a project.
var (
	allCaptchas     = captchas(func(captcha.Descriptor) bool { return true })
	hostedCaptchas  = captchas(func(d captcha.Descriptor) bool { return d.Hosted })
	projectCaptchas = captchas(func(d captcha.Descriptor) bool { return d.Project })
)

// oneOf joins names as a sentence does: "a, b or c".
func oneOf(names []string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func (r *reader) captcha(n node) *Captcha {
	c := &Captcha{MinScore: 0.5}
	n.object(map[string]func(node){
		"service":     func(n node) { n.word(&c.Service, allCaptchas...) },
		"address":     func(n node) { n.string(&c.Address) },
		"project":     func(n node) { n.string(&c.Project) },
		"sitekey":     func(n node) { n.string(&c.Sitekey) },
		"secret_file": func(n node) { n.secretFile(&c.Secret, 1) },
		"secret_env":  func(n node) { n.secretEnv(&c.Secret, 1) },
		"fallback":    func(n node) { n.list(func(n node) { c.Fallbacks = append(c.Fallbacks, r.captcha(n)) }) },
		"endpoint":    func(n node) { n.string(&c.Endpoint) },
		"min_score":   func(n node) { n.float(&c.MinScore, 0, 1) },
	})
	if c.Service == "" || c.Sitekey == "" {
		n.mistake("service and sitekey are needed, and secret_file or secret_env")
	}
	if needs := slices.Contains(hostedCaptchas, c.Service); needs != (c.Address != "") && c.Service != "" {
		n.mistake("address is where one's own %s is; the others have endpoint, and need none", oneOf(hostedCaptchas))
	}
	if slices.Contains(projectCaptchas, c.Service) != (c.Project != "") {
		n.mistake("project is needed for %s, and for nothing else", oneOf(projectCaptchas))
	}
	return c
}

func (r *reader) client(n node) (c Client) {
	n.object(map[string]func(node){
		"name":     func(n node) { n.string(&c.Name) },
		"key_file": func(n node) { n.secretFile(&c.Key, 32) },
	})
	if c.Name == "" || c.Key == "" {
		n.mistake("name and key_file are needed")
	}
	return c
}
