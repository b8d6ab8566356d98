package captchatest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/clientip"
)

// complaints collects the messages of a check.
type complaints struct{ said []string }

func (c *complaints) Helper() {}

func (c *complaints) Errorf(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

func TestGuardedRoutesAreToldFromOthers(t *testing.T) {
	guard, err := palisade.New(palisade.Config{Keys: palisade.Keys{Current: []byte("a key of the tests, of 32 bytes or more")}, ClientIP: clientip.RemoteAddr(), Site: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	form := func(config palisade.FormConfig) *palisade.Form {
		f, err := guard.Form(config)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	done := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "done") })
	answer := func(status int, kind, body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		})
	}
	signup := form(palisade.FormConfig{Name: "signup"})
	mux := http.NewServeMux()
	mux.Handle("POST /signup", signup.Protect(done))
	mux.Handle("POST /items/{id}/edit", signup.Protect(done))
	mux.Handle("/any", signup.Protect(done))
	mux.Handle("POST /open", done)
	mux.Handle("POST /browser", done) // its page has a captcha, but the app does not verify the token
	mux.Handle("POST /csrf", answer(403, "text/html", "CSRF verification failed"))
	mux.Handle("POST /problem", answer(403, "application/problem+json", `{"status":403,"challenge":{"form":"signup"}}`))
	mux.Handle("POST /watched", form(palisade.FormConfig{Name: "watched", Monitor: true}).Protect(done))
	mux.Handle("POST /json", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // forms are guarded, JSON is not
		if r.Header.Get("Content-Type") == "application/json" {
			done(w, r)
			return
		}
		signup.Protect(done).ServeHTTP(w, r)
	}))
	mux.Handle("PUT /group", signup.Protect(done))
	mux.Handle("DELETE /group", done)

	for name, row := range map[string]struct {
		route captchatest.Route
		want  string // "" for none
	}{
		"a guarded route":                        {captchatest.Route{Method: "POST", Path: "/signup"}, ""},
		"a guarded route with a parameter":       {captchatest.Route{Method: "POST", Path: "/items/{id}/edit"}, ""},
		"a route of any method":                  {captchatest.Route{Method: "ANY", Path: "/any"}, ""},
		"one that is guarded for forms alone":    {captchatest.Route{Method: "POST", Path: "/json"}, "POST /json, sent as application/json: NOT GUARDED"},
		"an open route":                          {captchatest.Route{Method: "POST", Path: "/open"}, "NOT GUARDED: answered 200"},
		"one that is guarded in the browser":     {captchatest.Route{Method: "POST", Path: "/browser"}, "NOT GUARDED"},
		"an app's own 403":                       {captchatest.Route{Method: "POST", Path: "/csrf"}, "not refused by a guard: answered 403"},
		"something that looks like a refusal":    {captchatest.Route{Method: "POST", Path: "/problem"}, "not refused by a guard"},
		"one in monitor mode":                    {captchatest.Route{Method: "POST", Path: "/watched"}, "NOT GUARDED"},
		"the guarded method of a path":           {captchatest.Route{Method: "PUT", Path: "/group"}, ""},
		"the other method of it":                 {captchatest.Route{Method: "DELETE", Path: "/group"}, "NOT GUARDED"},
		"a path that does not exist":             {captchatest.Route{Method: "POST", Path: "/nowhere"}, "cannot be judged: /nowhere answers 404"},
		"no route that changes something at all": {captchatest.Route{Method: "GET", Path: "/signup"}, "nothing was checked"},
	} {
		var c complaints
		captchatest.AssertGuarded(&c, mux, []captchatest.Route{row.route})
		said := strings.Join(c.said, "\n")
		if (row.want == "") != (said == "") || !strings.Contains(said, row.want) {
			t.Errorf("%s: %q, want %q", name, said, row.want)
		}
	}

	var c complaints
	captchatest.AssertGuarded(&c, mux, []captchatest.Route{{"POST", "/signup"}, {"POST", "/open"}}, "POST /open")
	if len(c.said) > 0 {
		t.Errorf("an exempt route: %q", c.said)
	}
	var many []captchatest.Route
	for range 100 {
		many = append(many, captchatest.Route{Method: "POST", Path: "/signup"})
	}
	captchatest.AssertGuarded(t, mux, many) // no limit answers instead of the guard
}
