package e2e_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/captchatest"
	"github.com/palisade-dev/palisade/e2e/apps"
	"github.com/palisade-dev/palisade/pow"
)

// secured is the verification service over HTTPS, which clients require. It has a site of
// the embedded captcha, and one for each vendor that it can ask.
type secured struct {
	t      *testing.T
	host   string // host:port
	cert   string
	vendor *captchatest.Server
}

func newSecured(t *testing.T) *secured {
	t.Helper()
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	s := &secured{t: t, host: "localhost:" + apps.FreePort(t), vendor: captchatest.NewServer()}
	t.Cleanup(s.vendor.Close)
	dir := t.TempDir()
	certificate(t, dir)
	s.cert = filepath.Join(dir, "cert.pem")
	text := apps.ObservedYAML + "admin: \"off\"\ntls: {cert: cert.pem, key: key.pem}\nservice:\n  listen: " + s.host + "\n  sites:\n" +
		"    - {key: own, secret_file: own.secret, hosts: [localhost, shop.example, " + strings.Join(visitedHosts, ", ") + "]}\n" +
		"    - {key: other, secret_file: other.secret, hosts: [localhost]}\n"
	for _, service := range []string{captchatest.RecaptchaV2, captchatest.RecaptchaV3, captchatest.Turnstile} {
		s.vendor.AddSite(service, "public-"+service, "private-"+service)
		text += fmt.Sprintf("    - {key: %[1]s, secret_file: %[1]s.secret, hosts: [shop.example], captcha: {service: %[1]s, sitekey: public-%[1]s, secret_file: vendor-%[1]s.secret, endpoint: %[2]q}}\n",
			service, s.vendor.VerifyURL(service))
		s.write(dir, "vendor-"+service+".secret", "private-"+service)
		s.write(dir, service+".secret", secretOf(service))
	}
	s.write(dir, "own.secret", secretOf("own"))
	s.write(dir, "other.secret", secretOf("other"))
	s.write(dir, "palisade.yaml", text)
	apps.Run(t, dir, nil, "https://"+s.host+"/v1/openapi.json", file, "serve", "-config", "palisade.yaml")
	return s
}

// visitedHosts are the host names at which browsers visit the apps.
var visitedHosts = []string{"django-v2.localhost", "django-v3.localhost", "flask-v2.localhost"}

func (s *secured) write(dir, name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// insecure accepts the self-signed certificates of tests.
var insecure = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// secretOf is the secret of a site of the service.
func secretOf(site string) string { return "secret-of-the-site-" + site }

// solve gets a token of the embedded captcha as the widget's frame does.
func (s *secured) solve(site string, v3 bool) string {
	s.t.Helper()
	query := url.Values{"k": {site}, "origin": {"http://localhost"}, "mode": {"box"}}
	if v3 {
		query.Set("mode", "score")
		query.Set("action", "login")
	}
	answer, err := insecure.Get("https://" + s.host + "/captcha/challenge?" + query.Encode())
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	var offer struct {
		Challenge     json.RawMessage
		Claims, Error string
	}
	if err := json.NewDecoder(answer.Body).Decode(&offer); err != nil || offer.Error != "" {
		s.t.Fatal(err, offer.Error)
	}
	proof, err := pow.Solve(context.Background(), offer.Challenge)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(proof)
	if err != nil {
		s.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(offer.Claims + "\n" + string(raw)))
}

// client is third-party software that gets the URL and its secret.
type client struct {
	service string // of the vendor that it is made for
	v3      bool
	// start returns a function that verifies a token with the secret of a site.
	start func(t *testing.T, s *secured, site string) func(token string) bool
}

var clients = map[string]client{
	"django-recaptcha 4.1, version 2": {captchatest.RecaptchaV2, false, func(t *testing.T, s *secured, site string) func(string) bool {
		return posts(t, s.app(site, "django").URL+"/v2", "captcha", "g-recaptcha-response")
	}},
	"django-recaptcha 4.1, version 3": {captchatest.RecaptchaV3, true, func(t *testing.T, s *secured, site string) func(string) bool {
		return posts(t, s.app(site, "django").URL+"/v3", "captcha")
	}},
	"Flask-WTF 1.3 RecaptchaField": {captchatest.RecaptchaV2, false, func(t *testing.T, s *secured, site string) func(string) bool {
		return posts(t, s.app(site, "flask").URL+"/v2", "g-recaptcha-response")
	}},
	"npm google-recaptcha 1.1": {captchatest.RecaptchaV2, false, func(t *testing.T, s *secured, site string) func(string) bool {
		return s.node("google-recaptcha", "/recaptcha/api/siteverify", site)
	}},
	"npm cf-turnstile 1.0": {captchatest.Turnstile, false, func(t *testing.T, s *secured, site string) func(string) bool {
		return s.node("cf-turnstile", "/turnstile/v0/siteverify", site)
	}},
}

// app starts a site of ours that uses a package as the package's documentation says.
func (s *secured) app(site, stack string) *apps.App {
	s.t.Helper()
	return apps.Recaptcha(s.t, stack, "RECAPTCHA_DOMAIN="+s.host, "RECAPTCHA_PUBLIC_KEY="+site, "RECAPTCHA_PRIVATE_KEY="+secretOf(site), "SSL_CERT_FILE="+s.cert)
}

// posts fills in the form of an app and reports whether the app accepted it.
func posts(t *testing.T, page string, fields ...string) func(token string) bool {
	return func(token string) bool {
		form := url.Values{"name": {"Ada"}}
		for _, field := range fields {
			form.Set(field, token)
		}
		answer, err := http.PostForm(page, form)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != 200 && answer.StatusCode != 400 {
			t.Errorf("the app fell over: %s", answer.Status)
		}
		return answer.StatusCode == 200
	}
}

func (s *secured) node(name, path, site string) func(token string) bool {
	return func(token string) bool {
		cmd := exec.Command("node", "apps/probes/verify.js", name, "https://"+s.host+path, secretOf(site), token)
		modules, _ := filepath.Abs("node_modules")
		cmd.Env = append(os.Environ(), "NODE_PATH="+modules, "NODE_EXTRA_CA_CERTS="+s.cert, "NODE_NO_WARNINGS=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			s.t.Fatalf("%s: %v\n%s\nIs everything installed? Run scripts/tools.sh", name, err, out)
		}
		return strings.TrimSpace(string(out)) == "true"
	}
}

func TestUnchangedClientsVerifyAgainstTheService(t *testing.T) {
	s := newSecured(t)
	for name, c := range clients {
		t.Run(name, func(t *testing.T) {
			own := c.start(t, s, "own")
			token := s.solve("own", c.v3)
			for what, token := range map[string]string{
				"garbage":                 "garbage",
				"a token of another site": s.solve("other", c.v3),
				"characters of a URL":     "a&success=true%00#<script>",
			} {
				if own(token) {
					t.Errorf("embedded: %s is taken", what)
				}
			}
			if !own(token) {
				t.Error("embedded: a valid token is refused")
			}
			if own(token) {
				t.Error("embedded: a replay is taken")
			}

			passed := c.start(t, s, c.service)
			good := func(host string) string {
				return s.vendor.Solve(c.service, "public-"+c.service, captchatest.Solution{Hostname: host, Action: "login"})
			}
			token = good("shop.example")
			if !passed(token) {
				t.Error("passed through: a valid token is refused")
			}
			if passed(token) {
				t.Error("passed through: a replay is taken")
			}
			if passed(good("evil.example")) {
				t.Error("passed through: a token of another host is taken")
			}
			if passed("garbage") {
				t.Error("passed through: garbage is taken")
			}
			s.vendor.Fail(c.service, captchatest.Status503, -1)
			if passed(good("shop.example")) {
				t.Error("passed through: a token is taken while the vendor is down")
			}
			s.vendor.Heal(c.service)
		})
	}
}

func TestSitesThatMovedOverWorkInABrowser(t *testing.T) {
	s := newSecured(t)
	for name, row := range map[string]struct{ stack, page string }{
		"django-v2": {"django", "/v2"},
		"django-v3": {"django", "/v3"},
		"flask-v2":  {"flask", "/v2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := s.app("own", row.stack)
			b := blank(t)
			b.goTo(strings.Replace(app.URL, "127.0.0.1", name+".localhost", 1) + row.page)
			b.until("document.querySelector('[name=name]')")
			b.click("[name=name]")
			b.keys("Ada")
			if row.page == "/v2" {
				b.tick("document.querySelector('[name=g-recaptcha-response]').value")
			}
			b.click("#send")
			b.until("document.querySelector('#welcome')")
			if n := app.Effects()[row.page[1:]]; n != 1 {
				t.Errorf("%d effects", n)
			}
		})
	}
}
