package demo

import (
	"bytes"
	"encoding/json"
	"html/template"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"path"
	"strings"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/web"
)

// page is the data of the templates.
type page struct {
	Title     string
	Here      string // path of the page, for the navigation
	Forms     []*form
	Protected bool
	Insecure  bool // the browser cannot run the proof here
	Origin    string

	// Of a form's page.
	Form     *form
	Values   values
	Problems problems
	Guard    template.HTML // the guard's own fields

	// Of the pages that show comments, votes, effects and decisions.
	Comments  []comment
	Empty     string // shown if there are no comments
	Tallies   []tally
	Effects   map[string]int
	Decisions []palisade.Decision
}

func parsePages() (map[string]*template.Template, error) {
	pages := make(map[string]*template.Template)
	for _, name := range []string{"index", "form", "done", "live", "missing"} {
		t, err := template.New(name).ParseFS(files, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, err
		}
		pages[name] = t
	}
	return pages, nil
}

func (a *App) render(w http.ResponseWriter, r *http.Request, status int, name string, p page) {
	p.Here, p.Forms, p.Protected = r.URL.Path, a.forms, a.guard != nil
	p.Insecure = p.Protected && insecure(r)
	p.Origin = origin(r)
	var body bytes.Buffer
	if err := a.pages[name].ExecuteTemplate(&body, "layout.html", p); err != nil {
		a.config.Logger.ErrorContext(r.Context(), "demo: page", "page", name, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // an error means that the client has gone away
}

// insecure reports whether a page is no secure context for browsers: plain HTTP from any
// other machine. Browsers then offer no crypto.subtle.
func insecure(r *http.Request) bool {
	if r.TLS != nil {
		return false
	}
	host := r.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return false
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err != nil || !addr.IsLoopback()
}

// origin is the origin in the visitor's request; used only in lines to copy.
func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (a *App) serveIndex(w http.ResponseWriter, r *http.Request) {
	a.render(w, r, http.StatusOK, "index", page{Title: "Palisade demo"})
}

func (a *App) serveLive(w http.ResponseWriter, r *http.Request) {
	a.render(w, r, http.StatusOK, "live", page{
		Title: "What happened", Effects: a.world.counts(a.forms), Decisions: a.recent.all(),
	})
}

// withMissing answers a request for a missing page, with any method.
func (a *App) withMissing(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if known(mux, r) {
			mux.ServeHTTP(w, r)
			return
		}
		a.render(w, r, http.StatusNotFound, "missing", page{Title: "Page not found"})
	})
}

// known reports whether the site has a path, for this method or another. It also reports
// paths that the mux cleans and redirects to.
func known(mux *http.ServeMux, r *http.Request) bool {
	if clean := path.Clean(r.URL.Path); r.URL.Path != clean && r.URL.Path != clean+"/" {
		return true
	}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := mux.Handler(probe); pattern != "" {
			return true
		}
	}
	return false
}

func (a *App) servePage(f *form) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.showForm(w, r, http.StatusOK, page{Form: f, Guard: a.fields(f, r)})
	}
}

// fields are what the guard adds to a form. A session needs the script alone: the ticket
// that opens it is no field of the form.
func (a *App) fields(f *form, r *http.Request) template.HTML {
	switch {
	case f.gate == nil:
		return ""
	case f.Sessions:
		return template.HTML(`<script defer src="` + web.URL(a.guard.Base(), "palisade.js") + `"></script>`)
	}
	return f.gate.Fields(r)
}

func (a *App) showForm(w http.ResponseWriter, r *http.Request, status int, p page) {
	p.Title = p.Form.Title
	switch p.Form.Name {
	case "comments":
		if p.Comments = a.world.latest(); len(p.Comments) == 0 {
			p.Empty = "There are no comments yet. Write the first one."
		}
	case "vote":
		p.Tallies = a.world.tallies()
	}
	a.render(w, r, status, "form", p)
}

func (a *App) serveDone(f *form) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.render(w, r, http.StatusOK, "done", page{Title: f.Done, Form: f, Effects: a.world.counts(a.forms)})
	}
}

// submit is a handler that runs for allowed attempts.
type submit = func(http.ResponseWriter, *http.Request, palisade.Pass)

// submitPage accepts a form of a page. If fields need a correction, it shows the form with
// all typed values and the pass's own fields. The visitor need not wait or solve again.
func (a *App) submitPage(f *form) submit {
	return func(w http.ResponseWriter, r *http.Request, pass palisade.Pass) {
		v := f.read(r)
		if problems := f.accept(a.world, v); len(problems) > 0 {
			a.showForm(w, r, http.StatusUnprocessableEntity, page{
				Form: f, Values: v, Problems: problems, Guard: pass.Retry(),
			})
			return
		}
		http.Redirect(w, r, "/"+f.Name+"/done", http.StatusSeeOther)
	}
}

// problem is RFC 9457 with the fields to correct. It has a ticket for the next submission,
// in the same member as the guard's own refusals.
type problem struct {
	web.Problem
	Errors    problems        `json:"errors,omitempty"`
	Challenge *palisade.Offer `json:"challenge,omitempty"`
}

// submitJSON accepts the same fields from a program.
func (a *App) submitJSON(f *form) submit {
	return func(w http.ResponseWriter, r *http.Request, pass palisade.Pass) {
		var body map[string]any
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/json" {
			a.writeProblem(w, problem{Problem: web.Problem{Title: "Send JSON", Status: http.StatusUnsupportedMediaType}})
			return
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			a.writeProblem(w, problem{Problem: web.Problem{Title: "Send one JSON object", Status: http.StatusBadRequest}})
			return
		}
		v := values{}
		for _, field := range f.Fields {
			v[field.Name], _ = body[field.Name].(string)
		}
		if wrong := f.accept(a.world, v); len(wrong) > 0 {
			p := problem{Problem: web.Problem{Title: "Please correct this", Status: http.StatusUnprocessableEntity}, Errors: wrong}
			if ticket, err := pass.RetryOffer(); err == nil {
				p.Challenge = &ticket
			}
			a.writeProblem(w, p)
			return
		}
		a.writeJSON(w, http.StatusCreated, "application/json", map[string]bool{"accepted": true})
	}
}

func (a *App) writeProblem(w http.ResponseWriter, p problem) {
	p.Problem = p.Filled()
	a.writeJSON(w, p.Status, web.ProblemType, p)
}
