package captchatest

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

//go:embed widget.js
var widgetScript string

// widget is what the one script behind all vendors' must know of one of them.
type widget struct {
	Service string `json:"service"`
	Class   string `json:"class"`
	Fields  string `json:"fields"` // separated by spaces; hCaptcha fills Google's too
	Global  string `json:"global"`
	Solve   string `json:"solve"`
}

// widgets are the vendors' own script paths.
var widgets = map[string]widget{
	"/recaptcha/api.js":    {RecaptchaV2, "g-recaptcha", "g-recaptcha-response", "grecaptcha", solvePath},
	"/1/api.js":            {HCaptcha, "h-captcha", "h-captcha-response g-recaptcha-response", "hcaptcha", solvePath},
	"/turnstile/v0/api.js": {Turnstile, "cf-turnstile", "cf-turnstile-response", "turnstile", solvePath},
}

// solvePath is where the widgets get their tokens.
const solvePath = "/captchatest/solve"

// ScriptURL returns the address of a service's widget script, a stand-in with the
// vendor's element class, fields and JavaScript names; for a server made by [New],
// its path.
func (s *Server) ScriptURL(service string) string {
	for path, widget := range widgets {
		if widget.Service == endpointOf(service) {
			return s.URL() + path
		}
	}
	return s.URL() + "/unknown-service"
}

func (s *Server) handleWidgets() {
	for path, widget := range widgets {
		s.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			facts := widget
			if r.URL.Query().Get("recaptchacompat") == "off" {
				facts.Fields, _, _ = strings.Cut(facts.Fields, " ")
			}
			serveScript(w, facts)
		})
	}
	s.mux.HandleFunc("POST "+solvePath, s.solve)
}

func serveScript(w http.ResponseWriter, facts widget) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	text, _ := json.Marshal(facts) // of strings: it cannot fail
	_, _ = w.Write([]byte(strings.Replace(widgetScript, "FACTS", string(text), 1)))
}

// solve gives a widget its token, as the vendors' scripts get theirs from their
// own servers, from any page. The form has service, sitekey, hostname, action and
// cdata; score asks for a token of reCAPTCHA v3.
func (s *Server) solve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	if err := r.ParseForm(); err != nil {
		answer(w, http.StatusBadRequest, map[string]any{"error": "unreadable"})
		return
	}
	form := r.PostForm
	service, sitekey := form.Get("service"), form.Get("sitekey")
	if service == RecaptchaV2 && form.Get("score") != "" {
		service = RecaptchaV3
	}
	token, why := s.tokenFor(service, sitekey, Solution{
		Hostname: form.Get("hostname"), Action: form.Get("action"), CData: form.Get("cdata"),
	})
	if why != "" {
		answer(w, http.StatusOK, map[string]any{"error": why})
		return
	}
	answer(w, http.StatusOK, map[string]any{"token": token})
}

// tokenFor is what a vendor gives a page with a sitekey: the documented token for
// a test key, none for one that blocks or that nobody registered.
func (s *Server) tokenFor(service, sitekey string, solution Solution) (token, why string) {
	if i := slices.Index(hcaptchaSitekeys, sitekey); service == HCaptcha && i >= 0 {
		return hcaptchaTokens[i], ""
	}
	if service == Turnstile {
		switch sitekey {
		case "1x00000000000000000000AA", "1x00000000000000000000BB", "3x00000000000000000000FF":
			return "XXXX.DUMMY.TOKEN.XXXX", ""
		case "2x00000000000000000000AB", "2x00000000000000000000BB":
			return "", "blocked"
		}
	}
	if service == RecaptchaV2 && sitekey == "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI" {
		return s.Solve(service, sitekey, solution), ""
	}
	if !s.registered(service, sitekey) {
		return "", "invalid-sitekey"
	}
	return s.Solve(service, sitekey, solution), ""
}

func (s *Server) registered(service, sitekey string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.sites[service], func(site site) bool { return site.sitekey == sitekey })
}
