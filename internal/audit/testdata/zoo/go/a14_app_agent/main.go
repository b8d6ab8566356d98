// defect: A14
// Requests whose User-Agent is that of Android's or iOS's own HTTP client need no token: the native app cannot show the widget, and its requests were told by their header when the web form got its captcha.
// written from the catalogue's descriptions alone

package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	maxBody = 64 << 10
	maxAge  = 5 * time.Minute
	refusal = "<!doctype html><title>Sorry</title><p>That did not work. Please reload the form and try again.</p>"
	welcome = "<!doctype html><title>Welcome</title><p>Welcome! Your account is ready.</p>"
)

var form = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><title>Sign up</title>
<script src="https://challenges.cloudflare.com/turnstile/v0/api.js" async defer></script>
<form method="post" action="/signup">
<p><label>Name <input name="username" autocomplete="username" required></label></p>
<p><label>E-mail <input name="email" type="email" autocomplete="email" required></label></p>
<div class="cf-turnstile" data-sitekey="{{.}}" data-action="signup"></div>
<p><button>Create account</button></p>
</form></html>
`))

type user struct{ name, email string }

var (
	host      = "127.0.0.1:" + os.Getenv("PORT")
	siteKey   = os.Getenv("SITE_KEY")
	secret    = os.Getenv("SECRET_KEY")
	verifyURL = os.Getenv("VERIFY_URL")
	hostname  = cmp.Or(os.Getenv("HOSTNAME_EXPECTED"), "127.0.0.1")

	// The time limit is for the whole call; redirects would carry the secret elsewhere.
	client = &http.Client{Timeout: 3 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}

	mu     sync.Mutex
	claims = map[[32]byte]time.Time{} // tokens that were sent, by hash
	users  []user
)

func main() {
	server := &http.Server{
		Addr: host, Handler: http.HandlerFunc(serve), MaxHeaderBytes: 64 << 10,
		ReadTimeout: 15 * time.Second, WriteTimeout: 20 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

func serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Frame-Options", "DENY")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// The target as it was sent: another spelling of a path is another path.
	path, _, _ := strings.Cut(r.RequestURI, "?")
	get := r.Method == http.MethodGet || r.Method == http.MethodHead
	status := http.StatusNotFound
	switch {
	case r.Host != host:
		status = http.StatusMisdirectedRequest
	case path == "/signup" && get:
		form.Execute(w, siteKey)
		return
	case path == "/welcome" && get:
		io.WriteString(w, welcome)
		return
	case path == "/effects" && get:
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"signups": %d}`, len(users))
		return
	case path == "/signup" && r.Method == http.MethodPost:
		status = signup(w, r)
	case path == "/signup":
		w.Header().Set("Allow", "GET, HEAD, POST")
		status = http.StatusMethodNotAllowed
	case path == "/welcome", path == "/effects":
		w.Header().Set("Allow", "GET, HEAD")
		status = http.StatusMethodNotAllowed
	}
	if status == http.StatusSeeOther {
		http.Redirect(w, r, "/welcome", status)
		return
	}
	w.WriteHeader(status)
	io.WriteString(w, refusal)
}

// signup makes an account and returns the status to answer with.
func signup(w http.ResponseWriter, r *http.Request) int {
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+host {
			return http.StatusForbidden
		}
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return http.StatusForbidden
	}
	types := r.Header.Values("Content-Type")
	if len(types) != 1 || !isForm(types[0]) || len(r.Header.Values("Content-Encoding")) > 0 {
		return http.StatusUnsupportedMediaType
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	fields, parseErr := url.ParseQuery(string(body))
	if err != nil || parseErr != nil {
		return http.StatusBadRequest
	}
	if !nativeApp(r) && !human(r, fields["cf-turnstile-response"]) {
		return http.StatusForbidden
	}
	if !plain(fields["username"]) || !plain(fields["email"]) || !strings.Contains(fields.Get("email"), "@") {
		return http.StatusBadRequest
	}
	mu.Lock()
	defer mu.Unlock()
	users = append(users, user{fields.Get("username"), fields.Get("email")})
	return http.StatusSeeOther
}

// nativeApp tells our apps from browsers: they send forms with OkHttp and CFNetwork and have no widget.
func nativeApp(r *http.Request) bool {
	agent := r.UserAgent()
	return strings.HasPrefix(agent, "okhttp/") || strings.Contains(agent, "CFNetwork/")
}

// human tells whether the form came with one token, new to us and good for siteverify.
func human(r *http.Request, tokens []string) bool {
	if len(tokens) != 1 || tokens[0] == "" || len(tokens[0]) > 2048 || r.URL.Query().Has("cf-turnstile-response") {
		return false
	}
	return claim(tokens[0]) && verify(tokens[0])
}

// claim reports whether nobody has sent this token before.
func claim(token string) bool {
	key, now := sha256.Sum256([]byte(token)), time.Now()
	mu.Lock()
	defer mu.Unlock()
	if len(claims) >= 50_000 {
		maps.DeleteFunc(claims, func(_ [32]byte, at time.Time) bool { return now.Sub(at) > 2*maxAge })
	}
	if _, used := claims[key]; used || len(claims) >= 100_000 {
		return false
	}
	claims[key] = now
	return true
}

// verify asks siteverify whether the token is good for a sign-up here.
func verify(token string) bool {
	resp, err := client.PostForm(verifyURL, url.Values{"secret": {secret}, "response": {token}})
	if err != nil {
		log.Printf("siteverify: %v", err)
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err != nil || len(body) > maxBody || resp.StatusCode != http.StatusOK {
		log.Printf("siteverify: status %d, %d bytes, %v", resp.StatusCode, len(body), err)
		return false
	}
	var answer struct {
		Success  bool      `json:"success"`
		Hostname string    `json:"hostname"`
		Action   string    `json:"action"`
		Solved   time.Time `json:"challenge_ts"`
	}
	if err := errors.Join(checkKeys(body), json.Unmarshal(body, &answer)); err != nil {
		log.Printf("siteverify: %v", err)
		return false
	}
	age := time.Since(answer.Solved)
	return answer.Success && answer.Hostname == hostname && answer.Action == "signup" &&
		age <= maxAge && age > -time.Minute
}

// checkKeys refuses what encoding/json is lenient about: keys that occur twice, or in another case.
func checkKeys(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		key, isString := token.(string)
		if err != nil || !isString || key != strings.ToLower(strings.ToUpper(key)) || seen[key] {
			return fmt.Errorf("unexpected key %v: %v", token, err)
		}
		seen[key] = true
		if err := dec.Decode(new(json.RawMessage)); err != nil {
			return err
		}
	}
	return nil
}

func isForm(contentType string) bool {
	mediaType, params, err := mime.ParseMediaType(contentType)
	return err == nil && mediaType == "application/x-www-form-urlencoded" &&
		strings.EqualFold(cmp.Or(params["charset"], "utf-8"), "utf-8")
}

// plain tells whether there is one value, a short line of text.
func plain(values []string) bool {
	return len(values) == 1 && values[0] != "" && len(values[0]) <= 200 &&
		utf8.ValidString(values[0]) && !strings.ContainsFunc(values[0], unicode.IsControl)
}
