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
	Service  string `json:"service"`
	Selector string `json:"selector"` // of the elements that become widgets
	Fields   string `json:"fields"`   // separated by spaces; hCaptcha fills Google's too
	Global   string `json:"global"`
	Rename   string `json:"rename"` // the data attribute with another name for the field, as scripts write it
	Event    string `json:"event"`  // what the element hears when it is solved
	Empty    string `json:"empty"`  // what is in the field before
	Solve    string `json:"solve"`
}

// widgets are the vendors' own script paths; those at a CDN have the version that
// package captcha names. There is no stand-in for GeeTest, mCaptcha and ALTCHA
// Sentinel, whose widgets fill no element of a class: tests get those tokens from
// [Server.Solve].
var widgets = map[string]widget{
	"/recaptcha/api.js":        {Service: RecaptchaV2, Selector: ".g-recaptcha", Fields: "g-recaptcha-response", Global: "grecaptcha"},
	"/recaptcha/enterprise.js": {Service: RecaptchaEnterprise, Selector: ".g-recaptcha", Fields: "g-recaptcha-response", Global: "grecaptcha"},
	"/1/api.js":                {Service: HCaptcha, Selector: ".h-captcha", Fields: "h-captcha-response g-recaptcha-response", Global: "hcaptcha"},
	"/turnstile/v0/api.js":     {Service: Turnstile, Selector: ".cf-turnstile", Fields: "cf-turnstile-response", Global: "turnstile", Rename: "responseFieldName"},

	"/npm/friendly-challenge@0.9.20/widget.min.js": {
		Service: FriendlyV1, Selector: ".frc-captcha", Fields: "frc-captcha-solution", Global: "friendlyChallenge",
		Rename: "solutionFieldName", Empty: ".UNSTARTED",
	},
	"/npm/@friendlycaptcha/sdk@1.0.0/site.compat.min.js": {
		Service: FriendlyV2, Selector: ".frc-captcha", Fields: "frc-captcha-response", Global: "frcaptcha",
		Rename: "formFieldName", Event: "frc:widget.complete", Empty: ".UNSTARTED",
	},
	"/npm/cap-widget": {
		Service: Cap, Selector: "cap-widget", Fields: "cap-token", Global: "CapTest", Rename: "capHiddenFieldName", Event: "solve",
	},
	"/widget/js/privatecaptcha.js": {
		Service: PrivateCaptcha, Selector: ".private-captcha", Fields: "private-captcha-solution", Global: "privateCaptcha",
		Rename: "solutionField", Event: "privatecaptcha:finish",
	},
	"/captcha.js": {Service: Yandex, Selector: ".smart-captcha", Fields: "smart-token", Global: "smartCaptcha"},
	"/mtcv1/client/mtcaptcha.min.js": {
		Service: MTCaptcha, Selector: ".mtcaptcha", Fields: "mtcaptcha-verifiedtoken", Global: "mtcaptcha",
	},
	"/js/procaptcha.bundle.iife.js": {Service: Prosopo, Selector: ".procaptcha", Fields: "procaptcha-response", Global: "procaptcha"},
}

// solvePath is where the widgets get their tokens.
const solvePath = "/captchatest/solve"

// ScriptURL returns the address of a service's widget script, a stand-in with the
// vendor's element class, fields and JavaScript names; for a server made by [New],
// its path. Cap's is for its own element, <cap-widget>.
func (s *Server) ScriptURL(service string) string {
	if path, found := scriptPath(service); found {
		return s.URL() + path
	}
	return s.URL() + "/unknown-service"
}

func scriptPath(service string) (path string, found bool) {
	for path, widget := range widgets {
		if widget.Service == endpointOf(service) {
			return path, true
		}
	}
	return "", false
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
	facts.Solve = solvePath
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
	public := slices.ContainsFunc(officialKeys[service], func(keys keyPair) bool { return keys.Sitekey == sitekey })
	if !public && !s.registered(service, sitekey) {
		return "", "invalid-sitekey"
	}
	return s.Solve(service, sitekey, solution), ""
}

func (s *Server) registered(service, sitekey string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.has(service, sitekey)
}

// has reports a site that was added. The lock is held.
func (s *Server) has(service, sitekey string) bool {
	return slices.ContainsFunc(s.sites[service], func(site site) bool { return site.sitekey == sitekey })
}
