// defect: B19
// The token that Cloudflare's test keys give is let through without asking, so that the browser tests could run without a network, and the shortcut was never taken out of the production build.
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

	"github.com/gin-gonic/gin"
)

const (
	maxBody = 64 << 10
	maxAge  = 5 * time.Minute
	refusal = "<!doctype html><title>Sorry</title><p>That did not work. Please reload the form and try again.</p>"
	welcome = "<!doctype html><title>Welcome</title><p>Welcome! Your account is ready.</p>"
)

var form = template.Must(template.New("signup").Parse(`<!doctype html><html lang="en"><title>Sign up</title>
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
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.RedirectTrailingSlash = false
	router.HandleMethodNotAllowed = true
	router.SetTrustedProxies(nil)
	router.Use(gin.Recovery(), common)
	router.NoRoute(func(c *gin.Context) { refuse(c, http.StatusNotFound) })
	router.NoMethod(func(c *gin.Context) { refuse(c, http.StatusMethodNotAllowed) })
	router.SetHTMLTemplate(form)
	router.POST("/signup", signup)
	for _, method := range []string{"GET", "HEAD"} {
		router.Handle(method, "/signup", func(c *gin.Context) { c.HTML(http.StatusOK, "signup", siteKey) })
		router.Handle(method, "/welcome", func(c *gin.Context) { page(c, http.StatusOK, welcome) })
		router.Handle(method, "/effects", effects)
	}
	server := &http.Server{
		Addr: host, Handler: router, MaxHeaderBytes: 64 << 10,
		ReadTimeout: 15 * time.Second, WriteTimeout: 20 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

func page(c *gin.Context, status int, html string) {
	c.Data(status, "text/html; charset=utf-8", []byte(html))
}

func refuse(c *gin.Context, status int) {
	page(c, status, refusal)
	c.Abort()
}

// common refuses other hosts, and other spellings of a path than the plain one.
func common(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	c.Header("X-Frame-Options", "DENY")
	target, _, _ := strings.Cut(c.Request.RequestURI, "?")
	if c.Request.Host != host {
		refuse(c, http.StatusMisdirectedRequest)
	} else if c.FullPath() != "" && c.FullPath() != target {
		refuse(c, http.StatusNotFound)
	}
}

func effects(c *gin.Context) {
	mu.Lock()
	defer mu.Unlock()
	c.JSON(http.StatusOK, gin.H{"signups": len(users)})
}

func signup(c *gin.Context) {
	header := c.Request.Header
	site := header.Get("Sec-Fetch-Site")
	foreign := site != "" && site != "same-origin" && site != "none"
	for _, origin := range header.Values("Origin") {
		foreign = foreign || origin != "http://"+host
	}
	if foreign {
		refuse(c, http.StatusForbidden)
		return
	}
	types := header.Values("Content-Type")
	if len(types) != 1 || !isForm(types[0]) || len(header.Values("Content-Encoding")) > 0 {
		refuse(c, http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		refuse(c, http.StatusRequestEntityTooLarge)
		return
	}
	fields, parseErr := url.ParseQuery(string(body))
	if err != nil || parseErr != nil {
		refuse(c, http.StatusBadRequest)
		return
	}
	if !human(c, fields["cf-turnstile-response"]) {
		refuse(c, http.StatusForbidden)
		return
	}
	if !plain(fields["username"]) || !plain(fields["email"]) || !strings.Contains(fields.Get("email"), "@") {
		refuse(c, http.StatusBadRequest)
		return
	}
	mu.Lock()
	defer mu.Unlock()
	users = append(users, user{fields.Get("username"), fields.Get("email")})
	c.Redirect(http.StatusSeeOther, "/welcome")
}

// testToken is what the widget gives with Cloudflare's test keys; the browser tests run offline.
const testToken = "XXXX.DUMMY.TOKEN.XXXX"

// human tells whether the form came with one token, new to us and good for siteverify.
func human(c *gin.Context, tokens []string) bool {
	if len(tokens) != 1 || tokens[0] == "" || len(tokens[0]) > 2048 || c.Request.URL.Query().Has("cf-turnstile-response") {
		return false
	}
	if tokens[0] == testToken {
		return true
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
