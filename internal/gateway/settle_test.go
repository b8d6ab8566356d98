package gateway_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/internal/gateway"
)

// The app's answer says whether a submission counts.
func TestLimitsCountWhatTheAppAnswers(t *testing.T) {
	shows := func(status int) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Type", "text/html; charset=utf-8")
			if r.Method == "POST" {
				rw.WriteHeader(status)
			}
			io.WriteString(rw, signupPage)
		}
	}
	leads := func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			http.Redirect(rw, r, "/welcome", http.StatusSeeOther)
			return
		}
		shows(200)(rw, r)
	}
	hangsUp := func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != "POST" {
			shows(200)(rw, r)
			return
		}
		if conn, _, err := http.NewResponseController(rw).Hijack(); err == nil {
			conn.Close()
		}
	}
	says, not := func(f *gateway.Form) { f.Reject200 = true }, func(f *gateway.Form) { f.Accept200 = true }
	fails := func(f *gateway.Form) { f.Count = palisade.CountFailures }
	for _, row := range []struct {
		name   string
		change func(*gateway.Form)
		app    http.HandlerFunc
		counts bool
	}{
		{"a redirect counts", says, leads, true},
		{"422 does not count", not, shows(422), false},
		{"a form shown again counts, if nobody said that it is a correction", func(*gateway.Form) {}, shows(200), true},
		{"a form shown again does not count, if the site says that it is a correction", says, shows(200), false},
		{"a form shown again counts, if the site says that it is none", not, shows(200), true},
		{"a form shown again with 401 counts", says, shows(401), true},
		{"an app that hangs up counts", says, hangsUp, true},
		{"failures: a redirect does not count", fails, leads, false},
		{"failures: a form shown again counts", fails, shows(200), true},
		{"failures: a form shown again does not count, if the site says that it is no correction", func(f *gateway.Form) { fails(f); not(f) }, shows(200), false},
		{"failures: an app that hangs up counts", fails, hangsUp, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t, func(_ *gateway.Config, s *gateway.Site) {
				s.Forms[0].Limits = []palisade.Limit{{Rate: 1, Per: time.Hour, By: palisade.ByIP}}
				row.change(&s.Forms[0])
			})
			w.app = row.app
			for range 2 {
				v := w.solve(w.get("/signup").body)
				w.wait(5 * time.Second)
				w.post("/signup", v)
			}
			if counted := w.posts() == 1; counted != row.counts {
				t.Errorf("%d reached the app, the last one: %s", w.posts(), w.reason())
			}
		})
	}
}
