// Package gateway guards the forms of an app without any change to the app. It is a
// reverse proxy in front of the app that
//
//   - recognizes requests to a form in every spelling (package route),
//   - puts ticket, decoys and script into the forms of the pages that pass (package inject),
//   - lets the library judge each submission, and sends the app exactly the bytes
//     that its own form would have sent,
//   - keeps the visitor's input, sealed in the challenge page, if the visitor must do more,
//   - tells the app the judgement in a signed header (package verdict).
//
// [Gateway.ServeHTTP] is the path of a request; read it first.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/event"
	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/web"
)

// Config is the configuration of a gateway.
type Config struct {
	Sites []Site

	// ClientIP says which source to believe for the client's address, and for whether
	// the visitor came over HTTPS. Required.
	ClientIP clientip.Source

	// InFlight bounds the memory for bodies under judgement, in bytes, over all
	// requests. A quarter of it is reserved for bodies of up to 64 KiB, and one network may
	// use a quarter of each part. A single body of the longest size that a form accepts
	// always fits, so the bound is never less than that. Requests above it get 503.
	// Default 256 MiB.
	InFlight int64

	// BodyTimeout is the longest pause in receiving a body. Default 30 s.
	BodyTimeout time.Duration

	// UpstreamTimeout is the longest time until an app begins its answer. Default 60 s.
	UpstreamTimeout time.Duration

	Logger *slog.Logger     // default slog.Default()
	Events event.Sink       // told of each event; must not block
	Clock  func() time.Time // default time.Now
}

// Gateway guards the forms of its sites. It is safe for concurrent use.
type Gateway struct {
	config   Config
	sites    map[string]*site // by host, in lower case
	any      *site            // for all other hosts, or nil
	inFlight *inFlight
	warned   atomic.Bool // a warning about an unnamed proxy was logged
}

// New returns a gateway, or one error with all mistakes of the configuration.
func New(config Config) (*Gateway, error) {
	if config.InFlight <= 0 {
		config.InFlight = 256 << 20
	}
	if config.BodyTimeout <= 0 {
		config.BodyTimeout = 30 * time.Second
	}
	if config.UpstreamTimeout <= 0 {
		config.UpstreamTimeout = time.Minute
	}
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.Clock == nil {
		config.Clock = time.Now
	}
	g := &Gateway{config: config, sites: make(map[string]*site)}
	errs := []error{config.ClientIP.Validate()}
	for _, sc := range config.Sites {
		s, err := g.newSite(sc)
		if err != nil {
			errs = append(errs, fmt.Errorf("site %q: %w", sc.Host, err))
			continue
		}
		errs = append(errs, g.register(s))
	}
	if len(config.Sites) == 0 {
		errs = append(errs, errors.New("there is no site"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var largest int64
	for _, s := range g.sites {
		largest = max(largest, s.maxBody)
	}
	if g.any != nil {
		largest = max(largest, g.any.maxBody)
	}
	g.inFlight = newInFlight(config.InFlight, 2*largest) // a challenged submission is longer when it comes again
	return g, nil
}

func (g *Gateway) register(s *site) error {
	if s.config.AnyHost {
		if g.any != nil {
			return fmt.Errorf("sites %q and %q both take every host", g.any.config.Host, s.config.Host)
		}
		g.any = s
		return nil
	}
	for _, host := range append([]string{s.config.Host}, s.config.Hosts...) {
		host = strings.ToLower(host)
		if g.sites[host] != nil {
			return fmt.Errorf("two sites claim the host %q", host)
		}
		g.sites[host] = s
	}
	return nil
}

// ownFiles are the same for all sites, and for hosts without a site.
var ownFiles = web.Handler(palisade.DefaultBase)

// ServeHTTP handles a request.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		// Also of a body that nobody reads: before an answer the server reads some of the rest.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(g.config.BodyTimeout))
	}
	path, _, ok := route.Target(r.RequestURI)
	if isHealthCheck(r.Method, path) {
		answerHealthCheck(w)
		return
	}
	s := g.site(r.Host)
	if s == nil && strings.HasPrefix(path, palisade.DefaultBase) {
		ownFiles.ServeHTTP(w, r) // for the page that reports a host without a site
		return
	}
	if s == nil {
		g.config.Logger.InfoContext(r.Context(), "no site has this host; with a port it must be named with it", "host", shorten(r.Host))
		g.refuse(w, r, nil, "host-unknown", http.StatusMisdirectedRequest)
		return
	}
	if r.Method == http.MethodConnect || r.Method == http.MethodTrace || r.RequestURI == "*" {
		g.refuse(w, r, s, "method-unnamed", http.StatusMethodNotAllowed)
		return
	}
	if !ok || isMalformed(r) {
		g.refuse(w, r, s, "target-malformed", http.StatusBadRequest)
		return
	}
	if s.config.ForwardAuth != NoAuth && r.URL.Path == s.mount+authPath {
		g.auth(w, r, s)
		return
	}
	if err := g.cleanse(r, s); err != nil { // from here on all of the request's headers are the client's own
		g.refuse(w, r, s, palisade.ReasonAddress, http.StatusBadRequest)
		return
	}
	r = g.streamed(w, r)
	if strings.HasPrefix(path, s.mount) {
		s.serveOwn(w, r)
		return
	}
	if len(r.Header["Upgrade"]) > 0 && !s.routes.OpenToSockets(path, r.URL.RawQuery) {
		g.refuse(w, r, s, "upgrade-guarded", http.StatusForbidden)
		return
	}
	m, sub, unreadable, release := s.match(&r, path)
	defer release()
	switch m.Kind {
	case route.Open:
		if s.bringsBody(r, path) {
			g.refuse(w, r, s, "body-unexpected", http.StatusBadRequest)
			return
		}
		s.forward(w, r)
	case route.Guarded:
		g.guard(w, r, sub, unreadable, s.forms[m.Form])
	case route.Unnamed:
		g.refuse(w, r, s, "method-unnamed", http.StatusMethodNotAllowed)
	default:
		g.refuse(w, r, s, "route-ambiguous", http.StatusBadRequest)
	}
}

// isMalformed reports whether the request has something that no request line may hold.
// HTTP/2 can bring it in its own fields; HTTP/2 also has no absolute-form.
func isMalformed(r *http.Request) bool {
	return r.ProtoMajor > 1 && r.RequestURI[0] != '/' || strings.ContainsAny(r.Host, "/?#@\\ ") || strings.ContainsAny(r.Method, " \t/")
}

// match finds the form of a request. It reads the body only if a condition needs it. The
// body then counts as in flight until release is called, the request becomes a copy, and
// the submission has its fields.
func (s *site) match(request **http.Request, path string) (m route.Match, sub *palisade.Submission, unreadable bool, release func()) {
	r := *request
	var body *counted
	m = s.routes.MatchRequest(&route.Request{
		Method: r.Method, Path: path, Header: r.Header, Query: r.URL.RawQuery,
		Body: func() route.Body {
			if body == nil {
				body = s.gateway.inFlight.counted(r.Body, r.ContentLength, r.RemoteAddr)
				limited := *r
				limited.Body = body
				r = &limited
				sub, _ = s.guard.Read(r, s.maxBody) // if the body cannot be read, its fields count as unknown
			}
			if sub == nil {
				return nil
			}
			return sub
		},
	})
	if m.Kind == route.Open && sub != nil {
		if sub.Sealed() { // the routes have changed since; the app could not open the capsule
			m.Kind = route.Ambiguous
		}
		sub.Strip(s.guard)
	}
	*request = r
	return m, sub, body != nil && sub == nil, func() {
		if body != nil {
			body.release()
		}
	}
}

// guard lets the library judge a submission. The form forwards an allowed one.
func (g *Gateway) guard(w http.ResponseWriter, r *http.Request, sub *palisade.Submission, unreadable bool, f *form) {
	f.site.readable(w.Header(), r) // for a refusal; submit takes it back
	if f.site.signedByClient(r, f) {
		r = r.WithContext(context.WithValue(r.Context(), exemptKey{}, true))
	}
	if sub != nil { // its body is read, and counted
		f.guarded.Serve(w, sub.On(r), f.submit)
		return
	}
	// The announced length must fit, but only received bytes are counted. So a client
	// that announces much and sends it slowly takes no more memory from others than it
	// sent.
	room := g.inFlight.room(r.ContentLength)
	if !f.config.Sessions && r.ContentLength <= 2*f.config.MaxBody && !room.fits(networkOf(r.RemoteAddr), share(r.ContentLength)) {
		g.refuse(w, r, f.site, "busy", http.StatusServiceUnavailable)
		return
	}
	if r.Body != nil {
		body := g.inFlight.counted(r.Body, r.ContentLength, r.RemoteAddr)
		defer body.release()
		r = r.WithContext(r.Context()) // WithContext copies the request: see streamed
		r.Body = body
	}
	sub = palisade.NewSubmission(r)
	if unreadable { // a condition on the body chose the form, so no session of it may stand for the body
		sub = sub.Whole()
	}
	f.guarded.Serve(w, sub, f.submit)
}

// CloseIdleConnections closes the idle connections to apps. Call it for a gateway that
// another gateway has replaced.
func (g *Gateway) CloseIdleConnections() {
	for _, s := range g.sites {
		s.proxy.Transport.(*transport).CloseIdleConnections()
	}
	if g.any != nil {
		g.any.proxy.Transport.(*transport).CloseIdleConnections()
	}
}

func (g *Gateway) site(host string) *site {
	host = strings.ToLower(host)
	if s := g.sites[host]; s != nil {
		return s
	}
	for _, port := range []string{":80", ":443"} {
		if name, found := strings.CutSuffix(host, port); found && g.sites[name] != nil {
			return g.sites[name]
		}
	}
	return g.any
}

// refuse answers a request that is refused before the library judges it.
func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, s *site, why palisade.Reason, status int) {
	d := palisade.Decision{ID: palisade.NewID(), Time: g.config.Clock(), Reason: why}
	if s != nil {
		d.Site = s.config.Host
	}
	attrs := []slog.Attr{slog.Any("decision", d), slog.Int("status", status), slog.String("method", shorten(r.Method))}
	if g.config.Logger.Enabled(r.Context(), slog.LevelDebug) { // only then, because paths can hold private data
		attrs = append(attrs, slog.String("path", shorten(writtenPath(r))))
	}
	g.config.Logger.LogAttrs(r.Context(), slog.LevelInfo, "refused", attrs...)
	g.config.Events.Tell(r.Context(), d)
	kind := web.NoticeDenied
	switch status {
	case http.StatusBadRequest:
		kind = web.NoticeRequest
	case http.StatusMisdirectedRequest:
		kind = web.NoticeAddress
	case http.StatusServiceUnavailable:
		kind = web.NoticeUnavailable
		w.Header().Set("Retry-After", "10")
	case http.StatusBadGateway, http.StatusGatewayTimeout:
		kind = web.NoticeDown
	}
	w.Header().Set("Cache-Control", "no-store")
	if s != nil {
		unreadable(w.Header())
		s.readable(w.Header(), r)
	}
	if accept := strings.Join(r.Header["Accept"], ","); !strings.Contains(accept, "html") && strings.Contains(accept, "json") {
		web.Problem{Status: status, ID: d.ID.String()}.Serve(w)
		return
	}
	notice := web.Notice{Kind: kind, Lang: web.Lang(r.Header.Get("Accept-Language")), Base: palisade.DefaultBase, ID: d.ID.String()}
	if s != nil {
		notice.Base, notice.Parents = s.base, s.framedBy(nil)
		notice.Site, notice.Back = s.nameFor(r), web.Home(s.config.Prefix, web.Back(r, append([]string{s.config.Host}, s.config.Hosts...)...))
	}
	notice.Serve(w, status)
}

// nameFor returns the site's public host, for people to read.
func (s *site) nameFor(r *http.Request) string {
	if s.config.AnyHost {
		return r.Host
	}
	return s.config.Host
}

// shorten limits how much text of a client goes into the log.
func shorten(text string) string { return text[:min(len(text), 256)] }

func hasToken(lines []string, token string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
		return false
	})
}
