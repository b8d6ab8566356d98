package gateway

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/palisade-dev/palisade"
)

// Our pages stand in the place of the app's page, which may be in a frame of another site.
// There a browser shows only a page that allows the parent. So our page allows the parents
// that the page with the form allowed. A page of another site gains nothing by framing: its
// own submissions are refused before any step is offered.

// parents are the sources that may frame the pages with a form. They come from the app.
type parents struct{ heard }

const maxParents = 32

// learn remembers the sources of a page, for as long as its ticket may live.
func (p *parents) learn(sources []string, until time.Time) {
	for _, source := range sources {
		p.note(said{text: source, until: until}, maxParents)
	}
}

// list returns the site itself and the remembered sources.
func (p *parents) list(now time.Time) []string {
	sources := []string{"'self'"}
	for _, one := range p.lately(now) {
		sources = append(sources, one.text)
	}
	return sources
}

// framers returns who may frame a page, besides the site itself. A page that says nothing
// may be framed by anybody. frame-ancestors counts before X-Frame-Options (CSP 3, 6.4.2). If
// several policies say something, a parent must be in all of them; then framers returns none.
func framers(h http.Header) (sources []string) {
	stated := 0
	for _, line := range h["Content-Security-Policy"] {
		for policy := range strings.SplitSeq(line, ",") {
			if list, found := directives(policy)["frame-ancestors"]; found {
				sources = list
				stated++
			}
		}
	}
	switch {
	case stated > 1 || len(sources) > maxParents:
		return nil
	case stated == 0 && len(h["X-Frame-Options"]) > 0: // none of its values names another site
		return nil
	case stated == 0:
		return []string{"*"}
	}
	return slices.DeleteFunc(slices.Clone(sources), func(source string) bool {
		return len(source) > 256 || source == "" || source[0] == '\'' // 'self' and 'none'
	})
}

// framedBy returns who may frame our pages for a form; f may be nil.
func (s *site) framedBy(f *form) []string {
	switch {
	case len(s.config.FrameParents) > 0:
		return s.config.FrameParents
	case f == nil:
		return nil
	}
	return f.parents.list(s.gateway.config.Clock())
}

// sawPage remembers who may frame a page that holds the form.
func (f *form) sawPage(h http.Header) {
	if len(f.site.config.FrameParents) > 0 {
		return
	}
	if sources := framers(h); len(sources) > 0 {
		life := f.config.MaxAge
		if life <= 0 {
			life = palisade.DefaultMaxAge
		}
		f.parents.learn(sources, f.site.gateway.config.Clock().Add(life))
	}
}

// validateParents returns an error if a source is not one of frame-ancestors.
func validateParents(sources []string) error {
	for _, source := range sources {
		if source == "'self'" || source == "*" || source == "'none'" && len(sources) == 1 {
			continue
		}
		u, err := url.Parse(strings.Replace(source, "://*.", "://", 1))
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.Path != "" || strings.ContainsAny(source, " ;,'?#") {
			return fmt.Errorf("FrameParents: %q must be 'self', 'none' alone, *, or a scheme and a host, e.g. https://partner.example", source)
		}
	}
	return nil
}
