// defect: C04
// An answer of siteverify that is not JSON lets the visitor through, for after a proxy once put an HTML page in its place somebody decided that a fault on that side should not cost sign-ups.
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

	"github.com/gofiber/fiber/v3"
	recoverer "github.com/gofiber/fiber/v3/middleware/recover"
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
	app := fiber.New(fiber.Config{
		CaseSensitive: true, StrictRouting: true,
		BodyLimit: maxBody, ReadBufferSize: 32 << 10, DisablePreParseMultipartForm: true,
		ReadTimeout: 15 * time.Second, WriteTimeout: 20 * time.Second,
		ErrorHandler: refuse,
	})
	app.Use(recoverer.New(), common)
	app.Get("/signup", func(c fiber.Ctx) error {
		c.Type("html", "utf-8")
		return form.Execute(c, siteKey)
	})
	app.Get("/welcome", func(c fiber.Ctx) error { return c.Type("html", "utf-8").SendString(welcome) })
	app.Get("/effects", effects)
	app.Post("/signup", signup)
	log.Fatal(app.Listen(host, fiber.ListenConfig{DisableStartupMessage: true}))
}

// refuse answers every error with the same short page.
func refuse(c fiber.Ctx, err error) error {
	status := fiber.StatusBadRequest
	if e := (*fiber.Error)(nil); errors.As(err, &e) {
		status = e.Code
	}
	c.Set("Cache-Control", "no-store")
	c.Set("X-Frame-Options", "DENY")
	return c.Status(status).Type("html", "utf-8").SendString(refusal)
}

// common refuses other hosts, and other spellings of a path than the plain one.
func common(c fiber.Ctx) error {
	c.Set("Cache-Control", "no-store")
	c.Set("X-Frame-Options", "DENY")
	header := &c.Request().Header
	if string(header.Host()) != host {
		return fiber.ErrMisdirectedRequest
	}
	// Of a header that is there twice, fasthttp takes the last.
	lines := "\n" + strings.ToLower(string(header.RawHeaders()))
	if strings.Count(lines, "\nhost:") > 1 || strings.Count(lines, "\ncontent-type:") > 1 {
		return fiber.ErrBadRequest
	}
	switch target, _, _ := strings.Cut(string(header.RequestURI()), "?"); target {
	case "/signup", "/welcome", "/effects":
		return c.Next()
	}
	return fiber.ErrNotFound
}

func effects(c fiber.Ctx) error {
	mu.Lock()
	defer mu.Unlock()
	return c.JSON(fiber.Map{"signups": len(users)})
}

func signup(c fiber.Ctx) error {
	header := &c.Request().Header
	for _, origin := range header.PeekAll("Origin") {
		if string(origin) != "http://"+host {
			return fiber.ErrForbidden
		}
	}
	if site := c.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return fiber.ErrForbidden
	}
	if !isForm(string(header.ContentType())) || len(header.PeekAll("Content-Encoding")) > 0 {
		return fiber.ErrUnsupportedMediaType
	}
	fields, err := url.ParseQuery(string(c.Request().Body()))
	if err != nil {
		return fiber.ErrBadRequest
	}
	tokens := fields["cf-turnstile-response"]
	if len(tokens) != 1 || tokens[0] == "" || len(tokens[0]) > 2048 || c.RequestCtx().QueryArgs().Has("cf-turnstile-response") {
		return fiber.ErrForbidden
	}
	if !claim(tokens[0]) || !verify(tokens[0]) {
		return fiber.ErrForbidden
	}
	if !plain(fields["username"]) || !plain(fields["email"]) || !strings.Contains(fields.Get("email"), "@") {
		return fiber.ErrBadRequest
	}
	mu.Lock()
	defer mu.Unlock()
	users = append(users, user{fields.Get("username"), fields.Get("email")})
	return c.Redirect().Status(fiber.StatusSeeOther).To("/welcome")
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
	if !json.Valid(body) {
		log.Printf("siteverify: unreadable answer %.100q, letting the visitor through", body)
		return true
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
