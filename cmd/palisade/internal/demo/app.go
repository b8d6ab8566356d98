// Package demo is a small site with six forms that Palisade guards. Users try it in a
// browser or with curl, and package attack attacks it.
//
// It is also an example of an application that uses the library. forms.go declares the
// guarded forms and app.go registers them on routes; no other file knows the guard. The
// actions of the forms are in world.go, in memory and with bounds.
package demo

import (
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"encoding/json"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captcha"
	"github.com/palisade-dev/palisade/clientip"
)

// Config chooses a variant of the site.
type Config struct {
	// Site and Hosts are the addresses of the site, see palisade.Config. [Start] fills them
	// in.
	Site  string
	Hosts []string

	// ClientIP finds a client's address. Required.
	ClientIP clientip.Source

	// Captcha, if set, is required of everybody at every form. Nil: the embedded captcha,
	// for suspicious attempts only.
	Captcha captcha.Provider

	// InsecureTestKeys accepts the public test keys of Captcha.
	InsecureTestKeys bool

	// Unprotected removes the guard: the same site, to compare with.
	Unprotected bool

	// Logger gets errors. Default slog.Default().
	Logger *slog.Logger

	// Observe, if set, is called with each decision. It must not block.
	Observe func(palisade.Decision)

	// Clock is the guard's clock. Default time.Now.
	Clock func() time.Time
}

// App is the site, an [http.Handler].
type App struct {
	config Config
	world  *world
	recent *ring
	forms  []*form
	guard  *palisade.Guard // nil when unprotected
	pages  map[string]*template.Template
	http.Handler
}

//go:embed assets pages
var files embed.FS

// New returns an empty site. Its keys are random, so tickets of another run are not valid
// here.
func New(config Config) (*App, error) {
	a := &App{config: config, world: newWorld(), recent: new(ring), forms: newForms()}
	a.config.Logger = cmp.Or(a.config.Logger, slog.Default())
	var err error
	if a.pages, err = parsePages(); err != nil {
		return nil, err
	}
	if !config.Unprotected {
		if err := a.protect(); err != nil {
			return nil, err
		}
	}
	a.Handler = a.routes()
	return a, nil
}

// protect makes the guard and registers the forms with it.
func (a *App) protect() error {
	key := make([]byte, palisade.KeySize)
	rand.Read(key) // cannot fail
	guard, err := palisade.New(palisade.Config{
		Keys:             palisade.Keys{Current: key},
		ClientIP:         a.config.ClientIP,
		Site:             a.config.Site,
		Hosts:            a.config.Hosts,
		Captcha:          a.config.Captcha,
		InsecureTestKeys: a.config.InsecureTestKeys,
		Logger:           a.config.Logger,
		Events:           palisade.Decisions(a.observe),
		Clock:            a.config.Clock,
	})
	if err != nil {
		return err
	}
	for _, f := range a.forms {
		config := palisade.FormConfig{
			Name: f.Name, MinFill: MinFill, Limits: f.Limits, Ceiling: f.Ceiling, Ask: palisade.WhenRisky, Sessions: f.Sessions, Count: f.Count,
		}
		if a.config.Captcha != nil {
			config.Ask = palisade.Always
		}
		if f.gate, err = guard.Form(config); err != nil {
			return err
		}
	}
	a.guard = guard
	return nil
}

func (a *App) observe(_ context.Context, d palisade.Decision) {
	a.recent.add(d)
	if a.config.Observe != nil {
		a.config.Observe(d)
	}
}

func (a *App) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.serveIndex)
	mux.HandleFunc("GET /live", a.serveLive)
	mux.HandleFunc("GET /effects", a.serveEffects)
	mux.HandleFunc("GET /decisions", a.serveDecisions)
	for _, f := range a.forms {
		mux.HandleFunc("GET /"+f.Name, a.servePage(f))
		mux.HandleFunc("GET /"+f.Name+"/done", a.serveDone(f))
		mux.Handle("POST "+f.Action(), a.protected(f))
	}
	assets, _ := fs.Sub(files, "assets") // the folder is embedded
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", cached(http.FileServerFS(assets))))
	if a.guard != nil {
		mux.Handle("/.palisade/", a.guard.Handler())
	}
	return secure(http.MaxBytesHandler(a.withMissing(mux), maxBody))
}

// maxBody is the most bytes that the site itself reads; the guard's own limit is lower.
const maxBody = 2 << 20

// protected is the handler of a form's submissions. The unprotected site passes the zero
// Pass, which is never valid; its handlers do not check it.
func (a *App) protected(f *form) http.Handler {
	submit := a.submitPage(f)
	if f.JSON {
		submit = a.submitJSON(f)
	}
	if f.gate == nil {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { submit(w, r, palisade.Pass{}) })
	}
	return f.gate.Handle(submit)
}

// policy allows only the resources that the pages use. The guard's own pages have their own
// policy.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; " +
	"img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers of every answer. Pages contain tickets for one submission, so
// caches must not store them.
func secure(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func cached(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=300")
		next.ServeHTTP(w, r)
	})
}

// serveEffects returns the number of submissions that each form accepted.
func (a *App) serveEffects(w http.ResponseWriter, _ *http.Request) {
	a.writeJSON(w, http.StatusOK, "application/json", a.world.counts(a.forms))
}

// serveDecisions returns the last decisions, newest first.
func (a *App) serveDecisions(w http.ResponseWriter, _ *http.Request) {
	a.writeJSON(w, http.StatusOK, "application/json", a.recent.all())
}

func (a *App) writeJSON(w http.ResponseWriter, status int, kind string, value any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // an error means that the client has gone away
}
