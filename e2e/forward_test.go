package e2e_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
)

// proxies are the servers in front that ask the gateway, started from the files of deploy/.
// Each returns its address.
var proxies = map[string]func(t *testing.T, app *apps.App, gateway string) string{
	"nginx": func(t *testing.T, app *apps.App, gateway string) string {
		dir, port := t.TempDir(), apps.FreePort(t)
		server := deployed(t, "nginx.conf", "listen 80;", "listen 127.0.0.1:"+port+";", "127.0.0.1:8000", hostOf(app.URL), "127.0.0.1:8080", hostOf(gateway))
		conf := "daemon off; worker_processes 1; pid nginx.pid; error_log stderr;\nevents {}\nhttp {\n" +
			"access_log off; client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;\n" + server + "}\n"
		if os.Getuid() == 0 {
			conf = "user root;\n" + conf // root may read the temporary folder
		}
		if err := os.WriteFile(filepath.Join(dir, "nginx.conf"), []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		apps.Run(t, dir, nil, "http://127.0.0.1:"+port+"/.palisade/palisade.js", "nginx", "-p", dir, "-c", "nginx.conf")
		return "http://127.0.0.1:" + port
	},
	"caddy": func(t *testing.T, app *apps.App, gateway string) string {
		dir, port := t.TempDir(), apps.FreePort(t)
		replace := []string{":80 {", "http://:" + port + " {", "127.0.0.1:8000", hostOf(app.URL)}
		if version, err := exec.Command("caddy", "version").Output(); err != nil {
			t.Fatal(err)
		} else if strings.HasPrefix(strings.TrimPrefix(string(version), "v"), "2.6") { // as the file says
			replace = append(replace, "@guarded {\n\t\t\t\treverse_proxy 127.0.0.1:8080\n", "@guarded {\n\t\t\t\treverse_proxy "+hostOf(gateway)+" {\n\t\t\t\t\tbuffer_requests\n\t\t\t\t}\n")
		}
		conf := "{\n\tadmin off\n\tauto_https off\n}\n" + deployed(t, "Caddyfile", append(replace, "127.0.0.1:8080", hostOf(gateway))...)
		if err := os.WriteFile(filepath.Join(dir, "Caddyfile"), []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		env := []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}
		apps.Run(t, dir, env, "http://127.0.0.1:"+port+"/.palisade/palisade.js", "caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile")
		return "http://127.0.0.1:" + port
	},
}

// deployed returns a file of deploy/ with the test's own addresses.
func deployed(t *testing.T, name string, replace ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(string(text), replace[i]) {
			t.Fatalf("%s holds no %q any more", name, replace[i])
		}
	}
	return strings.NewReplacer(replace...).Replace(string(text))
}

func hostOf(url string) string { return strings.TrimPrefix(url, "http://") }

// asked starts the gateway for a proxy that asks it.
func asked(t *testing.T, app *apps.App, proxy, forms string) string {
	t.Helper()
	return proxies[proxy](t, app, gatewayWith(t, app, "trust: [127.0.0.1]\n",
		"  - {host: \"*\", upstream: UPSTREAM, forward_auth: "+proxy+", script: true, "+forms+"}\n"))
}

func TestNoWayAroundAProxyThatAsks(t *testing.T) {
	for proxy := range proxies {
		for _, stack := range []string{"flask-gunicorn", "express", "php"} {
			t.Run(proxy+" "+stack, func(t *testing.T) {
				t.Parallel()
				app := apps.Probe(t, stack)
				path := apps.Guarded(stack)
				front := asked(t, app, proxy, "forms: [{route: POST "+path+"}]")
				for _, way := range ways {
					status, _ := send(t, front, filled(way.request, front, path))
					if n := app.Effects()["signup"]; n > 0 {
						t.Fatalf("%s got through (status %d)", way.name, status)
					}
				}
				page, err := http.Get(front + path)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(page.Body)
				page.Body.Close()
				if err != nil || page.StatusCode != 200 || !strings.Contains(string(body), "<form") {
					t.Errorf("the page: status %d, %v\n%s", page.StatusCode, err, body)
				}
				if status, _ := send(t, front, "GET /.palisade/auth HTTP/1.1\r\nHost: "+hostOf(front)+"\r\nX-Original-Method: GET\r\nX-Original-URI: /\r\nX-Forwarded-Method: GET\r\nX-Forwarded-Uri: /\r\n\r\n"); status == 200 {
					t.Error("a client can reach the auth endpoint through the proxy")
				}
			})
		}
	}
}

// The request line and the Host header can name different sites. The proxy asks the gateway
// about the site that it serves.
func TestARequestThatNamesTwoSites(t *testing.T) {
	for proxy := range proxies {
		t.Run(proxy, func(t *testing.T) {
			t.Parallel()
			app := apps.Probe(t, "flask-gunicorn")
			path := apps.Guarded("flask-gunicorn")
			front := proxies[proxy](t, app, gatewayWith(t, app, "trust: [127.0.0.1]\n",
				"  - {host: a.example, upstream: UPSTREAM, forward_auth: "+proxy+", forms: [{route: POST /elsewhere}]}\n"+
					"  - {host: \"*\", upstream: UPSTREAM, forward_auth: "+proxy+", forms: [{route: POST "+path+"}]}\n"))
			rest := "\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 6\r\n\r\nuser=b"
			status, _ := send(t, front, "POST http://"+hostOf(front)+path+" HTTP/1.1\r\nHost: a.example"+rest)
			if n := app.Effects()["signup"]; n > 0 || status < 400 {
				t.Errorf("status %d, %d effects", status, n)
			}
			status, _ = send(t, front, "POST "+path+" HTTP/1.1\r\nHost: a.example"+rest)
			if n := app.Effects()["signup"]; n != 1 {
				t.Errorf("on the site where the path is open: status %d, %d effects, want 1", status, n)
			}
		})
	}
}

func TestPersonBehindAProxyThatAsks(t *testing.T) {
	for proxy := range proxies {
		t.Run(proxy, func(t *testing.T) {
			t.Parallel()
			app := apps.Django(t, "gunicorn")
			front := visited(asked(t, app, proxy, "forms: [{route: POST /signup/}, {route: POST /upload/}]"))

			b := blank(t)
			b.goTo(front + "/signup/")
			if proxy == "caddy" { // whose template has the tag; here the test adds it by hand
				b.do("const s = document.createElement('script'); s.src = '/.palisade/guard.js'; document.head.append(s)")
			}
			b.until("window.palisade") // the page has the script, and nothing else of ours
			b.fill(map[string]string{"username": "ada", "password1": "correct horse 7", "password2": "mistyped"})
			b.click("#id_username")
			b.click("form button")
			b.until("document.querySelector('.errorlist')")
			b.fill(newMember)
			b.click("form button")
			b.arrives("/welcome/")

			// A large upload without a proof is handed over as a whole, and kept.
			file := filepath.Join(t.TempDir(), "big.bin")
			if err := os.WriteFile(file, []byte(strings.Repeat(allBytes(), 100)), 0o600); err != nil {
				t.Fatal(err)
			}
			b.withoutScript(front + "/upload/")
			b.fill(map[string]string{"title": "x"})
			b.upload("[name=document]", file)
			b.click("form button")
			b.confirm()
			b.arrives("/welcome/")
			if got := app.Effects(); got["users"] != 1 || got["uploads"] != 1 {
				t.Errorf("effects %v, want one of each", got)
			}
		})
	}
}

func TestProxyThatCannotAskLetsNothingThrough(t *testing.T) {
	for proxy := range proxies {
		t.Run(proxy, func(t *testing.T) {
			t.Parallel()
			app := apps.Probe(t, "express")
			// This gateway has no setting forward_auth, and so cannot answer such a proxy.
			deaf := gatewayWith(t, app, "trust: [127.0.0.1]\n", "  - {host: \"*\", upstream: UPSTREAM, forms: [{route: POST /signup}]}\n")
			front := proxies[proxy](t, app, deaf)
			resp, err := http.Post(front+"/signup", "application/x-www-form-urlencoded", strings.NewReader("user=b"))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if n := app.Effects()["signup"]; n != 0 || resp.StatusCode < 400 {
				t.Errorf("status %d, %d effects", resp.StatusCode, n)
			}
		})
	}
}
