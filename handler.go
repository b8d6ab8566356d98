package palisade

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/palisade-dev/palisade/internal/ticket"
	"github.com/palisade-dev/palisade/web"
)

// Handler serves the files and endpoints that pages and programs fetch: the script, the
// widget, and the endpoints "ticket", "challenge" and "session". Mount it at Config.Base:
//
//	mux.Handle("/.palisade/", guard.Handler())
func (g *Guard) Handler() http.Handler {
	files := web.Handler(g.config.Base)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _ := strings.CutPrefix(r.URL.Path, g.config.Base)
		switch name {
		case "ticket":
			g.serveTicket(w, r)
		case "challenge":
			g.serveChallenge(w, r)
		case "session":
			g.serveSession(w, r)
		default:
			files.ServeHTTP(w, r)
		}
	})
}

// Base returns the path that [Guard.Handler] is to be mounted at, as Config.Base says.
func (g *Guard) Base() string { return g.config.Base }

// serveTicket gives a page that was cached, or a program without a page, its
// ticket. The ticket's age counts from here, or from the load of the page that asks.
func (g *Guard) serveTicket(w http.ResponseWriter, r *http.Request) {
	f := g.formOf(w, r, http.MethodGet)
	if f == nil {
		return
	}
	query := r.URL.Query()
	asked := wish{rung: f.pageRung(), decoys: true, page: query.Get("page")}
	if query.Has("script") {
		asked.flags, asked.decoys = ticket.Script, false
	}
	o, err := f.offer(r, asked)
	if err != nil {
		refuseFetch(w)
		return
	}
	writeJSON(w, http.StatusOK, o)
}

// serveChallenge gives a challenge for a ticket that is still good.
func (g *Guard) serveChallenge(w http.ResponseWriter, r *http.Request) {
	f := g.formOf(w, r, http.MethodGet)
	if f == nil {
		return
	}
	t, ours := g.keys.Parse(r.URL.Query().Get("ticket"))
	now := g.config.Clock()
	if !ours || !f.fits(&t) || now.Sub(t.Issued) >= f.config.MaxAge {
		writeJSON(w, http.StatusForbidden, fetchError{"This form has expired. Please load the page again."})
		return
	}
	addr, err := g.config.ClientIP.Addr(r)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, fetchError{"No client address."})
		return
	}
	granted, err := f.afford(r, addr, t.Rung, now)
	if !granted {
		t.Flags |= ticket.Shared
	}
	var challenge []byte
	if err == nil {
		challenge, err = f.issue(r, &t, f.ladder.Kind(t.Kind))
	}
	if err != nil {
		refuseFetch(w)
		return
	}
	writeJSON(w, http.StatusOK, json.RawMessage(challenge))
}

// fetchError is the shape that the widget shows to the visitor.
type fetchError struct {
	Error string `json:"error"`
}

// formOf returns the form that a fetch names, or answers why not.
func (g *Guard) formOf(w http.ResponseWriter, r *http.Request, method string) *Form {
	if r.Method != method {
		w.Header().Set("Allow", method)
		writeJSON(w, http.StatusMethodNotAllowed, fetchError{"Use " + method + "."})
		return nil
	}
	f := g.form(r.URL.Query().Get("form"))
	if f == nil {
		writeJSON(w, http.StatusNotFound, fetchError{"There is no form of this name."})
	}
	return f
}

// outageWait is told to whom we cannot serve now.
const outageWait = 10 * time.Second

func refuseFetch(w http.ResponseWriter) {
	w.Header().Set("Retry-After", strconv.Itoa(int(outageWait.Seconds())))
	writeJSON(w, http.StatusServiceUnavailable, fetchError{"Not available right now. Please try again."})
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	writeJSONAs(w, "application/json", status, value)
}

func writeJSONAs(w http.ResponseWriter, kind string, status int, value any) {
	h := w.Header()
	h.Set("Content-Type", kind)
	neverStored(h)
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // an error means that the client has gone away
}
