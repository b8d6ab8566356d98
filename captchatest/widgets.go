package captchatest

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"
)

//go:embed widget.js
var widgetScript string

// widgets are the vendors' scripts that a page loads, with what the one script
// behind them all must know.
var widgets = map[string]struct{ service, class, field, global string }{
	"/recaptcha/api.js":    {RecaptchaV2, "g-recaptcha", "g-recaptcha-response", "grecaptcha"},
	"/1/api.js":            {HCaptcha, "h-captcha", "h-captcha-response", "hcaptcha"},
	"/turnstile/v0/api.js": {Turnstile, "cf-turnstile", "cf-turnstile-response", "turnstile"},
}

// solvePath is where the widgets get their tokens.
const solvePath = "/captchatest/solve"

func (s *Server) handleWidgets() {
	for path, widget := range widgets {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			facts, _ := json.Marshal(map[string]string{
				"service": widget.service, "class": widget.class, "field": widget.field, "global": widget.global,
				"solve": solvePath,
			})
			w.Write([]byte(strings.Replace(widgetScript, "FACTS", string(facts), 1)))
		})
	}
	s.mux.HandleFunc("POST "+solvePath, s.solve)
}

// solve gives a widget its token, as the vendors' scripts get theirs from their
// own servers, from any page.
func (s *Server) solve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	form := r.PostForm
	service, sitekey := form.Get("service"), form.Get("sitekey")
	if form.Get("action") != "" && service == RecaptchaV2 && form.Get("execute") != "" {
		service = RecaptchaV3
	}
	answer(w, http.StatusOK, map[string]any{"token": s.tokenFor(service, sitekey, Solution{
		Hostname: form.Get("hostname"), Action: form.Get("action"), CData: form.Get("cdata"),
	})})
}

// tokenFor gives the test keys their documented tokens.
func (s *Server) tokenFor(service, sitekey string, solution Solution) string {
	switch {
	case service == HCaptcha && len(sitekey) == 36 && strings.HasSuffix(sitekey[:24], "-ffff-ffff-ffff-"):
		return strings.ReplaceAll(sitekey, "-ffff-ffff-ffff-", "-aaaa-bbbb-cccc-")
	case service == Turnstile && strings.Contains(sitekey, "x0000000000000000000"):
		return "XXXX.DUMMY.TOKEN.XXXX"
	}
	return s.Solve(service, sitekey, solution)
}
