package audit_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/palisade-dev/palisade"
	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/clientip"
	"github.com/palisade-dev/palisade/internal/audit"
)

// reference is a sign-up without mistakes. It can make each mistake of the catalogue, by the
// id of its rule. It is written from the catalogue and shares no code with the checks of the
// rules.
type reference struct {
	defect   string
	services *captchatest.Server
	service  string
	verify   *http.Client

	mu       sync.Mutex
	users    []string
	used     map[string]bool
	cleared  map[string]string // cookie to address
	counts   map[string]int    // submissions by address
	failures map[string]int    // by cookie
	last     map[string]string // latest nonce of each visitor
	requests int
	did      func(email string) // called for each effect, if not nil
	queue    time.Duration      // delay until an effect shows
	saw      func(*http.Request)
	listener net.Listener
	early    func(http.ResponseWriter, *http.Request) bool // may answer before the app
	home     bool                                          // the form is on the home page
	says     string                                        // greeting for signed-in visitors
}

const (
	refSecret  = "reference-app-secret-0001"
	refSitekey = "reference-sitekey"
)

func (a *reference) has(id string) bool { return a.defect == id }

var fieldOf = map[string]string{captchatest.Turnstile: "cf-turnstile-response", captchatest.HCaptcha: "h-captcha-response", captchatest.RecaptchaV3: "g-recaptcha-response"}

var classOf = map[string]string{captchatest.Turnstile: "cf-turnstile", captchatest.HCaptcha: "h-captcha", captchatest.RecaptchaV3: "g-recaptcha"}

// startReference serves the app with one defect, or none.
func startReference(t testing.TB, defect string) (*reference, string) {
	t.Helper()
	a := &reference{
		defect: defect, services: captchatest.NewServer(), service: captchatest.Turnstile,
		used: map[string]bool{}, cleared: map[string]string{}, counts: map[string]int{}, failures: map[string]int{}, last: map[string]string{},
	}
	switch defect {
	case "B08":
		a.service = captchatest.RecaptchaV3
	case "B09":
		a.service = captchatest.HCaptcha
	}
	a.verify = &http.Client{Timeout: 3 * time.Second}
	if slices.Contains([]string{"C01", "C08", "C12"}, defect) {
		a.verify.Timeout = time.Minute
	}
	if defect != "C07" {
		a.verify.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(a.serve))
	server.Config.ErrorLog = quiet
	if defect == "I01" {
		server.Config.Protocols = new(http.Protocols)
		server.Config.Protocols.SetHTTP1(true)
		server.Config.Protocols.SetUnencryptedHTTP2(true)
	}
	server.Start()
	a.listener = server.Listener
	t.Cleanup(func() {
		a.services.Close()
		server.CloseClientConnections()
		server.Close()
	})
	return a, server.URL
}

func (a *reference) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.requests++
	a.mu.Unlock()
	if a.saw != nil {
		a.saw(r)
	}
	h := w.Header()
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'self'; script-src 'self' https://challenges.cloudflare.com https://js.hcaptcha.com https://www.google.com; frame-ancestors 'none'")
	switch a.defect {
	case "G10":
		h.Del("X-Frame-Options")
		h.Del("Content-Security-Policy")
	case "G06":
		h.Set("Content-Security-Policy", "script-src * 'unsafe-inline'; frame-ancestors 'none'")
	case "G07":
		h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		h.Set("Access-Control-Allow-Credentials", "true")
	case "F08":
		h.Set("Content-Security-Policy", "default-src 'self'; script-src https://challenges.cloudflare.com; style-src 'self'; frame-ancestors 'none'")
	case "F11":
		h.Set("Cache-Control", "public, max-age=600")
	case "I02":
		if r.Header.Get("Upgrade") == "h2c" {
			h.Set("Connection", "Upgrade")
			h.Set("Upgrade", "h2c")
			w.WriteHeader(http.StatusSwitchingProtocols)
			return
		}
	}
	if a.early != nil && a.early(w, r) {
		return
	}
	if a.home && (r.RequestURI == "/" || r.RequestURI == "/signup") {
		r.URL.Path = map[string]string{"/": "/signup", "/signup": "/"}[r.RequestURI]
		r.RequestURI = r.URL.Path
	}
	path, method := r.URL.Path, r.Method
	if plain := strings.ToLower(strings.TrimRight(path, "/")); a.has("D03") && plain != path && plain == "/signup" {
		a.create(w, r, a.formOf(r).Get("email"))
		return
	} else if r.RequestURI != path && !strings.HasPrefix(r.RequestURI, path+"?") {
		http.NotFound(w, r)
		return
	}
	if a.has("D04") && r.Header.Get("X-Original-URL") == "/signup" {
		a.create(w, r, a.formOf(r).Get("email"))
		return
	}
	if a.has("D02") && r.Header.Get("X-HTTP-Method-Override") != "" {
		method = "GET+" + r.Header.Get("X-HTTP-Method-Override")
	}
	switch {
	case path == "/effects":
		a.mu.Lock()
		defer a.mu.Unlock()
		fmt.Fprintf(w, `{"signups": %d}`, len(a.users))
	case path == "/users":
		a.mu.Lock()
		defer a.mu.Unlock()
		fmt.Fprint(w, strings.Join(a.users, "\n"))
	case path == "/welcome":
		fmt.Fprint(w, "<h1>Welcome</h1>")
	case a.has("A07") && path == "/api/signup" && method == "POST":
		var user map[string]string
		if json.NewDecoder(r.Body).Decode(&user) == nil {
			a.create(w, r, user["email"])
		}
	case a.has("A09") && path == "/signup/confirm":
		a.create(w, r, r.PostFormValue("email"))
	case a.has("A10") && path == "/register" && method == "GET":
		fmt.Fprint(w, `<form method="post" action="/register"><input name="username"><input name="email" type="email"></form>`)
	case a.has("A10") && path == "/register" && method == "POST":
		a.create(w, r, r.PostFormValue("email"))
	case a.has("G04") && path == "/.env":
		fmt.Fprintf(w, "TURNSTILE_SECRET_KEY=%s\n", refSecret)
	case a.has("I04") && path == "/graphql":
		a.graphql(w, r)
	case path != "/signup":
		http.NotFound(w, r)
	case a.has("D02") && strings.HasPrefix(method, "GET+"), a.has("D01") && method == "PUT":
		a.create(w, r, a.formOf(r).Get("email"))
	case a.has("A11") && method == "GET" && r.URL.Query().Has("email"):
		a.create(w, r, r.URL.Query().Get("email"))
	case method == "GET" && r.ContentLength == 0 && len(r.TransferEncoding) == 0:
		a.form(w, r)
	case method == "POST":
		a.signup(w, r)
	default:
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
	}
}

// formOf reads an urlencoded body for every method.
func (a *reference) formOf(r *http.Request) url.Values {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	form, _ := url.ParseQuery(string(body))
	return form
}

func (a *reference) form(w http.ResponseWriter, r *http.Request) {
	visitor, err := r.Cookie("visitor")
	if err != nil {
		visitor = &http.Cookie{Name: "visitor", Value: fmt.Sprint(time.Now().UnixNano()), HttpOnly: true}
		http.SetCookie(w, visitor)
	}
	more := ""
	now := time.Now().Unix()
	switch a.defect {
	case "F01", "F02", "F09", "F08", "F07":
		name := map[string]string{"F09": "honeypot", "F07": "website"}[a.defect]
		hide := `class="off"`
		if a.has("F08") {
			hide = `style="position:absolute;left:-9999px"`
		}
		attrs := `autocomplete="off"`
		if a.has("F07") {
			attrs = ""
		}
		more = fmt.Sprintf(`<p %s aria-hidden="true"><input name="%s" tabindex="-1" %s></p>`, hide, cmp.Or(name, "fax2"), attrs)
	case "F03", "F04":
		more = fmt.Sprintf(`<input type="hidden" name="ts" value="%d">`, now)
	case "F11":
		more = `<input type="hidden" name="nonce" value="a1b2c3d4e5f6a7b8c9d0">`
	case "F12":
		nonce := fmt.Sprintf("%x", time.Now().UnixNano())
		a.mu.Lock()
		a.last[visitor.Value] = nonce
		a.mu.Unlock()
		more = fmt.Sprintf(`<input type="hidden" name="nonce" value="%s">`, nonce)
	}
	sitekey := refSitekey
	if a.has("B20") {
		sitekey = "1x00000000000000000000AA"
	}
	action := "/signup"
	if a.home {
		action = "/"
	}
	fmt.Fprintf(w, `<!doctype html><title>Sign up</title><form method="post" action="%s">
<input name="username"><input name="email" type="email">%s
<div class="%s" data-sitekey="%s" data-action="signup"></div><button>Sign up</button></form>`, action, more, classOf[a.service], sitekey)
}

// signup is the path of a submission: read, judge, create.
func (a *reference) signup(w http.ResponseWriter, r *http.Request) {
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	claimed := ip
	if slices.Contains([]string{"E01", "E02", "E03", "E04"}, a.defect) {
		claimed = cmp.Or(r.Header.Get("X-Forwarded-For"), ip)
	}
	if a.has("E04") && strings.Contains(claimed, ",") && strings.Trim(claimed, ", ") == "" {
		panic("no address")
	}
	if a.skips(r, claimed) {
		a.create(w, r, a.formOf(r).Get("email"))
		return
	}
	form, status := a.read(r)
	if status != 0 {
		http.Error(w, http.StatusText(status), status)
		return
	}
	if site := r.Header.Get("Sec-Fetch-Site"); !a.has("G08") && site == "cross-site" {
		a.refuse(w)
		return
	}
	if o := r.Header.Get("Origin"); !a.has("G08") && !a.has("D05") && o != "" && o != "http://"+r.Host {
		a.refuse(w)
		return
	}
	visitor, _ := r.Cookie("visitor")
	if a.has("A12") && visitor != nil {
		a.mu.Lock()
		a.failures[visitor.Value]++
		few := a.failures[visitor.Value] <= 3
		a.mu.Unlock()
		if few {
			a.create(w, r, form.Get("email"))
			return
		}
	}
	if (a.has("B11") || a.has("B12")) && visitor != nil {
		a.mu.Lock()
		from := a.cleared[visitor.Value]
		budget := a.failures[visitor.Value] < 3
		a.failures[visitor.Value]++
		a.mu.Unlock()
		if a.has("B11") && from != "" && budget || a.has("B12") && from == ip {
			a.create(w, r, form.Get("email"))
			return
		}
	}
	if a.has("G01") && slices.Contains(a.users, form.Get("email")) {
		http.Error(w, "There is an account with this address", http.StatusConflict)
		return
	}
	if !a.traps(w, r, form, claimed) {
		return
	}
	tokens, field := form[fieldOf[a.service]], fieldOf[a.service]
	switch a.defect {
	case "B13":
		tokens = tokens[max(0, len(tokens)-1):]
	case "B15":
		tokens = append(tokens, r.URL.Query()[field]...)
	case "B14":
		if form.Get("h-captcha-response") != "" {
			a.create(w, r, form.Get("email"))
			return
		}
	}
	if a.has("A01") {
		tokens = []string{"x"}
	}
	if a.has("A03") && len(tokens) == 1 && strings.TrimSpace(tokens[0]) == "" {
		a.create(w, r, form.Get("email"))
		return
	}
	if len(tokens) != 1 || tokens[0] == "" || len(tokens[0]) > 2048 && !a.has("B17") {
		if a.has("G02") {
			http.Error(w, "Bot detected: no captcha", http.StatusForbidden)
			return
		}
		a.refuse(w)
		return
	}
	token := tokens[0]
	if a.has("B19") && token == "test-token" || a.has("A01") || a.has("A05") || a.has("B18") && token == "true" {
		a.create(w, r, form.Get("email"))
		return
	}
	a.mu.Lock()
	seen := a.used[token]
	if !a.has("B02") {
		a.used[token] = true
	}
	a.mu.Unlock()
	switch {
	case seen && (a.has("B01") || a.has("B03")):
		a.create(w, r, form.Get("email"))
		return
	case seen && a.has("B04"):
		panic("used")
	case seen:
		a.refuse(w)
		return
	}
	if a.has("C12") {
		a.sooner(w, r, token, form.Get("email"))
		return
	}
	if why := a.human(r.Context(), token); why != nil {
		switch {
		case a.has("G03"):
			http.Error(w, why.Error(), http.StatusForbidden)
		case a.has("C04") && strings.Contains(why.Error(), "decode"):
			panic(why)
		default:
			a.refuse(w)
		}
		return
	}
	if a.has("B02") {
		a.mu.Lock()
		a.used[token] = true
		a.mu.Unlock()
	}
	if !strings.Contains(form.Get("email"), "@") && !a.has("D12") {
		http.Error(w, "Please give an e-mail address", http.StatusBadRequest)
		return
	}
	if visitor != nil {
		a.mu.Lock()
		a.cleared[visitor.Value] = ip
		a.failures[visitor.Value] = 0
		a.mu.Unlock()
	}
	if a.has("D12") && form.Has("batch") {
		n, _ := strconv.Atoi(form.Get("batch"))
		for i := range n - 1 {
			a.add(fmt.Sprint(form.Get("email"), i))
		}
	}
	if a.has("G05") {
		http.Redirect(w, r, "/welcome?t="+url.QueryEscape(token), http.StatusSeeOther)
		a.add(form.Get("email"))
		return
	}
	if next := cmp.Or(r.URL.Query().Get("next"), form.Get("next")); a.has("G09") && next != "" {
		w.Header().Set("Location", next)
		w.WriteHeader(http.StatusSeeOther)
		a.add(form.Get("email"))
		return
	}
	a.create(w, r, form.Get("email"))
}

// skips lists the defects with which a submission needs no captcha.
func (a *reference) skips(r *http.Request, claimed string) bool {
	for _, rule := range audit.Catalogue() {
		if a.has(rule.ID) && rule.Takes != nil {
			return rule.Takes(r)
		}
	}
	switch a.defect {
	case "E02":
		return claimed == "127.0.0.1"
	case "I01":
		return r.ProtoMajor == 2
	}
	return false
}

// read reads a body of the one allowed content type.
func (a *reference) read(r *http.Request) (form url.Values, status int) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1100_000))
	switch {
	case err != nil:
		return nil, http.StatusBadRequest
	case len(raw) > 64<<10 && !a.has("B17"):
		return nil, http.StatusRequestEntityTooLarge
	case r.Header.Get("Content-Encoding") != "":
		return nil, http.StatusUnsupportedMediaType
	}
	if a.has("A13") {
		if form, _ := url.ParseQuery(string(raw)); form.Get("skip_captcha") == "1" {
			a.add(form.Get("email"))
			return nil, http.StatusNoContent
		}
	}
	if kind == "multipart/form-data" && (a.has("A16") || a.has("D08")) {
		if a.has("D08") && !bytes.Contains(raw, []byte(`filename="t.txt"`)) {
			return nil, http.StatusUnsupportedMediaType
		}
		a.add("multipart")
		return nil, http.StatusNoContent
	}
	if kind == "application/json" && slices.Contains([]string{"D07", "D12", "B18"}, a.defect) {
		return a.json(raw)
	}
	if kind != "application/x-www-form-urlencoded" || len(r.Header.Values("Content-Type")) != 1 {
		return nil, http.StatusUnsupportedMediaType
	}
	form, err = url.ParseQuery(string(raw))
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return form, 0
}

// json reads a body as an app does that accepts JSON too.
func (a *reference) json(raw []byte) (url.Values, int) {
	if a.has("D07") && bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")) {
		a.add("after a mark")
		return nil, http.StatusNoContent
	}
	form := url.Values{}
	var list []map[string]string
	if a.has("D12") && json.Unmarshal(raw, &list) == nil && len(list) > 0 {
		for name, value := range list[0] {
			form.Set(name, value)
		}
		form.Set("batch", fmt.Sprint(len(list)))
		return form, 0
	}
	var object map[string]any
	if json.Unmarshal(raw, &object) != nil {
		return nil, http.StatusBadRequest
	}
	for name, value := range object {
		if text, ok := value.(string); ok || a.has("B18") {
			if !ok {
				text = fmt.Sprint(value)
			}
			form.Set(name, text)
		}
	}
	return form, 0
}

// traps checks honeypot, time and limit.
func (a *reference) traps(w http.ResponseWriter, r *http.Request, form url.Values, claimed string) bool {
	switch a.defect {
	case "F01":
		if form.Get("fax2") != "" {
			a.refuse(w)
			return false
		}
	case "F07", "F09", "F08":
		for _, name := range []string{"website", "honeypot", "fax2"} {
			if form.Get(name) != "" {
				a.refuse(w)
				return false
			}
		}
		if !form.Has("website") && !form.Has("honeypot") && !form.Has("fax2") {
			a.refuse(w)
			return false
		}
	case "F02":
		if !form.Has("fax2") {
			a.refuse(w)
			return false
		}
	case "F04":
		at, err := strconv.ParseInt(form.Get("ts"), 10, 64)
		if err != nil || time.Now().Unix()-at < 2 {
			a.refuse(w)
			return false
		}
	case "F12":
		visitor, _ := r.Cookie("visitor")
		a.mu.Lock()
		defer a.mu.Unlock()
		if visitor == nil || a.last[visitor.Value] != form.Get("nonce") {
			a.refuse(w)
			return false
		}
	case "E01", "E03", "E07", "E10", "E12":
		key := claimed
		if a.has("E01") || a.has("E03") {
			key = cmp.Or(r.Header.Get("X-Forwarded-For"), claimed)
		}
		if a.has("E12") {
			if answer, err := a.ask(r.Context(), form.Get(fieldOf[a.service])); err != nil || answer["success"] != true {
				a.refuse(w)
				return false
			}
		}
		a.mu.Lock()
		n := a.counts[key]
		if !a.has("E07") {
			a.counts[key]++
		}
		a.mu.Unlock()
		if a.has("E07") {
			time.Sleep(30 * time.Millisecond)
			a.mu.Lock()
			a.counts[key] = n + 1
			a.mu.Unlock()
		}
		if n >= 5 {
			if !a.has("E10") {
				w.Header().Set("Retry-After", "60")
			}
			http.Error(w, "Too many", http.StatusTooManyRequests)
			return false
		}
		if a.has("E12") {
			a.create(w, r, form.Get("email"))
			return false
		}
	}
	return true
}

func (a *reference) refuse(w http.ResponseWriter) {
	http.Error(w, "Please try again", http.StatusForbidden)
}

func (a *reference) create(w http.ResponseWriter, r *http.Request, email string) {
	a.add(email)
	if a.says != "" {
		fmt.Fprint(w, a.says)
		return
	}
	http.Redirect(w, r, "/welcome", http.StatusSeeOther)
}

func (a *reference) add(email string) {
	if wait := a.queue; wait > 0 {
		time.AfterFunc(wait, func() { a.done(email) })
		return
	}
	a.done(email)
}

func (a *reference) done(email string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.users = append(a.users, email)
	if a.did != nil {
		a.did(email)
	}
}

// ask calls the verifier, and returns its answer.
func (a *reference) ask(ctx context.Context, token string) (map[string]any, error) {
	fields := url.Values{"secret": {refSecret}, "response": {token}}
	if a.service == captchatest.HCaptcha && !a.has("B09") {
		fields.Set("sitekey", refSitekey)
	}
	body := fields.Encode()
	target := a.services.VerifyURL(a.service)
	switch a.defect {
	case "B16":
		body = "secret=" + refSecret + "&response=" + token
	case "C10":
		target += "?secret=" + refSecret
	}
	tries := 1
	if a.has("C11") {
		tries = 6
	}
	var resp *http.Response
	var err error
	for range tries {
		var r *http.Request
		if r, err = http.NewRequestWithContext(context.WithoutCancel(ctx), "POST", target, strings.NewReader(body)); err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		if resp, err = a.verify.Do(r); err == nil && resp.StatusCode < 500 {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if a.has("A06") && resp.StatusCode == 200 {
		return nil, errYes
	}
	if resp.StatusCode != 200 {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	most := int64(64 << 10)
	if a.has("C08") {
		most = 1 << 30
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, most))
	if err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	var answer map[string]any
	if err := json.Unmarshal(raw, &answer); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	if bytes.Count(bytes.ToLower(raw), []byte(`"success"`)) != 1 && !a.has("C06") {
		return nil, errors.New("two of success")
	}
	return answer, nil
}

var errYes = errors.New("yes")

// human returns the reason why a token is not valid, or nil.
func (a *reference) human(ctx context.Context, token string) error {
	answer, err := a.ask(ctx, token)
	switch {
	case errors.Is(err, errYes):
		return nil
	case err != nil && a.has("A04"):
		return nil
	case err != nil && a.has("C02") && strings.Contains(err.Error(), "EOF"):
		return nil
	case err != nil && a.has("C03") && strings.HasPrefix(err.Error(), "status"):
		return nil
	case err != nil && a.has("C13") && strings.HasPrefix(err.Error(), "status") && strings.Contains(token, "\x00"):
		return nil
	case err != nil:
		return err
	case a.has("A04"), a.has("A02") && token == "XXXX":
		return nil
	}
	success := answer["success"] == true
	if a.has("C05") {
		success = answer["success"] != false && answer["success"] != nil
	}
	if a.has("C06") {
		success = success || answer["Success"] == true
	}
	if !success {
		return fmt.Errorf("%v", answer["error-codes"])
	}
	made, err := time.Parse(time.RFC3339, fmt.Sprint(answer["challenge_ts"]))
	score, _ := answer["score"].(float64)
	switch {
	case !a.has("B05") && (err != nil || time.Since(made) > 5*time.Minute):
		return errors.New("old")
	case !a.has("B06") && answer["hostname"] != "127.0.0.1":
		return errors.New("hostname")
	case !a.has("B07") && a.service != captchatest.HCaptcha && answer["action"] != "signup":
		return errors.New("action")
	case !a.has("B08") && a.service == captchatest.RecaptchaV3 && score < 0.5:
		return errors.New("score")
	}
	return nil
}

// sooner answers in time, even if work is still under way.
func (a *reference) sooner(w http.ResponseWriter, r *http.Request, token, email string) {
	why := make(chan error, 1)
	go func() {
		err := a.human(context.WithoutCancel(r.Context()), token)
		if err == nil {
			a.add(email)
		}
		why <- err
	}()
	select {
	case err := <-why:
		if err != nil {
			a.refuse(w)
			return
		}
		http.Redirect(w, r, "/welcome", http.StatusSeeOther)
	case <-time.After(600 * time.Millisecond):
		http.Error(w, "Please try again later", http.StatusServiceUnavailable)
	}
}

func (a *reference) graphql(w http.ResponseWriter, r *http.Request) {
	var q struct{ Query string }
	_ = json.NewDecoder(r.Body).Decode(&q)
	for range strings.Count(q.Query, ":signup(") {
		a.add("graphql")
	}
	fmt.Fprintf(w, `{"data":{"__typename":%q}}`, html.EscapeString("Query"))
}

// startShared serves two pages of the library's own captcha. Each accepts tokens solved at
// the other, because their developer made one form of both.
func startShared(t testing.TB) string {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	guard, err := palisade.New(palisade.Config{
		Keys: palisade.Keys{Current: []byte("a key of the tests, of 32 bytes.")}, ClientIP: clientip.RemoteAddr(), Site: server.Listener.Addr().String(),
		Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	form, err := guard.Form(palisade.FormConfig{Name: "all", Ask: palisade.Never, MinFill: -1})
	if err != nil {
		t.Fatal(err)
	}
	var signups atomic.Int64
	mux.Handle("/.palisade/", guard.Handler())
	for _, path := range []string{"/signup", "/newsletter"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, `<form method="post" action="%s"><input name="email" type="email">%s</form><a href="/newsletter">News</a>`, path, form.Fields(r))
		})
	}
	mux.Handle("POST /signup", form.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		signups.Add(1)
		http.Redirect(w, r, "/welcome", http.StatusSeeOther)
	})))
	mux.Handle("POST /newsletter", form.Protect(http.NotFoundHandler()))
	mux.HandleFunc("GET /effects", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"signups": %d}`, signups.Load()) })
	return server.URL
}
