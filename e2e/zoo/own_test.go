package zoo

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/palisade-dev/palisade/e2e/apps"
	"github.com/palisade-dev/palisade/internal/audit/engine"
	"github.com/palisade-dev/palisade/internal/audit/report"
)

// palisade runs the command until the test ends.
func palisade(t *testing.T, dir, ready string, args ...string) {
	t.Helper()
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	apps.Run(t, dir, nil, ready, append([]string{file}, args...)...)
}

// gateway starts a gateway in front of an app.
func gateway(t *testing.T, app *apps.App, protect string) string {
	t.Helper()
	address := "127.0.0.1:" + apps.FreePort(t)
	palisade(t, t.TempDir(), "http://"+address+"/.palisade/palisade.js", "serve", "-upstream", app.URL, "-protect", protect, "-listen", address, "-admin", "off")
	return "http://" + address
}

const serviceSecret = "a secret of the service's own tests"

// service is the verification service, for pages at a host.
func service(t *testing.T, host string) string {
	t.Helper()
	dir := t.TempDir()
	address := "127.0.0.1:" + apps.FreePort(t)
	text := "admin: \"off\"\n" + apps.ObservedYAML + "service:\n  listen: " + address + "\n  sites:\n    - {key: shop-1, secret_file: shop.secret, hosts: [\"" + host + "\"]}\n"
	for name, text := range map[string]string{"palisade.yaml": text, "shop.secret": serviceSecret + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	palisade(t, dir, "http://"+address+"/v1/openapi.json", "serve", "-config", "palisade.yaml")
	return "http://" + address
}

// known are true findings, and the reasons why they stay.
var known = map[string]string{
	"the package in Django, G01": "Django's own sign-up form says which name is taken while it checks the fields, and the package asks only for forms whose fields are right, so that nobody solves a captcha for a typing mistake",
}

// The products of this project must pass its own audit, with no finding and no undecided
// rule that could be decided.
func TestOwnFormsPass(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]func(*testing.T) []string{
		"the demo's sign-up":  func(t *testing.T) []string { return demo(t, "/signup", "/effects#signup") },
		"the demo's comments": func(t *testing.T) []string { return demo(t, "/comments", "/effects#comments") },
		"the gateway before Django": func(t *testing.T) []string {
			return guarded(t, apps.Django(t, "gunicorn"), "/signup/", "/effects#users")
		},
		"the gateway before Flask": func(t *testing.T) []string {
			return guarded(t, apps.Flask(t), "/contact", "/effects#messages")
		},
		"the package in Django": func(t *testing.T) []string {
			return packaged(t, "django-package", "shop.wsgi", "/signup/", "/effects#signup")
		},
		"the package in Flask": func(t *testing.T) []string {
			return packaged(t, "flask-package", "app:create_app()", "/subscribe", "/effects#subscribe")
		},
		"a site that asks the service": func(t *testing.T) []string {
			address := service(t, "127.0.0.1")
			path, err := filepath.Abs(filepath.Join(root, "flask", "ok.py"))
			if err != nil {
				t.Fatal(err)
			}
			app := apps.Zoo(t, path, address+"/turnstile/v0/siteverify", "SITE_KEY=shop-1", "SECRET_KEY="+serviceSecret)
			return []string{app.URL + "/signup", "-effect", "/effects#signups", "-token", "service:" + address}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := audited(t, form(t)...)
			for _, f := range r.Findings {
				if known[name+", "+f.ID] != "" && f.Status == engine.Fail {
					t.Logf("known %s: %s (%s)", f.ID, f.Says, known[name+", "+f.ID])
				} else if f.Status == engine.Inconclusive || f.Status == engine.Fail && f.Severity > engine.Note {
					t.Errorf("%s %s: %s: %s\n%s", f.ID, f.Status, f.Title, f.Says, evidence(f))
				} else if f.Status == engine.Fail {
					t.Logf("remark %s: %s", f.ID, f.Says)
				}
			}
			t.Logf("%s: %d passed, %d left out, %d requests of %d, %.0f s", r.Form, r.Count(engine.Pass), r.Count(engine.LeftOut), r.Requests, r.Bound, r.Took)
		})
	}
}

// The test sets the minimal time of our own forms; otherwise the audit would measure it.
const fill = "3s"

func demo(t *testing.T, path, effect string) []string {
	t.Helper()
	address := "127.0.0.1:" + apps.FreePort(t)
	palisade(t, t.TempDir(), "http://"+address+"/effects", "demo", "-listen", address)
	return []string{"http://" + address + path, "-effect", effect, "-form", path, "-min-fill", fill}
}

func guarded(t *testing.T, app *apps.App, path, effect string) []string {
	t.Helper()
	return []string{gateway(t, app, "POST "+path) + path, "-effect", app.URL + effect, "-upstream", app.URL, "-min-fill", fill}
}

func packaged(t *testing.T, example, app, path, effect string) []string {
	t.Helper()
	port := apps.FreePort(t)
	address := service(t, "127.0.0.1:"+port)
	a := apps.Packaged(t, example, app, port, "PALISADE_URL="+address, "PALISADE_SECRET="+serviceSecret, "DJANGO_DEBUG=0", "DJANGO_ALLOWED_HOSTS=127.0.0.1")
	return []string{a.URL + path, "-effect", effect, "-min-fill", fill}
}

// palisade audit -self finds every route that a running gateway guards, of each site.
func TestARunningGatewayAuditsItself(t *testing.T) {
	t.Parallel()
	django, flask := apps.Django(t, "gunicorn"), apps.Flask(t)
	dir, address := t.TempDir(), "127.0.0.1:"+apps.FreePort(t)
	text := "listen: " + address + "\nadmin: \"off\"\n" + apps.ObservedYAML + "sites:\n" +
		"  - {host: django.localhost, upstream: " + django.URL + ", forms: [{route: POST /signup/}, {route: POST /comment/, mode: monitor}]}\n" +
		"  - {host: flask.example, upstream: " + flask.URL + ", forms: [{route: POST /contact}]}\n"
	if err := os.WriteFile(filepath.Join(dir, "palisade.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	palisade(t, dir, "http://"+address+"/.palisade/palisade.js", "serve", "-config", "palisade.yaml")
	file, err := apps.Palisade()
	if err != nil {
		t.Fatal(err)
	}
	audits := exec.Command(file, "audit", "-self", "-effect", "/effects", "-only", "A01,A07,H02,J01", "-min-fill", "3s", "-json", "report.json")
	audits.Dir = dir
	// The test reads the file, because the output also has the progress of three audits.
	out, err := audits.CombinedOutput()
	written, unread := os.Open(filepath.Join(dir, "report.json"))
	if unread != nil {
		t.Fatalf("%v, %v\n%s", err, unread, out)
	}
	defer written.Close()
	reports, unread := report.Read(written)
	if unread != nil {
		t.Fatal(unread)
	}
	found := make(map[string][]string) // failed rules by form
	for _, r := range reports {
		form := r.Form + " at " + r.Target
		found[form] = []string{}
		for _, f := range r.Findings {
			if f.Status == engine.Fail {
				found[form] = append(found[form], f.ID)
			}
		}
	}
	// The comment form is only monitored, so it is open.
	want := map[string][]string{
		"POST /signup/ at http://django.localhost/signup/":   {},
		"POST /comment/ at http://django.localhost/comment/": {"A01", "H02"},
		"POST /contact at http://flask.example/contact":      {},
	}
	if status := audits.ProcessState.ExitCode(); status != 7 || !maps.EqualFunc(found, want, slices.Equal) {
		t.Errorf("%v, status %d, found %v, want %v\n%s", err, status, found, want, out)
	}
}
