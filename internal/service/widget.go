package service

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/store"
	"github.com/palisade-dev/palisade/web"
)

// widgetBase is the path of the widget's frame and its files.
const widgetBase = "/captcha/"

// scripts are the paths of the widget's script: our own, and the vendors' paths in existing
// pages.
var scripts = []string{widgetBase + "api.js", "/recaptcha/api.js", "/recaptcha/enterprise.js", "/turnstile/v0/api.js", "/1/api.js"}

// friendlyAgent is the path of the second frame that the SDK of Friendly Captcha puts into a
// page. It belongs to no site and makes no token.
const friendlyAgent = "/api/v2/captcha/agent"

// frames are the paths of the widget's frame: our own, and those of the SDK of Friendly
// Captcha.
var frames = []string{widgetBase + "frame", "/api/v2/captcha/widget", friendlyAgent}

func (s *Service) serveWidget(mux *http.ServeMux) {
	for _, path := range scripts {
		mux.HandleFunc("GET "+path, serveScript)
	}
	for _, path := range frames {
		mux.HandleFunc("GET "+path, s.frame)
	}
	mux.HandleFunc("GET "+widgetBase+"challenge", s.challenge)
	mux.Handle("GET "+widgetBase, web.Handler(widgetBase))
}

// serveScript serves the widget's script to pages of any origin. It sends CORS headers,
// which a page needs to check the script's hash.
func serveScript(w http.ResponseWriter, r *http.Request) {
	path := *r.URL
	path.Path = widgetBase + "api.js"
	inner := r.Clone(r.Context())
	inner.URL = &path
	open := &shared{ResponseWriter: w}
	web.Handler(widgetBase).ServeHTTP(open, inner)
	open.WriteHeader(http.StatusOK) // HEAD writes nothing
}

// shared allows other origins to read an answer.
type shared struct {
	http.ResponseWriter
	opened bool
}

func (s *shared) WriteHeader(status int) {
	if s.opened {
		return
	}
	s.opened = true
	h := s.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Cache-Control", "public, max-age=300")
	s.ResponseWriter.WriteHeader(status)
}

func (s *shared) Write(b []byte) (int, error) {
	s.WriteHeader(http.StatusOK)
	return s.ResponseWriter.Write(b)
}

var validLanguage = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,2}$`)

// frame serves the page inside the widget's frame. The browser lets only the site's
// own pages show it.
func (s *Service) frame(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	page := web.Frame{Base: widgetBase, Lang: cmp.Or(query.Get("hl"), query.Get("lang")), Theme: query.Get("theme")}
	if !validLanguage.MatchString(page.Lang) {
		page.Lang = web.Lang(r.Header.Get("Accept-Language"))
	}
	if page.Theme != "dark" && page.Theme != "light" {
		page.Theme = "auto"
	}
	status := http.StatusOK
	switch t := s.byKey[cmp.Or(query.Get("k"), query.Get("sitekey"))]; {
	case r.URL.Path == friendlyAgent:
	case t == nil:
		page.Mistake, status = "Captcha: this site key is not known to the service.", http.StatusNotFound
	case t.Captcha != nil:
		page.Mistake, status = "Captcha: this site key is that of another service's widget ("+t.Captcha.Service().Name+").", http.StatusNotFound
	default:
		page.Hosts = t.Hosts
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", page.CSP())
	h.Set("Cache-Control", "no-store")
	// A page with a Cross-Origin-Embedder-Policy shows only frames that have one too.
	h.Set("Cross-Origin-Embedder-Policy", "require-corp")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		_ = page.Write(w) // an error means that the client has gone away
	}
}

// budgets bound the challenges of one network, by level. Each challenge of the higher levels
// costs us a derivation.
var budgets = [maxLevel + 1]store.Take{
	{Burst: 120, Every: time.Second / 2},
	{Burst: 60, Every: 2 * time.Second},
	{Burst: 60, Every: 2 * time.Second},
}

// offer is the data for a frame.
type offer struct {
	Challenge json.RawMessage `json:"challenge"`
	Claims    string          `json:"claims"` // to put before the proof in the token
	Life      int64           `json:"life"`   // milliseconds
}

// challenge issues a challenge to a frame. A browser tells the frame the origin of its page;
// a program can send any origin, as it can to any vendor. The token proves the work, the
// time, the network and the single use.
func (s *Service) challenge(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	t := s.byKey[query.Get("k")]
	if t == nil || t.Captcha != nil {
		refuse(w, http.StatusNotFound, "unknown site key")
		return
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		refuse(w, http.StatusForbidden, "only the widget's frame may ask")
		return
	}
	addr, err := s.config.ClientIP.Addr(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, "no client address")
		return
	}
	c := claims{host: hostOf(query.Get("origin")), mode: query.Get("mode"), action: query.Get("action"), cdata: query.Get("cdata"), network: t.network(addr)}
	switch {
	case !t.from(c.host):
		refuse(w, http.StatusForbidden, "this site key is not for the host "+c.host)
		return
	case !c.valid() || !t.does(c.action):
		refuse(w, http.StatusBadRequest, "action or cdata is not one that the site has")
		return
	}
	now := s.config.Clock()
	challenge, err := t.issue(r.Context(), &c, addr, now)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, "not available right now")
		return
	}
	writeJSON(w, http.StatusOK, offer{challenge, c.text(), tokenLife.Milliseconds()})
}

// networkShare is the factor between the budget of an address and that of its wider network.
const networkShare = 8

// afford takes one challenge from the budgets of an address and its network.
func (t *site) afford(ctx context.Context, addr netip.Addr, now time.Time) (bool, error) {
	own, all := budgets[t.Level], budgets[t.Level]
	own.Key = store.Key(t.tags.TagAddr("budget\x00", clientip.Prefix(addr).Addr()))
	all.Key = store.Key(t.tags.TagAddr("budget of all\x00", clientip.Network(addr).Addr()))
	all.Burst, all.Every = all.Burst*networkShare, all.Every/networkShare
	result, err := t.service.budget.Spend(ctx, store.Trip{Now: now, Takes: []store.Take{own, all}})
	return result.Status == store.Granted, err
}

// hostOf returns the host of an origin in lower case, without port. It returns "" for an
// origin without a host, such as that of a sandboxed page.
func hostOf(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

func refuse(w http.ResponseWriter, status int, why string) {
	writeJSON(w, status, map[string]string{"error": why})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // an error means that the client has gone away
}
