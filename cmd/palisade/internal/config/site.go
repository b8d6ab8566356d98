package config

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/signal"
)

func (r *reader) site(n node) Site {
	s := Site{at: n.place()}
	var hasUpstream bool // also where what is there is wrong
	n.object(map[string]func(node){
		"host":          func(n node) { n.string(&s.Host) },
		"hosts":         func(n node) { n.strings(&s.Hosts) },
		"upstream":      func(n node) { hasUpstream = true; n.upstream(&s.Upstream) },
		"protect":       func(n node) { var i int; n.choice(&i, "auto"); s.Auto = true },
		"script":        func(n node) { n.bool(&s.Script) },
		"forward_auth":  func(n node) { n.word(&s.Asks, "nginx", "caddy", "traefik") },
		"captcha":       func(n node) { s.Captcha = r.captcha(n) },
		"exempt":        func(n node) { n.routes(&s.Exempt) },
		"odd_paths":     func(n node) { n.routes(&s.Odd) },
		"strip_headers": func(n node) { n.strings(&s.Strip) },
		"allow_headers": func(n node) { n.strings(&s.Allow) },
		"clients":       func(n node) { n.list(func(n node) { s.Clients = append(s.Clients, r.client(n)) }) },
		"forms":         func(n node) { n.list(func(n node) { s.Forms = append(s.Forms, r.form(n, true)) }) },
	})
	if s.Host == "" {
		n.mistake("host is missing: give the public name, such as example.com, or \"*\" for any")
	}
	if !hasUpstream {
		n.mistake("upstream is missing: say where the app is, e.g. http://127.0.0.1:8000")
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
// itself takes any word for a method, so a mistyped one would guard nothing.
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

// methods are those of RFC 9110 (9.3), RFC 5789, RFC 7237 and RFC 9113 (PRI), and QUERY of its
// draft. Those that apps of today use come first.
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

// allCaptchas are the services that a site can ask. hostedCaptchas are those that people
// run themselves, and so have an address. projectCaptchas belong to a project.
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
		"min_score":   func(n node) { n.float(&c.MinScore) },
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

// defaultForm is a form of which nothing was said.
func defaultForm(n node) Form {
	return Form{at: n.place(), MaxBody: DefaultMaxBody, Captcha: "when-risky"}
}

// form reads a form: one with routes, of the gateway, or one that only has a name.
func (r *reader) form(n node, routed bool) Form {
	f := defaultForm(n)
	var mode, down string
	rejected, hasRoute, narrowed := true, false, false
	var when route.When
	known := map[string]func(node){
		"name":          func(n node) { n.string(&f.Name) },
		"when":          func(n node) { when = n.when(); narrowed = true },
		"route":         func(n node) { hasRoute = true; n.routes(&f.Routes) },
		"routes":        func(n node) { hasRoute = true; n.routes(&f.Routes) },
		"captcha":       func(n node) { n.word(&f.Captcha, "always", "when-risky", "never") },
		"min_fill":      func(n node) { n.duration(&f.MinFill); f.MinFill = noneIfZero(f.MinFill) },
		"max_age":       func(n node) { n.duration(&f.MaxAge) },
		"max_body":      func(n node) { n.size(&f.MaxBody) },
		"limits":        func(n node) { r.formLimits(n, &f) },
		"mode":          func(n node) { n.word(&mode, "enforce", "monitor"); f.Monitor = mode == "monitor" },
		"monitor":       func(n node) { n.list(func(n node) { f.Signals = append(f.Signals, r.signal(n)) }) },
		"provider_down": func(n node) { n.word(&down, "step-down", "refuse"); f.DownRefuses = down == "refuse" },
		"rejected_200":  func(n node) { n.bool(&rejected); f.Accept200 = !rejected },
	}
	if !routed {
		for _, name := range []string{"route", "routes", "when", "rejected_200", "max_body"} {
			delete(known, name)
		}
		n.object(known)
		return f
	}
	n.object(known)
	if !hasRoute {
		n.mistake("route is missing, e.g. route: POST /signup")
	} else if f.Name == "" && len(f.Routes) > 0 {
		f.Name = nameOf(f.Routes[0])
	}
	if narrowed {
		for i := range f.Routes {
			f.Routes[i] = f.Routes[i].Only(when)
		}
	}
	return f
}

// formLimits reads the limits of a form. What was left out by mistake is not taken
// for none at all.
func (r *reader) formLimits(n node, f *Form) {
	if n.null() {
		n.mistake("has no value; write [] for no limits")
		return
	}
	f.Limits = []Limit{}
	n.list(func(n node) { f.Limits = append(f.Limits, r.limit(n)) })
}

// noneIfZero turns a length of time that was written as 0 into the library's word
// for none.
func noneIfZero(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func (r *reader) signal(n node) (name string) {
	n.word(&name, signal.Names()...)
	return name
}

func (r *reader) limit(n node) (l Limit) {
	n.object(map[string]func(node){
		"rate":  func(n node) { n.int(&l.Rate, 1) },
		"burst": func(n node) { n.int(&l.Burst, 1) },
		"per":   func(n node) { n.duration(&l.Per) },
		"by": func(n node) {
			if n.string(&l.By); !slices.Contains([]string{"ip", "network", "form"}, l.By) && (!strings.HasPrefix(l.By, "field:") || l.By == "field:") {
				n.mistake("%q must be ip, network, form or field:NAME", l.By)
			}
		},
	})
	if l.Rate == 0 || l.Per == 0 || l.By == "" {
		n.mistake("rate, per and by are needed, e.g. {rate: 3, per: 10m, by: ip}")
	}
	return l
}

// nameOf makes a form's name of its first route: "POST /blog/*/comments/" becomes
// blog-comments.
func nameOf(p route.Pattern) string {
	name := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_':
			return c
		case c == '*':
			return -1
		}
		return '-'
	}, strings.Trim(p.Path(), "/*"))
	for strings.Contains(name, "--") {
		name = strings.ReplaceAll(name, "--", "-")
	}
	if name = strings.Trim(name[:min(len(name), 32)], "-"); name == "" {
		return "form"
	}
	return name
}
