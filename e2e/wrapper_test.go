package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/palisade-dev/palisade/e2e/apps"
	"github.com/palisade-dev/palisade/e2e/chromium"
)

// vendorHosts are the hosts of the vendors' scripts. Some wrappers hold the host in their
// code. The browser of these tests finds our service under each of the names.
var vendorHosts = []string{"www.google.com", "challenges.cloudflare.com"}

// front is an app of somebody else's wrapper of a captcha, without changes to the wrapper.
type front struct {
	file   string // in e2e/wrappers
	head   string // of the page; SERVICE stands for the service
	verify string // path of siteverify
	field  string
	box    bool   // there is a box to tick
	also   string // true in the page in the end
}

var (
	onGoogle     = front{verify: "/recaptcha/api/siteverify", field: "g-recaptcha-response", box: true}
	onCloudflare = front{verify: "/turnstile/v0/siteverify", field: "cf-turnstile-response", box: true}
	onFriendly   = front{verify: "/api/v2/captcha/siteverify", field: "frc-captcha-response", box: true}
	onHCaptcha   = front{verify: "/siteverify", field: "h-captcha-response", box: true}
)

func (f front) of(file, head string) front {
	f.file, f.head = file, head
	return f
}

// alone is for a front without a box, or whose box the program ticks.
func (f front) alone() front {
	f.box = false
	return f
}

func (f front) until(condition string) front {
	f.also = condition
	return f
}

var fronts = map[string]front{
	"react-google-recaptcha":                           onGoogle.of("react-google-recaptcha.jsx", ""),
	"react-google-recaptcha on a page with the script": onGoogle.of("react-google-recaptcha.jsx", `<script src="SERVICE/recaptcha/api.js?render=explicit"></script>`),
	"react-google-recaptcha-v3":                        onGoogle.of("react-google-recaptcha-v3.jsx", "").alone(),
	"react-google-recaptcha-v3 on a page with the script": onGoogle.of("react-google-recaptcha-v3.jsx",
		`<script id="google-recaptcha-v3" src="SERVICE/recaptcha/api.js?render=shop-1"></script>`).alone(),
	"@marsidev/react-turnstile": onCloudflare.of("react-turnstile.jsx", "").until("window.widget"),
	"@marsidev/react-turnstile on a page with the script": onCloudflare.of("react-turnstile.jsx",
		`<script id="cf-turnstile-script" src="SERVICE/turnstile/v0/api.js?render=explicit"></script>`).until("window.widget"),
	"vue-turnstile": onCloudflare.of("vue-turnstile.js", ""),
	"vue-turnstile on a page with the script": onCloudflare.of("vue-turnstile.js", `<script src="SERVICE/turnstile/v0/api.js?render=explicit"></script>`),
	"@hcaptcha/react-hcaptcha":                onHCaptcha.of("react-hcaptcha.jsx", ""),
	"@hcaptcha/vue3-hcaptcha":                 onHCaptcha.of("vue3-hcaptcha.js", ""),
	"@friendlycaptcha/sdk":                    onFriendly.of("friendly-sdk.js", ""),
	"@friendlycaptcha/sdk, started":           onFriendly.of("friendly-sdk-started.js", "").alone(),
	"@friendlycaptcha/sdk's own script":       onFriendly.of("friendly-site.js", ""),
	"@hcaptcha/vue3-hcaptcha, executed":       onHCaptcha.of("vue3-hcaptcha-invisible.js", "").alone(),
}

// bundled builds a program of e2e/wrappers for the browser, as its author would while working
// on it: React then mounts each component twice, which breaks more.
func bundled(t *testing.T, file, service string) []byte {
	t.Helper()
	if _, err := os.Stat("node_modules/esbuild"); err != nil {
		t.Fatal("missing: esbuild; npm ci --prefix e2e --ignore-scripts")
	}
	node := exec.Command("node", "node_modules/esbuild/bin/esbuild", filepath.Join("wrappers", file), "--bundle", "--format=iife", "--log-level=warning",
		`--define:process.env.NODE_ENV="development"`, "--define:SERVICE="+asJSON(service))
	var said strings.Builder
	node.Stderr = &said
	script, err := node.Output()
	if err != nil {
		t.Fatal(err, said.String())
	}
	return script
}

// widgetOverHTTPS starts the service for the shops of these tests, and a browser that finds
// it under the vendors' names.
func widgetOverHTTPS(t *testing.T) (service string, in context.Context) {
	t.Helper()
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	dir, port := t.TempDir(), apps.FreePort(t)
	certificate(t, dir)
	text := apps.ObservedYAML + "admin: \"off\"\ntls: {cert: cert.pem, key: key.pem}\nservice:\n  listen: localhost:" + port + "\n  sites:\n" +
		"    - {key: shop-1, secret_file: shop.secret, hosts: [localhost]}\n"
	for name, text := range map[string]string{"palisade.yaml": text, "shop.secret": serviceSecret + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	service = "https://localhost:" + port
	apps.Run(t, dir, nil, service+"/v1/openapi.json", file, "serve", "-config", "palisade.yaml")
	var rules []string
	for _, host := range vendorHosts {
		rules = append(rules, "MAP "+host+" 127.0.0.1:"+port)
	}
	in, closeBrowser, err := chromium.Start(chromedp.Flag("host-resolver-rules", strings.Join(rules, ", ")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeBrowser)
	return service, in
}

// ask asks siteverify, in the way of Friendly Captcha too.
func (f front) ask(t *testing.T, service, token string) string {
	t.Helper()
	form := url.Values{"secret": {serviceSecret}, "response": {token}, "sitekey": {"shop-1"}}
	r, err := http.NewRequest(http.MethodPost, service+f.verify, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-API-Key", serviceSecret)
	answer, err := insecure.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWrappersOfOthersWorkUnchanged(t *testing.T) {
	service, in := widgetOverHTTPS(t)
	t.Run("each", func(t *testing.T) { // the service and the browser end after the parallel tests
		for name, f := range fronts {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				script := bundled(t, f.file, service)
				tokens := make(chan string, 1)
				shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					switch {
					case r.URL.Path == "/app.js":
						w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
						_, _ = w.Write(script)
					case r.URL.Path != "/":
						http.NotFound(w, r)
					case r.Method == http.MethodPost:
						tokens <- r.PostFormValue(f.field)
						fmt.Fprint(w, "<!doctype html><html lang=en><title>Sent</title><p id=sent>Sent")
					default:
						fmt.Fprint(w, strings.ReplaceAll("<!doctype html><html lang=en><title>Shop</title>"+f.head+
							"<form method=post><div id=app></div><button id=send>Send</button></form><script src=/app.js></script>", "SERVICE", service))
					}
				}))
				t.Cleanup(shop.Close)
				b := blankIn(t, in)
				b.goTo(strings.Replace(shop.URL, "127.0.0.1", "localhost", 1) + "/")
				if f.box {
					b.tick(fmt.Sprintf("document.querySelector('[name=%q]')?.value.length > 100", f.field))
				}
				b.until("window.token")
				if f.also != "" {
					b.until("%s", f.also)
				}
				b.click("#send")
				b.until("document.querySelector('#sent')")
				said := f.ask(t, service, <-tokens)
				var answer struct{ Success bool }
				if err := json.Unmarshal([]byte(said), &answer); err != nil || !answer.Success {
					t.Errorf("siteverify says %s", said)
				}
			})
		}
	})
}
