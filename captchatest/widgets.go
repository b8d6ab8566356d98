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

// widget is the configuration of the one script that stands in for all vendors' scripts.
// It is served at the path of the vendor's own script; for a CDN with the version that
// package captcha names. GeeTest, mCaptcha and ALTCHA Sentinel have none, because their
// widgets fill no element with a class: tests get those tokens from [Server.Solve].
type widget struct {
	Service  string `json:"service"`
	Selector string `json:"selector"` // of the elements that become widgets
	Fields   string `json:"fields"`   // separated by spaces; hCaptcha fills Google's too
	Global   string `json:"global"`
	Rename   string `json:"rename"` // the data attribute that renames the field, in the spelling of scripts
	Event    string `json:"event"`  // the event that the element gets when it is solved
	Empty    string `json:"empty"`  // the content of the field before
	Solve    string `json:"solve"`
}

// solvePath is the path where widgets get their tokens.
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
	if v := vendorOf(service); v != nil {
		path = v.script
	}
	return path, path != ""
}

func (s *Server) handleWidgets() {
	for _, v := range vendors() {
		if v.script == "" || v.like != "" {
			continue
		}
		s.mux.HandleFunc("GET "+v.script, func(w http.ResponseWriter, r *http.Request) {
			facts := v.widget
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
	text, _ := json.Marshal(facts) // cannot fail: the values are strings
	_, _ = w.Write([]byte(strings.Replace(widgetScript, "FACTS", string(text), 1)))
}

// solve gives a widget its token, from any page, as the vendors' servers do for their
// scripts. The form has service, sitekey, hostname, action and cdata; score asks for a
// token of reCAPTCHA v3.
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

// tokenFor returns the token that a vendor gives a page with a sitekey: the documented
// token for a test key, none for a key that blocks or is not registered.
func (s *Server) tokenFor(service, sitekey string, solution Solution) (token, why string) {
	v := vendorOf(service)
	if v != nil && v.give != nil {
		if token, why = v.give(sitekey); token != "" || why != "" {
			return token, why
		}
	}
	public := v != nil && slices.ContainsFunc(v.keys, func(keys keyPair) bool { return keys.Sitekey == sitekey })
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

// has reports whether a site was added. The lock is held.
func (s *Server) has(service, sitekey string) bool {
	return slices.ContainsFunc(s.sites[service], func(site site) bool { return site.sitekey == sitekey })
}
