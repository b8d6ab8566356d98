// Package demo is a small site with five forms that Palisade guards. It exists to
// be tried: in a browser, with curl, or by the attackers of package attack.
//
// It is also what an application that uses the library looks like: forms.go says
// what is guarded and how, app.go hangs it on routes, and nothing else knows of
// the guard. What the forms do is in world.go; it lives in memory and is bounded.
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

// Config says which variant of the site is wanted.
type Config struct {
	// Site and Hosts are where the site is reached, see palisade.Config. [Start]
	// fills them in.
	Site  string
	Hosts []string

	// ClientIP says whose word is taken for a client's address. Required.
	ClientIP clientip.Source

	// Captcha, if set, is asked for of everybody at every form. Nil: the embedded
	// captcha, shown when the findings are suspicious.
	Captcha captcha.Provider

	// InsecureTestKeys accepts the public test keys of Captcha.
	InsecureTestKeys bool

	// Unprotected leaves the guard out: the same site, to compare with.
	Unprotected bool

	// Logger is told what goes wrong. Default slog.Default().
	Logger *slog.Logger

	// Observe, if set, is called with each decision. It must not block.
	Observe func(palisade.Decision)

	// Clock tells the guard the time. Default time.Now.
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

// New returns a site with nothing in it yet. Its keys are random, so nothing
// issued by another run is good here.
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
		config := palisade.FormConfig{Name: f.Name, MinFill: MinFill, Limits: f.Limits, Ask: palisade.WhenRisky}
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

// maxBody bounds what the site itself reads; the guard's own limit is lower.
const maxBody = 2 << 20

// protected is the handler of a form's submissions. The zero Pass of the
// unprotected site makes nothing valid: its handlers just do not look.
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

// policy allows what the pages use and no more. The guard's own pages bring
// their own.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; worker-src 'self'; " +
	"img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// secure sets the headers of every answer. Pages hold tickets that are good for
// one submission, so nothing may keep them.
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

// serveEffects tells what really happened: how many submissions each form
// accepted.
func (a *App) serveEffects(w http.ResponseWriter, _ *http.Request) {
	a.writeJSON(w, http.StatusOK, "application/json", a.world.counts(a.forms))
}

// serveDecisions tells the last decisions, newest first.
func (a *App) serveDecisions(w http.ResponseWriter, _ *http.Request) {
	a.writeJSON(w, http.StatusOK, "application/json", a.recent.all())
}

func (a *App) writeJSON(w http.ResponseWriter, status int, kind string, value any) {
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // an error means that the client has gone away
}
