package gateway

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/signal"
	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/store/memory"
	"github.com/palisade-dev/palisade/verdict"
)

// Site is one app behind the gateway.
type Site struct {
	Host    string   // public host, with port unless it is the scheme's default; tickets are bound to it
	Hosts   []string // further hosts of the same app
	AnyHost bool     // takes every host that no other site takes

	Upstream *url.URL // the app: http or https and a host, or unix and the path of a socket
	// UpstreamCAs are the authorities that may sign the certificate of an https upstream;
	// nil: those of the system. UpstreamName is the name in the certificate; "": the host of
	// Upstream.
	UpstreamCAs  *x509.CertPool
	UpstreamName string

	Keys    palisade.Keys
	Captcha captcha.Provider // nil: only the embedded captcha
	// Fallbacks replace Captcha while it is down, in this order.
	Fallbacks []captcha.Provider
	Store     store.Store // nil: memory

	Signals signal.Settings // as in palisade.Config

	Forms   []Form
	Auto    *Form           // guards unsafe requests that no route covers; nil: they are open
	Exempt  []route.Pattern // open, unless a longer route of a form guards it
	Odd     []route.Pattern // paths here need not be plain; Auto guards them, see route.Config
	Clients []Client        // programs that sign their requests

	// ForwardAuth is the dialect in which a proxy in front asks which requests to send to
	// the gateway, see deploy/. Config.ClientIP must name that proxy.
	ForwardAuth Dialect

	StripHeaders []string // more headers that the app does not get: names, or prefixes such as X-Corp-*
	AllowHeaders []string // stripped headers that a proxy named in Config.ClientIP may set itself

	// Base is the path under which browsers reach our own files and endpoints. It begins
	// and ends with a slash. Default: Prefix and palisade.DefaultBase.
	Base string

	// Prefix is the path, such as /app, that the proxy in front cuts off before it passes
	// a request on. Base must then be below it. Default: the proxy passes paths on unchanged.
	// It excludes ForwardAuth, whose questions have the whole path.
	Prefix string

	// Origins are other origins, such as https://app.example, whose scripts may read our
	// refusals. The site's own hosts may, and so may whoever the app's answer to a preflight
	// request allows. Whether such a request is accepted is another matter. Default: none.
	Origins []string

	// FrameParents are the sources, as in frame-ancestors, that may frame our pages. Default:
	// the site itself, and those that the app's page with the form allowed.
	FrameParents []string

	// Script puts the script into every page that is a whole document, for pages that send
	// with fetch and have no form of their own.
	Script bool

	InsecureTestKeys bool // as in palisade.Config
}

// Form is one guarded form of a site.
type Form struct {
	palisade.FormConfig
	Routes []route.Pattern

	// Accept200 says that an answer 200 to a submission means that the app accepted it,
	// also if its page holds the form again. By default such a page counts as a request
	// for a correction, as Django and Flask send it. The corrected form then passes
	// without another visible step (at most twice).
	Accept200 bool

	// Reject200 says that such an answer means that the app did nothing, also for the limits, see
	// palisade.Count. Without either, it only spares the visitor the next visible step.
	Reject200 bool

	// Cost says what a submission cost, for limits with a Reserve.
	Cost Cost
}

// site is a Site that is ready for use.
type site struct {
	gateway *Gateway
	config  Site
	base    string // of our own files, for browsers
	mount   string // the same without the prefix: as requests for them arrive
	guard   *palisade.Guard
	own     http.Handler
	routes  *route.Routes
	forms   []*form
	proxy   *httputil.ReverseProxy
	store   store.Store
	readers readers
	maxBody int64 // the largest limit of the forms
	strip   headerSet
	allow   headerSet
	verdict []byte
	loader  []byte // the script that guards requests of a page's scripts
	script  string // the script tag for every page, or ""
}

// form is a Form that is ready for use.
type form struct {
	site    *site
	config  Form
	guarded *palisade.Form
	parents parents
}

type exemptKey struct{}

func (g *Gateway) newSite(config Site) (*site, error) {
	s := &site{gateway: g, config: config, base: cmp.Or(config.Base, config.Prefix+palisade.DefaultBase), store: config.Store}
	if s.store == nil {
		s.store = memory.New(memory.Epoch(g.config.Clock()))
	}
	errs := []error{validateOrigins(config.Origins), validateParents(config.FrameParents)}
	if !isUpstream(config.Upstream) {
		errs = append(errs, errors.New("Upstream must be http:// or https:// and a host, e.g. http://127.0.0.1:8000, or unix: and a path, e.g. unix:/run/app.sock"))
	} else if config.Upstream.Scheme != "https" && (config.UpstreamCAs != nil || config.UpstreamName != "") {
		errs = append(errs, errors.New("UpstreamCAs and UpstreamName need an https upstream"))
	}
	var err error
	if s.mount, err = s.mountOf(); err != nil {
		errs = append(errs, err)
	}
	s.guard, err = palisade.New(palisade.Config{
		Signals: config.Signals,
		Keys:    config.Keys, Site: config.Host, Hosts: config.Hosts, AnyHost: config.AnyHost,
		ClientIP: clientip.RemoteAddr(), // cleanse has put the client's address there
		Captcha:  config.Captcha, Fallbacks: config.Fallbacks, Store: s.store, Base: s.base, Prefix: config.Prefix,
		Logger: g.config.Logger, Events: g.config.Events, Clock: g.config.Clock,
		InsecureTestKeys: config.InsecureTestKeys,
	})
	if err != nil {
		return nil, errors.Join(append(errs, err)...)
	}
	s.own = s.guard.Handler()
	if config.ForwardAuth != NoAuth && !g.config.ClientIP.Named() {
		errs = append(errs, errors.New("forward-auth needs the proxy in front to be named in trust, because its word is taken for method and path"))
	}
	s.verdict = verdict.Key(config.Keys.Current, config.Host)
	errs = append(errs, s.setHeaders(), s.addForms(), validateClients(config.Clients))
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s.loader = s.loaderScript()
	if config.Script {
		s.script = `<script src="{origin}` + s.base + loaderName + `"{nonce}{page}></script>`
	}
	s.proxy = s.newProxy()
	return s, nil
}

// mountOf returns the path at which requests for our own files arrive.
func (s *site) mountOf() (string, error) {
	mount, below := strings.CutPrefix(s.base, s.config.Prefix)
	switch {
	case !below || !strings.HasPrefix(mount, "/"):
		return "", fmt.Errorf("Base %q must be below Prefix %q", s.base, s.config.Prefix)
	case mount == "/":
		return "", errors.New("Base must leave paths to the app, e.g. /app/.palisade/")
	case s.config.Prefix != "" && s.config.ForwardAuth != NoAuth:
		return "", errors.New("Prefix and forward-auth exclude each other: let the proxy pass the path on unchanged, and give Base alone")
	}
	return mount, nil
}

func isUpstream(u *url.URL) bool {
	switch {
	case u == nil:
		return false
	case u.Scheme == unixScheme:
		return u.Host == "" && u.Path != ""
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && (u.Path == "" || u.Path == "/")
}

func (s *site) addForms() error {
	var errs []error
	var rules []route.Rule
	auto := route.NoAuto
	list := s.config.Forms
	if s.config.Auto != nil {
		auto = len(list)
		list = append(slices.Clone(list), *s.config.Auto)
	}
	for i, config := range list {
		f := &form{site: s, config: config}
		config.Transparent = true
		config.Exempt = func(r *http.Request) bool { return r.Context().Value(exemptKey{}) != nil }
		config.FrameParents = func(*http.Request) []string { return s.framedBy(f) }
		var err error
		if f.guarded, err = s.guard.Form(config.FormConfig); err != nil {
			errs = append(errs, err)
			continue
		}
		if i != auto && len(config.Routes) == 0 {
			errs = append(errs, fmt.Errorf("form %q has no route", config.Name))
		}
		f.config.MaxBody = f.guarded.MaxBody()
		s.maxBody = max(s.maxBody, f.config.MaxBody)
		s.forms = append(s.forms, f)
		rules = append(rules, route.Rule{Form: i, Patterns: config.Routes, Monitor: config.Monitor})
	}
	if len(list) == 0 {
		errs = append(errs, errors.New("nothing is protected: name a form, or auto"))
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	var err error
	s.routes, err = route.New(route.Config{Rules: rules, Exempt: s.config.Exempt, Auto: auto, Odd: s.config.Odd})
	return err
}
