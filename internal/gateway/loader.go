package gateway

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/palisade-dev/palisade/internal/route"
	"github.com/palisade-dev/palisade/web"
)

// loaderName is the name of the script that guards the requests of a page's scripts: by
// fetch and XMLHttpRequest, and by forms that a script builds. It contains the site's
// routes, so it is the only one of our files that differs between sites.
const loaderName = "guard.js"

// serveOwn serves the paths below the base path.
func (s *site) serveOwn(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != s.mount+loaderName {
		s.own.ServeHTTP(w, s.uncut(r))
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/javascript; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=300") // routes change with the configuration
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(s.loader) // an error means that the client has gone away
}

// uncut returns a request with the path that the browser asked for.
func (s *site) uncut(r *http.Request) *http.Request {
	if s.config.Prefix == "" {
		return r
	}
	whole, u := *r, *r.URL
	u.Path = s.config.Prefix + u.Path
	whole.URL = &u
	return &whole
}

// loaderScript returns fetch.js with the site's settings.
func (s *site) loaderScript() []byte {
	routes := [][5]any{}   // methods, path pattern, form, whether the path is exact, condition
	sessions := []string{} // forms that take sessions
	for _, f := range s.forms {
		if f.config.Sessions {
			sessions = append(sessions, f.config.Name)
		}
		for _, p := range f.config.Routes {
			routes = append(routes, [5]any{strings.Join(p.Methods(), ","), s.config.Prefix + p.Path(), f.config.Name, p.Exact(), condition(p.When())})
		}
		if len(f.config.Routes) == 0 { // auto
			routes = append(routes, [5]any{"", s.config.Prefix + "/**", f.config.Name, false, nil})
		}
	}
	// The first match counts: long paths before short ones.
	slices.SortStableFunc(routes, func(a, b [5]any) int {
		return strings.Count(strings.Trim(b[1].(string), "/*"), "/") - strings.Count(strings.Trim(a[1].(string), "/*"), "/")
	})
	settings, _ := json.Marshal(map[string]any{ // cannot fail: the values are strings
		"base": s.base, "routes": routes, "sessions": sessions,
		"script": web.URL(s.base, "palisade.js"), "style": web.URL(s.base, "palisade.css"),
	})
	return append([]byte("window.palisadeSettings ??= "+string(settings)+";\n"), web.File("fetch.js")...)
}

// condition returns the part of a condition that the script can check before it sends a
// request, or nil if there is no such part.
func condition(w route.When) any {
	if w.Header == "" && w.Query == "" {
		return nil
	}
	return struct {
		Header string   `json:"header,omitempty"`
		Query  string   `json:"query,omitempty"`
		In     []string `json:"in,omitempty"`
	}{w.Header, w.Query, w.In}
}
