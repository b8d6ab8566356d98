// Package right is what a sign-up behind Turnstile does right. The apps beside it each
// do one thing wrong.
package right

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"
)

// Field is the token's.
const Field = "cf-turnstile-response"

// MaxBody is the most bytes of a form.
const MaxBody = 64 << 10

var (
	mu    sync.Mutex
	users []string
	used  = map[string]bool{}

	// Client asks the verifier.
	Client = &http.Client{Timeout: 2 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
)

// Page is the form, with more in it.
func Page(more string) string {
	return fmt.Sprintf(`<!doctype html><html lang="en"><title>Sign up</title>
<script src="https://challenges.cloudflare.com/turnstile/v0/api.js" async defer></script>
<form method="post" action="/signup">
<label>Name <input name="username"></label> <label>E-mail <input name="email" type="email"></label>
<div class="cf-turnstile" data-sitekey="%s" data-action="signup"></div>
<button>Sign up</button>%s</form></html>`, os.Getenv("SITE_KEY"), more)
}

// Ask returns the verifier's answer, byte for byte.
func Ask(token string) ([]byte, error) {
	resp, err := Client.PostForm(os.Getenv("VERIFY_URL"), url.Values{"secret": {os.Getenv("SECRET_KEY")}, "response": {token}})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	switch {
	case err != nil:
		return nil, err
	case resp.StatusCode != http.StatusOK, len(body) > MaxBody:
		return nil, errors.New("no answer")
	}
	return body, nil
}

// Good judges an answer: its names are taken exactly, and once.
func Good(body []byte) bool {
	answer, err := strict(body)
	if err != nil {
		return false
	}
	made, err := time.Parse(time.RFC3339, fmt.Sprint(answer["challenge_ts"]))
	return err == nil && answer["success"] == true && Bound(answer) && time.Since(made) < 5*time.Minute
}

// Bound compares host and action.
func Bound(answer map[string]any) bool {
	host := os.Getenv("HOSTNAME_EXPECTED")
	if host == "" {
		host = "127.0.0.1"
	}
	return answer["hostname"] == host && answer["action"] == "signup"
}

func strict(body []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("no object")
	}
	answer := map[string]any{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		if _, twice := answer[name.(string)]; twice {
			return nil, errors.New("a name twice")
		}
		answer[name.(string)] = value
	}
	_, err := d.Token()
	return answer, err
}

// Claim uses a token up. It is false for one that was used.
func Claim(token string) bool {
	mu.Lock()
	defer mu.Unlock()
	if used[token] {
		return false
	}
	used[token] = true
	return true
}

// Human judges the tokens of a form.
func Human(tokens []string) bool {
	if len(tokens) != 1 || tokens[0] == "" || len(tokens[0]) > 2048 || !Claim(tokens[0]) {
		return false
	}
	body, err := Ask(tokens[0])
	return err == nil && Good(body)
}

// Create remembers a user.
func Create(email string) {
	mu.Lock()
	defer mu.Unlock()
	users = append(users, email)
}

// Count returns how many users there are.
func Count() int {
	mu.Lock()
	defer mu.Unlock()
	return len(users)
}

// Address is where to listen.
func Address() string { return "127.0.0.1:" + os.Getenv("PORT") }

// OwnOrigin refuses what other sites send.
func OwnOrigin(origin, site, host string) bool {
	return (origin == "" || origin == "http://"+host) && site != "cross-site"
}

// Form reads a form strictly, with net/http. The status is 0 when it could.
func Form(w http.ResponseWriter, r *http.Request) (url.Values, int) {
	kind := r.Header.Values("Content-Type")
	switch {
	case len(kind) != 1, kind[0] != "application/x-www-form-urlencoded", r.Header.Get("Content-Encoding") != "":
		return nil, http.StatusUnsupportedMediaType
	case !OwnOrigin(r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site"), r.Host):
		return nil, http.StatusForbidden
	}
	r.Body = http.MaxBytesReader(w, r.Body, MaxBody)
	var large *http.MaxBytesError
	if err := r.ParseForm(); errors.As(err, &large) {
		return nil, http.StatusRequestEntityTooLarge
	} else if err != nil {
		return nil, http.StatusBadRequest
	}
	return r.PostForm, 0
}

// SignUp is the whole of it.
func SignUp(w http.ResponseWriter, r *http.Request) {
	form, status := Form(w, r)
	if status != 0 {
		http.Error(w, http.StatusText(status), status)
		return
	}
	if !Human(form[Field]) {
		http.Error(w, "Please go back and try again.", http.StatusForbidden)
		return
	}
	Welcome(w, r, form.Get("email"))
}

// Welcome creates a user and says so.
func Welcome(w http.ResponseWriter, r *http.Request, email string) {
	if len(email) < 3 {
		http.Error(w, "Please give an e-mail address.", http.StatusBadRequest)
		return
	}
	Create(email)
	http.Redirect(w, r, "/welcome", http.StatusSeeOther)
}

// Mux has the pages that every app has.
func Mux(more string) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /signup", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, Page(more)) })
	mux.HandleFunc("GET /welcome", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<h1>Welcome</h1>") })
	mux.HandleFunc("GET /effects", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"signups":%d}`, Count()) })
	return mux
}

// Serve serves, with headers, and without odd spellings of paths.
func Serve(handler http.Handler) {
	log.Fatal(http.ListenAndServe(Address(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Frame-Options", "DENY")
		if r.URL.RawPath != "" || r.URL.EscapedPath() != r.URL.Path {
			http.NotFound(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})))
}
